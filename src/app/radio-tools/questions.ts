import { KissDeframer, type KissFrame, kissBytes } from "../../../hw/kiss/framing.ts";
import { HARDWARE, hardware, KISS, ANSWER as MESHCORE_ANSWER } from "../../../hw/meshcore-kiss/commands.ts";
import { COMMAND, DETECT_ANSWER, DETECT_REQUEST } from "../../../hw/rnode/commands.ts";
import type { Millis } from "../../base/time.ts";
import type { RadioKindName } from "../config/module-settings.ts";

/** A question that changes nothing on the device that understands it. */
export interface ProbeQuestion {
    readonly kinds: readonly RadioKindName[];
    /** For people. */
    readonly name: string;
    readonly baudRate: number;
    readonly bytes: Uint8Array;
    readonly withinMs: Millis;
    readonly tries: number;
    /** What the answer says, for people, and which kind it is; undefined for anything else. */
    meaningOf(heard: Uint8Array): ProbeAnswer | undefined;
}

export interface ProbeAnswer {
    readonly kind: RadioKindName;
    readonly text: string;
}

const KISS_FRAME_BYTES_MAX = 512;
const AT_MS = 600;
const KISS_MS = 800;
const BOARD_TRIES = 3;

/** In the order in which they are asked: boards that start when their port is opened come later, and few speeds. */
export const PROBE_QUESTIONS: readonly ProbeQuestion[] = [
    at(["rylr998", "rylr896"], 115_200, "AT+VER?", /\+VER=(.{1,60}?)\r\n/, (version) =>
        /RYLR?(?:89|40)\d/.test(version) ? "rylr896" : "rylr998",
    ),
    at(["rak3172"], 115_200, "AT+VER=?", /((?:RUI|RAK)[^\r\n]{1,60})\r\n/, () => "rak3172"),
    kiss(
        "rnode",
        "are you an RNode",
        { command: COMMAND.detect, data: Uint8Array.of(DETECT_REQUEST) },
        ({ command, data }) => (command === COMMAND.detect && data[0] === DETECT_ANSWER ? "RNode firmware" : undefined),
    ),
    kiss("meshcore-kiss", "are you a MeshCore KISS modem", hardware(HARDWARE.ping), ({ command, data }) =>
        command === KISS.hardware && data[0] === (HARDWARE.ping | MESHCORE_ANSWER)
            ? "MeshCore KISS modem firmware"
            : undefined,
    ),
    at(["rak3172"], 9_600, "AT+VER=?", /((?:RUI|RAK|V?\d+\.\d)[^\r\n]{0,60})\r\n[\s\S]*OK/, () => "rak3172"),
    at(["lora-e5"], 9_600, "AT+VER", /\+VER: ?([^\r\n]{1,60})\r\n/, () => "lora-e5"),
    at(["lora-e5"], 115_200, "AT+VER", /\+VER: ?([^\r\n]{1,60})\r\n/, () => "lora-e5"),
];

/** The line end first, so that what an earlier question left behind is over. */
function at(
    kinds: readonly RadioKindName[],
    baudRate: number,
    command: string,
    pattern: RegExp,
    kindOf: (version: string) => RadioKindName,
): ProbeQuestion {
    return {
        kinds,
        name: `${command} at ${baudRate} baud`,
        baudRate,
        bytes: Uint8Array.from(`${command}\r\n`, (letter) => letter.charCodeAt(0)),
        withinMs: AT_MS,
        tries: 2,
        meaningOf(heard) {
            const version = pattern.exec(String.fromCharCode(...heard))?.[1];
            return version === undefined ? undefined : { kind: kindOf(version), text: `version ${version}` };
        },
    };
}

function kiss(
    kind: RadioKindName,
    name: string,
    frame: KissFrame,
    textOf: (answer: KissFrame) => string | undefined,
): ProbeQuestion {
    return {
        kinds: [kind],
        name,
        baudRate: 115_200,
        bytes: kissBytes(frame),
        withinMs: KISS_MS,
        tries: BOARD_TRIES,
        meaningOf(heard) {
            for (const said of new KissDeframer(KISS_FRAME_BYTES_MAX).push(heard)) {
                const text = said.kind === "frame" ? textOf(said.frame) : undefined;
                if (text !== undefined) return { kind, text };
            }
            return undefined;
        },
    };
}
