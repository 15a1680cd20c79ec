#!/usr/bin/env bash
# python-env.sh PACKAGE==VERSION...  Prints the path of a Python that has these packages, from a virtual environment in
# the cache folder that is made when it is first asked for. Exit 1 with the reason on stderr when it cannot be had.
set -euo pipefail

PIP_TRIES_MAX=3
PIP_PAUSE_S=5
# One try; whoever asked may be gone long before.
PIP_SECONDS_MAX=60

[[ $# -ge 1 ]] || {
    echo "usage: python-env.sh PACKAGE==VERSION..." >&2
    exit 2
}
command -v python3 >/dev/null || {
    echo "python3 is not installed (sudo apt-get install python3-venv)" >&2
    exit 1
}

# Another Python or other packages are another environment, and old ones never look new.
key=$({ python3 -c 'import sys; print(sys.version, sys.prefix)' && printf '%s\n' "$@"; } | sha256sum | cut -c1-16)
folder=${XDG_CACHE_HOME:-${HOME:?}/.cache}/hearth/python-$key
if [[ -x $folder/bin/python3 && -f $folder/ready ]]; then
    printf '%s\n' "$folder/bin/python3"
    exit 0
fi

mkdir -p "$(dirname "$folder")"
exec 9>"$folder.lock"
if command -v flock >/dev/null; then flock 9; fi
if [[ ! -f $folder/ready ]]; then
    rm -rf "$folder"
    python3 -m venv "$folder" >&2 9>&- || {
        echo "python3 cannot make a virtual environment (sudo apt-get install python3-venv)" >&2
        exit 1
    }
    for ((try = 1; ; try++)); do
        if timeout "$PIP_SECONDS_MAX" "$folder/bin/python3" -m pip install --quiet --disable-pip-version-check "$@" </dev/null >&2 9>&-; then break; fi
        ((try < PIP_TRIES_MAX)) || {
            echo "pip could not install $* (is there a network?)" >&2
            exit 1
        }
        sleep "$PIP_PAUSE_S"
    done
    # Written last, so a half-finished environment never looks ready.
    touch "$folder/ready"
fi
printf '%s\n' "$folder/bin/python3"
