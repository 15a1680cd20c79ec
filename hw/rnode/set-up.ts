import { err, ok, type Result } from "../../src/base/result.ts";
import type { Millis } from "../../src/base/time.ts";
import type { KissExchange } from "../kiss/exchange.ts";
import type { KissFrame } from "../kiss/framing.ts";
import type { ModemError } from "../modem.ts";
import {
    ASK_BYTE,
    COMMAND,
    DETECT_ANSWER,
    DETECT_REQUEST,
    numberOf,
    RESET_BYTE,
    type RnodeSettings,
    uint16Bytes,
    uint32Bytes,
} from "./commands.ts";
import { MEMORY_LOW, meaningOf } from "./errors.ts";

/** Answers come within milliseconds; this is longer than a board takes to start again and to say so. */
export const COMMAND_MS = 2_000;
const RESET_MS = 4_000;
/** A board that starts slowly misses the first questions. */
const DETECT_TRIES = 4;
/** The radio chip is calibrated when it starts. */
const RADIO_ON_MS = 3_000;
/** The oldest firmware with the answers that are used here. */
const VERSION_MIN = [1, 52] as const;
/** The chip sets frequencies in steps, and old firmware tells the step. */
const FREQUENCY_TOLERANCE_HZ = 100;

const PLATFORMS: Readonly<Record<number, string>> = { 96: "Linux", 112: "nRF52", 128: "ESP32", 144: "AVR" };

/** A setting with what is written, what asks for it, and what must come back. */
interface Setting {
    readonly name: string;
    readonly unit: string;
    readonly command: number;
    readonly wanted: number;
    readonly set: Uint8Array;
    readonly ask: Uint8Array;
    readonly tolerance: number;
}

/** Finds an RNode, sets it up with its radio off, switches that on, and reads everything back. */
export async function setUpRnode(
    line: KissExchange,
    settings: RnodeSettings,
    afterFault: boolean,
): Promise<Result<string, ModemError>> {
    if (afterFault) await reset(line);
    const found = await detect(line);
    if (!found.ok) return found;
    const prepared = await prepare(line, settings);
    if (!prepared.ok) return prepared;
    const wanted = settingsOf(settings);
    for (const { name, command, set } of wanted) {
        const echo = await askValue(line, `set the ${name}`, { command, data: set });
        if (!echo.ok) return echo;
    }
    const on = await switchOn(line);
    if (!on.ok) return on;
    const problem = await compare(line, wanted);
    if (!problem) return ok(found.value);
    // Nothing may leave a radio that is not what it was told to be.
    line.say({ command: COMMAND.radioState, data: Uint8Array.of(0) });
    return err(problem);
}

/** Asks for the answer with the same command; an error frame refuses it. */
export function askFrame(
    line: KissExchange,
    name: string,
    frame: KissFrame,
    withinMs: Millis = COMMAND_MS,
): Promise<Result<Uint8Array, ModemError>> {
    return line.ask({
        name,
        frames: [frame],
        answerOf: (said) => (said.command === frame.command ? ok(said.data) : errorAnswer(name, said)),
        withinMs,
    });
}

export function errorAnswer(name: string, { command, data }: KissFrame): Result<never, ModemError> | undefined {
    const code = data[0] ?? 0;
    // Speaks of a received packet that was lost, not of the question.
    if (command !== COMMAND.error || code === MEMORY_LOW) return undefined;
    return err({ kind: "refused", detail: `${name}: ${meaningOf(code)}` });
}

/** One by one compared in the order in which they matter. */
async function compare(line: KissExchange, wanted: readonly Setting[]): Promise<ModemError | undefined> {
    for (const { name, unit, command, ask, wanted: value, tolerance } of wanted) {
        const found = await askValue(line, `ask for the ${name}`, { command, data: ask });
        if (!found.ok) return found.error;
        if (Math.abs(found.value - value) > tolerance) {
            return {
                kind: "mismatch",
                detail: `the ${name} was set to ${value}${unit}, but the module says ${found.value}${unit}`,
            };
        }
    }
    const state = await askValue(line, "ask for the state of the radio", stateFrame(ASK_BYTE));
    if (!state.ok) return state.error;
    return state.value === 1
        ? undefined
        : { kind: "mismatch", detail: "the radio was switched on, but says it is off" };
}

function settingsOf({ params }: RnodeSettings): readonly Setting[] {
    const { frequencyHz, bandwidthHz, powerDbm, spreadingFactor, codingRate } = params;
    const one = Uint8Array.of(ASK_BYTE);
    const four = uint32Bytes(0);
    const setting = (name: string, unit: string, command: number, wanted: number): Setting => {
        const isLong = command === COMMAND.frequency || command === COMMAND.bandwidth;
        const set = isLong ? uint32Bytes(wanted) : Uint8Array.of(wanted);
        const tolerance = command === COMMAND.frequency ? FREQUENCY_TOLERANCE_HZ : 0;
        return { name, unit, command, wanted, set, ask: isLong ? four : one, tolerance };
    };
    return [
        setting("frequency", " Hz", COMMAND.frequency, frequencyHz),
        setting("bandwidth", " Hz", COMMAND.bandwidth, bandwidthHz),
        setting("power", " dBm", COMMAND.power, powerDbm),
        setting("spreading factor", "", COMMAND.spreading, spreadingFactor),
        setting("coding rate's denominator", "", COMMAND.codingRate, codingRate + 4),
    ];
}

