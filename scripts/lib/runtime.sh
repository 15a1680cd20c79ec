# shellcheck shell=bash
# Dependencies and the pinned Node runtime, both by npm from the lockfile. Sourced by house.sh.

# The oldest Node whose npm is known to carry out the set-up; the program itself runs with the pinned runtime.
SYSTEM_NODE_MAJOR_MIN=18
# What the program needs where no pinned runtime exists.
OTHER_NODE_MIN=22.12.0
NPM_TRIES_MAX=3
NPM_PAUSES_S=(5 20)

RUNTIME_STAMP=$HOUSE/node_modules/.hearth-ready

# Makes dependencies and runtime ready and puts them into PATH. Costs no network and a fraction of a second when done.
house_runtime() {
    local arch
    arch=$(runtime_arch)
    runtime_is_ready "$arch" || house_locked runtime_install "$arch" || exit 1
    if [[ $arch != other ]]; then PATH=$HOUSE/node_modules/node-linux-$arch/bin:$PATH; fi
    export PATH=$HOUSE/node_modules/.bin:$PATH
}

runtime_arch() {
    case "$(uname -s) $(uname -m)" in
        "Linux x86_64") [[ $(getconf LONG_BIT) == 64 ]] && echo x64 || echo other ;;
        "Linux aarch64") [[ $(getconf LONG_BIT) == 64 ]] && echo arm64 || echo other ;;
        *) echo other ;;
    esac
}

runtime_key() {
    (cd "$HOUSE" && { uname -m; sha256sum package.json package-lock.json .npmrc; } | sha256sum | cut -c1-64)
}

# The stamp is written last and lies where npm deletes it first, so a half-finished install never looks ready.
runtime_is_ready() {
    [[ -f $RUNTIME_STAMP && $(<"$RUNTIME_STAMP") == "$(runtime_key)" ]] && runtime_runs "$1" 2>/dev/null
}

runtime_version() { sed -nE "s/.*\"node-linux-$1\": \"([^\"]+)\".*/\1/p" "$HOUSE/package.json"; }

runtime_runs() {
    if [[ $1 == other ]]; then
        runtime_other
        return
    fi
    local wanted found
    wanted=v$(runtime_version "$1")
    found=$("$HOUSE/node_modules/node-linux-$1/bin/node" --version) || {
        house_say "hearth: the runtime from npm does not start on this system (it needs glibc 2.28 or newer)"
        return 1
    }
    [[ $found == "$wanted" ]] || {
        house_say "hearth: the runtime is $found, package.json pins $wanted"
        return 1
    }
}

# Machines that npm has no runtime for: the system's Node serves if it is new enough.
runtime_other() {
    local found
    found=$(node --version 2>/dev/null || echo none)
    if [[ $found != none && $(printf '%s\n' "$OTHER_NODE_MIN" "${found#v}" | sort -V | head -n 1) == "$OTHER_NODE_MIN" ]]; then
        return 0
    fi
    house_say "hearth: there is no pinned Node runtime for $(uname -s) $(uname -m); 64-bit Linux on x86 or ARM has one."
    house_say "        (A Raspberry Pi needs the 64-bit system.) Or install Node $OTHER_NODE_MIN or newer; found: $found."
    return 1
}

runtime_install() {
    local arch=$1
    # Somebody else may have finished it while we waited for the lock.
    if runtime_is_ready "$arch"; then return 0; fi
    if [[ $arch == other ]]; then
        runtime_other || return 1
        house_say "warning: using the system's Node $(node --version) instead of the pinned one"
    fi
    runtime_system_node || return 1
    rm -f "$RUNTIME_STAMP"
    runtime_npm_ci || return 1
    runtime_runs "$arch" || return 1
    runtime_key >"$RUNTIME_STAMP.new" && mv "$RUNTIME_STAMP.new" "$RUNTIME_STAMP"
}

# npm fetches the rest, so any Node that runs an npm will do.
runtime_system_node() {
    local missing=() major
    command -v node >/dev/null || missing+=(nodejs)
    command -v npm >/dev/null || missing+=(npm)
    if ((${#missing[@]} > 0)); then
        "$HOUSE/scripts/lib/apt.sh" ensure "${missing[@]}" || {
            house_say "hearth: Node and npm are needed for the set-up. Install Node 20 or newer with npm, e.g.: sudo apt-get install nodejs npm"
            return 1
        }
        hash -r
    fi
    major=$(node -p 'process.versions.node.split(".")[0]')
    if ((major < SYSTEM_NODE_MAJOR_MIN)); then
        house_say "hearth: this system's Node is $(node --version); the set-up needs $SYSTEM_NODE_MAJOR_MIN or newer (20 is better). Install a newer one."
        return 1
    fi
}

runtime_npm_ci() {
    local try log
    log=$(mktemp)
    for ((try = 1; try <= NPM_TRIES_MAX; try++)); do
        if house_step "[dependencies] npm ci" runtime_npm_logged "$log"; then
            rm -f "$log"
            return 0
        fi
        if ((try == NPM_TRIES_MAX)) || ! runtime_was_network "$log"; then break; fi
        house_say "the network failed; try $((try + 1)) of $NPM_TRIES_MAX in ${NPM_PAUSES_S[try - 1]} s"
        sleep "${NPM_PAUSES_S[try - 1]}"
    done
    if runtime_was_network "$log"; then
        house_say "hearth: the package registry cannot be reached. Set-up needs the network once; afterwards everything works offline."
    else
        house_say "hearth: npm ci failed, see above."
    fi
    rm -f "$log"
    return 1
}

# Development packages and the optional ones (the runtime is one) are needed whatever this machine's npm settings say.
runtime_npm_logged() {
    (cd "$HOUSE" && npm ci --include=dev --include=optional --ignore-scripts --no-audit --no-fund --loglevel=error) 2>&1 | tee "$1"
}

runtime_was_network() {
    grep -qE 'ETIMEDOUT|ECONN|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|EPIPE|ERR_SOCKET|socket|network|EINTEGRITY|E5[0-9][0-9]|E429|50[0-9] ' "$1"
}
