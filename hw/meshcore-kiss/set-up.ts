import { err, ok, type Result } from "../../src/base/result.ts";
import type { KissExchange } from "../kiss/exchange.ts";
import type { KissFrame } from "../kiss/framing.ts";
import type { LoraParams, ModemError } from "../modem.ts";
import {
    ANSWER,
    ERRORS,
    HARDWARE,
    hardware,
    KISS,
    numberOf,
    PACKET_BYTES_MAX,
    preambleSymbolsFrom,
    radioBytes,
    radioOf,
    TX_BUSY,
} from "./commands.ts";

/** Answers come within milliseconds; a board that is starting needs longer. */
const COMMAND_MS = 1_000;
const PING_TRIES = 6;
const PREAMBLE_SYMBOLS_MIN = 6;
const PREAMBLE_SYMBOLS_MAX = 64;

/** What was found out about a modem that is set up. */
export interface Found {
    readonly version: number;
    readonly preambleSymbols: number;
}

/** Finds the modem, sets it, and reads back what it was told and what its radio makes of it. */
export async function setUpMeshcore(line: KissExchange, params: LoraParams): Promise<Result<Found, ModemError>> {
    const version = await find(line);
    if (!version.ok) return version;
    // It sends as soon as it receives nothing: whoever sends waits and throws dice, and a permit does not grow old here.
    line.say(kiss(KISS.fullDuplex, 0), kiss(KISS.txDelay, 0), kiss(KISS.persistence, 255));
    const radio = await askOk(line, "set the radio", hardware(HARDWARE.setRadio, radioBytes(params)));
    if (!radio.ok) return radio;
    const power = await askOk(line, "set the power", hardware(HARDWARE.setPower, Uint8Array.of(params.powerDbm)));
    if (!power.ok) return power;
    const reporting = hardware(HARDWARE.setSignalReport, Uint8Array.of(1));
    const report = await ask(line, "report signals", reporting, HARDWARE.getSignalReport | ANSWER);
    if (!report.ok) return report;
    if (report.value[0] !== 1) return err({ kind: "mismatch", detail: "the module does not report signals" });
    const problem = await compareMeshcore(line, params);
    if (!problem.ok) return problem;
    const preamble = await findPreamble(line, params);
    return preamble.ok ? ok({ version: version.value, preambleSymbols: preamble.value }) : preamble;
}

/** The modem says nothing when it starts again, but then it has forgotten its settings. */
export async function compareMeshcore(line: KissExchange, params: LoraParams): Promise<Result<void, ModemError>> {
    const answer = await ask(line, "ask for the radio's settings", hardware(HARDWARE.getRadio));
    if (!answer.ok) return answer;
    const found = radioOf(answer.value);
    if (!found) return err({ kind: "mismatch", detail: "the module tells its settings in an unknown form" });
    const power = await ask(line, "ask for the power", hardware(HARDWARE.getPower));
    if (!power.ok) return power;
    const rows: readonly (readonly [string, number, number | undefined])[] = [
        ["frequency in Hz", params.frequencyHz, found.frequencyHz],
        ["bandwidth in Hz", params.bandwidthHz, found.bandwidthHz],
        ["spreading factor", params.spreadingFactor, found.spreadingFactor],
        ["coding rate", params.codingRate, found.codingRate],
        ["power in dBm", params.powerDbm, power.value[0]],
    ];
    const wrong = rows.find(([, wanted, value]) => wanted !== value);
    if (!wrong) return ok(undefined);
    const [name, wanted, value] = wrong;
    return err({ kind: "mismatch", detail: `the ${name} was set to ${wanted}, but the module says ${value}` });
}

/** Asks for the answer to a hardware command; gives its data without the first byte. */
export function ask(
    line: KissExchange,
    name: string,
    frame: KissFrame,
    answer = (frame.data[0] ?? 0) | ANSWER,
): Promise<Result<Uint8Array, ModemError>> {
    return line.ask({
        name,
        frames: [frame],
        withinMs: COMMAND_MS,
        answerOf: ({ command, data }) => {
            if (command !== KISS.hardware) return undefined;
            return data[0] === answer ? ok(data.subarray(1)) : refusalIn(name, data);
        },
    });
}

/** The error that a hardware frame tells. */
export function refusalIn(name: string, data: Uint8Array): Result<never, ModemError> | undefined {
    if (data[0] !== HARDWARE.error) return undefined;
    const code = data[1] ?? 0;
    const detail = `${name}: error ${code}, ${ERRORS[code] ?? "unknown to this driver"}`;
    return err({ kind: code === TX_BUSY ? "busy" : "refused", detail });
}

async function find(line: KissExchange): Promise<Result<number, ModemError>> {
    const name = "are you a MeshCore KISS modem";
    let pong = await ask(line, name, hardware(HARDWARE.ping));
    for (let tries = 1; tries < PING_TRIES && !pong.ok && pong.error.kind === "silent"; tries++)
        pong = await ask(line, name, hardware(HARDWARE.ping));
    if (!pong.ok) return pong;
    const version = await ask(line, "firmware version", hardware(HARDWARE.getVersion));
    return version.ok ? ok(version.value[0] ?? 0) : version;
}

function askOk(line: KissExchange, name: string, frame: KissFrame): Promise<Result<unknown, ModemError>> {
    return ask(line, name, frame, HARDWARE.ok);
}

/** GetRadio tells what the modem was told; the airtime comes from the radio itself, so it shows what is in force. */
async function findPreamble(line: KissExchange, params: LoraParams): Promise<Result<number, ModemError>> {
    const size = PACKET_BYTES_MAX;
    const answer = await ask(line, "ask for an airtime", hardware(HARDWARE.getAirtime, Uint8Array.of(size)));
    if (!answer.ok) return answer;
    const airtimeMs = numberOf(answer.value);
    const symbols = preambleSymbolsFrom(params, size, airtimeMs);
    if (symbols >= PREAMBLE_SYMBOLS_MIN && symbols <= PREAMBLE_SYMBOLS_MAX) return ok(symbols);
    const detail = `the module says ${airtimeMs} ms for ${size} bytes, which is not the data rate that it was set to`;
    return err({ kind: "mismatch", detail });
}

function kiss(command: number, value: number): KissFrame {
    return { command, data: Uint8Array.of(value) };
}
