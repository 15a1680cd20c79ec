import {
    chmodSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const TOOLS = ["gpiodetect", "gpioinfo", "gpioget", "gpioset", "gpiomon"];

/**
 * One shell script under five names that talks like libgpiod's tools: what they print, refuse and hold. `line-N.holder`
 * is who holds line N, `line-N` its level, `edges-N` a pipe of edges.
 */
const SCRIPT = String.raw`#!/bin/sh
cd "$FAKE_GPIO" || exit 9
tool=$(basename "$0"); version=$(cat version); chip=""; consumer=$tool; mode=exit; format=""; rest=""
fail() { echo "$tool: $*" >&2; exit 1; }
if [ "$1" = --version ]; then
    [ "$version" = 1 ] && echo "$tool (libgpiod) v1.6.3" || echo "$tool (libgpiod) v2.2.1"; exit 0
fi
[ -e forbidden ] && fail "unable to open /dev/gpiochip0: Permission denied"
while [ $# -gt 0 ]; do
    case "$version$1" in
        1--mode=*) mode=${"$"}{1#--mode=} ;;
        1--line-buffered) ;;
        1--format=*) format=${"$"}{1#--format=} ;;
        2--chip) chip=$2; shift ;;
        2--consumer) consumer=$2; shift ;;
        2--edges) shift ;;
        2--format) format=$2; shift ;;
        2--numeric) numeric=1 ;;
        ?-*) fail "unrecognized option '$1'" ;;
        *) rest="$rest $1" ;;
    esac
    shift
done
set -- $rest
if [ "$version" = 1 ] && [ "$tool" != gpiodetect ]; then chip=$1; shift; fi
known() { [ "$chip" = gpiochip4 ] || fail "cannot find GPIO chip character device '$chip'"; }
take() {
    [ -e "line-$1.holder" ] && fail "$2: Device or resource busy"
    [ "$1" -lt 54 ] || fail "$2: Invalid argument"
    trap 'rm -f "line-'$1'.holder"; exit 0' TERM INT
    [ -p "edges-$1" ] || mkfifo "edges-$1"
    exec 4<>"edges-$1"
    if [ -n "$3" ]; then echo "$3" > "line-$1"; echo "$1=$3" >> log; fi
    echo "$consumer" > "line-$1.holder"
}
case $tool in
    gpiodetect) printf 'gpiochip0 [gpio-brcmstb@107d508500] (32 lines)\ngpiochip4 [pinctrl-rp1] (54 lines)\n' ;;
    gpioinfo)
        known
        echo "$chip - 54 lines:"
        for line in 4 17 22 27; do
            holder=$(cat line-$line.holder 2>/dev/null)
            if [ "$version" = 1 ]; then
                if [ -n "$holder" ]; then printf '\tline %3d: "GPIO%d" "%s" output active-high [used]\n' $line $line "$holder"
                else printf '\tline %3d: "GPIO%d" unused input active-high\n' $line $line; fi
            elif [ -n "$holder" ]; then printf '\tline %3d:\t"GPIO%d"\toutput consumer="%s"\n' $line $line "$holder"
            else printf '\tline %3d:\t"GPIO%d"\tinput\n' $line $line; fi
        done ;;
    gpioget)
        known
        [ -e "line-$1.holder" ] && fail "error reading GPIO values: Device or resource busy"
        level=$(cat "line-$1" 2>/dev/null || echo 0)
        if [ "$version" = 2 ] && [ -z "$numeric" ]; then [ $level = 1 ] && echo "\"$1\"=active" || echo "\"$1\"=inactive"
        else echo "$level"; fi ;;
    gpioset)
        known
        line=${"$"}{1%=*}
        take "$line" "error setting the GPIO line values" "${"$"}{1#*=}"
        if [ "$version" = 1 ] && [ "$mode" != signal ]; then rm "line-$line.holder"; exit 0; fi
        read -r _ <&4 ;;
    gpiomon)
        known
        take "$1" "error waiting for events"
        while read -r edge <&4; do
            case "$format$edge" in
                %e1) echo 1 ;; %e0) echo 0 ;; %E1) echo rising ;; %E0) echo falling ;; *) fail "bad format $format" ;;
            esac
        done ;;
esac
`;

export interface FakeTools {
    /** Everything that gpioset was told, e.g. "22=1". */
    readonly log: () => readonly string[];
    readonly levelOf: (line: number) => string;
    readonly holderOf: (line: number) => string | undefined;
    readonly takeAway: (line: number, holder: string) => void;
    readonly setLevel: (line: number, level: 0 | 1) => void;
    readonly edge: (line: number, level: 0 | 1) => void;
    readonly forbid: () => void;
    readonly remove: () => void;
}

/** Puts the tools first on the path of this process until `remove`. */
export function fakeTools(version: 1 | 2): FakeTools {
    const folder = mkdtempSync(join(tmpdir(), "hearth-gpio-"));
    const bin = join(folder, "bin");
    mkdirSync(bin);
    const script = join(folder, "tool");
    writeFileSync(script, SCRIPT);
    chmodSync(script, 0o755);
    for (const tool of TOOLS) symlinkSync(script, join(bin, tool));
    const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    const get = (name: string): string | undefined =>
        existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8").trim() : undefined;
    put("version", `${version}`);
    const path = process.env["PATH"];
    process.env["PATH"] = `${bin}:${path}`;
    process.env["FAKE_GPIO"] = folder;
    return {
        log: () => get("log")?.split("\n") ?? [],
        levelOf: (line) => get(`line-${line}`) ?? "",
        holderOf: (line) => get(`line-${line}.holder`),
        takeAway: (line, holder) => put(`line-${line}.holder`, holder),
        setLevel: (line, level) => put(`line-${line}`, `${level}`),
        edge: (line, level) => put(`edges-${line}`, `${level}\n`),
        forbid: () => put("forbidden", ""),
        remove: () => {
            process.env["PATH"] = path;
            rmSync(folder, { recursive: true, force: true });
        },
    };
}
