# shellcheck shell=bash
# What every command in scripts/ starts with: find the checkout, make it ready, put the pinned runtime first in PATH.
# Sourced, never run. Everything it says goes to stderr, so that a command's own output stays clean.

set -euo pipefail

HOUSE=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd -P)
export HOUSE
# Where the program keeps its data unless somebody says otherwise.
export HEARTH_HOME=$HOUSE

house_say() { printf '%s\n' "$*" >&2; }

house_fail() {
    house_say "hearth: $*"
    exit 1
}

# Runs a command with its output in a log; shows the step's name, the seconds, and the log's end when it fails.
# house_step NAME COMMAND...
house_step() {
    local name=$1 log started=$SECONDS status=0 ticker=
    shift
    log=$(mktemp)
    if [[ -t 2 && -z ${CI:-} ]]; then
        (while sleep 1; do printf '\r%s … %d s ' "$name" $((SECONDS - started)) >&2; done) &
        ticker=$!
    fi
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if [[ -n $ticker ]]; then
        kill "$ticker" 2>/dev/null || true
        wait "$ticker" 2>/dev/null || true
        printf '\r' >&2
    fi
    if ((status == 0)); then
        house_say "$name … $((SECONDS - started)) s "
    else
        house_say "$name … failed after $((SECONDS - started)) s:"
        tail -n 30 "$log" | house_without_hosts >&2
    fi
    rm -f "$log"
    return "$status"
}

# Where packages come from is this machine's business and has no place in a log that people share.
house_without_hosts() { sed -E 's#[a-z+]+://[^ /"'"'"']+#(registry)#g; s#(getaddrinfo [A-Z_]+|connect [A-Z_]+) [^ ]+#\1 (registry)#g'; }

# One set-up at a time per checkout. The lock is on the folder itself, so nothing has to be cleaned away, and it ends
# with the subshell, so the gateway that is started afterwards does not hold it.
house_locked() {
    (
        if command -v flock >/dev/null; then
            flock --nonblock 9 || {
                house_say "another set-up is running in this checkout: waiting for it"
                flock 9
            }
        fi
        "$@" 9<&-
    ) 9<"$HOUSE/scripts"
}

# shellcheck source=scripts/lib/runtime.sh
source "$HOUSE/scripts/lib/runtime.sh"
# shellcheck source=scripts/lib/build.sh
source "$HOUSE/scripts/lib/build.sh"
