#!/usr/bin/env bash
# apt.sh ensure PACKAGE...  Exit 0 when all are installed (now or before), 1 when they cannot be had here.
set -euo pipefail

APT_TRIES_MAX=3
APT_PAUSE_S=10

[[ ${1:-} == ensure && $# -ge 2 ]] || {
    echo "usage: apt.sh ensure PACKAGE..." >&2
    exit 2
}
shift

missing=()
for package in "$@"; do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
((${#missing[@]} > 0)) || exit 0

command -v apt-get >/dev/null || {
    echo "not installed, and this is no Debian-like system: ${missing[*]}" >&2
    exit 1
}
as_root=()
if [[ $(id -u) != 0 ]]; then
    as_root=(sudo -n)
    sudo -n true 2>/dev/null || {
        echo "not installed, and only root may install: ${missing[*]} (sudo apt-get install ${missing[*]})" >&2
        exit 1
    }
fi

for ((try = 1; try <= APT_TRIES_MAX; try++)); do
    echo "[apt] ${missing[*]} …" >&2
    if "${as_root[@]}" apt-get update -qq </dev/null >&2 &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >&2; then
        exit 0
    fi
    ((try == APT_TRIES_MAX)) || sleep "$APT_PAUSE_S"
done
echo "apt could not install: ${missing[*]}" >&2
exit 1