/** Boards without a word on their start are ready after the same time. */
async function reset(line: KissExchange): Promise<void> {
    await line.ask({
        name: "start again",
        frames: [{ command: COMMAND.reset, data: Uint8Array.of(RESET_BYTE) }],
        answerOf: ({ command }) => (command === COMMAND.reset ? ok(undefined) : undefined),
        withinMs: RESET_MS,
    });
}

async function detect(line: KissExchange): Promise<Result<string, ModemError>> {
    const name = "are you an RNode";
    let answer = await askFrame(line, name, { command: COMMAND.detect, data: Uint8Array.of(DETECT_REQUEST) });
    for (let tries = 1; tries < DETECT_TRIES && !answer.ok && answer.error.kind === "silent"; tries++)
        answer = await askFrame(line, name, { command: COMMAND.detect, data: Uint8Array.of(DETECT_REQUEST) });
    if (!answer.ok) return answer;
    if (answer.value[0] !== DETECT_ANSWER) return err({ kind: "mismatch", detail: "the module is no RNode" });
    const version = await askFrame(line, "firmware version", { command: COMMAND.version, data: Uint8Array.of(0) });
    if (!version.ok) return version;
    const [major = 0, minor = 0] = version.value;
    if (major < VERSION_MIN[0] || (major === VERSION_MIN[0] && minor < VERSION_MIN[1])) {
        const detail = `its firmware ${major}.${minor} is older than ${VERSION_MIN.join(".")}: update it with rnodeconf`;
        return err({ kind: "refused", detail });
    }
    const platform = await askValue(line, "platform", { command: COMMAND.platform, data: Uint8Array.of(0) });
    if (!platform.ok) return platform;
    const mcu = await askValue(line, "processor", { command: COMMAND.mcu, data: Uint8Array.of(0) });
    if (!mcu.ok) return mcu;
    const kind = PLATFORMS[platform.value] ?? `platform ${platform.value}`;
    return ok(`RNode firmware ${major}.${minor} on ${kind}, processor ${mcu.value.toString(16)}`);
}

/** What other programs may have left behind must not be in the way. */
async function prepare(line: KissExchange, { airtimeLock = {} }: RnodeSettings): Promise<Result<unknown, ModemError>> {
    const off = await askFrame(line, "switch the radio off", stateFrame(0));
    if (!off.ok) return off;
    for (const command of [COMMAND.promiscuous, COMMAND.implicit]) {
        const plain = await askValue(line, "leave special modes", { command, data: Uint8Array.of(0) });
        if (!plain.ok) return plain;
        if (plain.value !== 0) return err({ kind: "mismatch", detail: "the module stays in a special mode" });
    }
    const short = await lock(line, "short airtime lock", COMMAND.shortLock, airtimeLock.shortPercent);
    return short.ok ? lock(line, "long airtime lock", COMMAND.longLock, airtimeLock.longPercent) : short;
}

/** Old firmware has no locks and keeps still; that is as good as none. */
async function lock(
    line: KissExchange,
    name: string,
    command: number,
    percent = 0,
): Promise<Result<unknown, ModemError>> {
    const wanted = Math.round(percent * 100);
    const echo = await askValue(line, `set the ${name}`, { command, data: uint16Bytes(wanted) });
    if (!echo.ok) return wanted === 0 && echo.error.kind === "silent" ? ok(undefined) : echo;
    // The firmware keeps a fraction and cuts it off.
    if (Math.abs(echo.value - wanted) <= 1) return ok(undefined);
    const detail = `the ${name} was set to ${wanted / 100} %, but the module says ${echo.value / 100} %`;
    return err({ kind: "mismatch", detail });
}

async function switchOn(line: KissExchange): Promise<Result<unknown, ModemError>> {
    const on = await askFrame(line, "switch the radio on", stateFrame(1), RADIO_ON_MS);
    if (!on.ok || on.value[0] === 1) return on;
    const detail = "its radio stays off: was the board set up with rnodeconf, and does it have a radio chip?";
    return err({ kind: "refused", detail });
}

export function stateFrame(value: number): KissFrame {
    return { command: COMMAND.radioState, data: Uint8Array.of(value) };
}

async function askValue(line: KissExchange, name: string, frame: KissFrame): Promise<Result<number, ModemError>> {
    const answer = await askFrame(line, name, frame);
    return answer.ok ? ok(numberOf(answer.value)) : answer;
}
