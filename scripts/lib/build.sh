# shellcheck shell=bash
# The bundle in dist/, made again when one of its sources changed. Sourced by house.sh.

BUILD_STAMP=$HOUSE/dist/.stamp

house_build() {
    build_is_fresh || house_locked build_once || exit 1
}

build_key() {
    (
        cd "$HOUSE" &&
            { find src hw profiles -type f -print0 && printf '%s\0' build.mjs size-budget.json package.json package-lock.json; } |
            LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-64
    )
}

build_is_fresh() {
    [[ -f $HOUSE/dist/hearth.mjs && -f $BUILD_STAMP && $(<"$BUILD_STAMP") == "$(build_key)" ]]
}

build_once() {
    if build_is_fresh; then return 0; fi
    house_step "[build] dist/hearth.mjs" build_now
}

build_now() {
    local key
    key=$(build_key)
    rm -f "$BUILD_STAMP"
    node "$HOUSE/build.mjs" && printf '%s\n' "$key" >"$BUILD_STAMP"
}
