import type { LoraParams } from "../modem.ts";
import { DATA_BYTES_MAX } from "./dialogue.ts";

/** Bytes that the module adds to each packet on the air. */
export const AIR_OVERHEAD_BYTES = 8;

/** The destination that every module of the network takes. */
const EVERYBODY = 0;

const BANDWIDTH_CODES: Readonly<Record<number, number>> = { 125000: 7, 250000: 8, 500000: 9 };
const SPREADING_MAX: Readonly<Record<number, number>> = { 125000: 9, 250000: 10, 500000: 11 };

/** What a module is set to. */
export interface Rylr998Settings {
    readonly params: LoraParams;
    /** 1..65535: the module's own address. */
    readonly address: number;
    /** 3..15 or 18. */
    readonly networkId: number;
}

/** Everything that this module cannot do of what it is asked; empty when it can. */
export function settingProblems({ params, address, networkId }: Rylr998Settings): readonly string[] {
    const { spreadingFactor, bandwidthHz, codingRate, preambleSymbols, powerDbm, frequencyHz } = params;
    const problems: string[] = [];
    const need = (holds: boolean, text: string): void => {
        if (!holds) problems.push(text);
    };
    const spreadingMax = SPREADING_MAX[bandwidthHz];
    need(spreadingMax !== undefined, "the bandwidth must be 125, 250 or 500 kHz");
    need(
        Number.isInteger(spreadingFactor) && spreadingFactor >= 7 && spreadingFactor <= (spreadingMax ?? 11),
        `at this bandwidth the spreading factor must be 7 to ${spreadingMax ?? 11}`,
    );
    need(Number.isInteger(codingRate) && codingRate >= 1 && codingRate <= 4, "the coding rate must be 1 to 4");
    need(isNetwork(networkId), "the network id must be 3 to 15, or 18");
    need(
        Number.isInteger(preambleSymbols) && preambleSymbols >= 4 && preambleSymbols <= 24,
        "the preamble must be 4 to 24",
    );
    need(networkId === 18 || preambleSymbols === 12, "a preamble other than 12 needs network 18");
    need(Number.isInteger(powerDbm) && powerDbm >= 0 && powerDbm <= 22, "the power must be 0 to 22 dBm");
    need(Number.isInteger(address) && address >= 1 && address <= 65_535, "the address must be 1 to 65535");
    need(Number.isInteger(frequencyHz) && frequencyHz > 0, "the frequency must be in whole Hz");
    return problems;
}

export function isNetwork(id: number): boolean {
    return Number.isInteger(id) && ((id >= 3 && id <= 15) || id === 18);
}

/** Name and value of everything that is set and then read back. */
export function settingLines({ params, address, networkId }: Rylr998Settings): readonly (readonly [string, string])[] {
    const { spreadingFactor, bandwidthHz, codingRate, preambleSymbols, powerDbm, frequencyHz } = params;
    const bandwidth = BANDWIDTH_CODES[bandwidthHz];
    return [
        ["MODE", "0"],
        ["ADDRESS", String(address)],
        ["NETWORKID", String(networkId)],
        ["BAND", String(frequencyHz)],
        ["PARAMETER", `${spreadingFactor},${bandwidth},${codingRate},${preambleSymbols}`],
        ["CRFOP", String(powerDbm)],
    ];
}

export function bandwidthOfCode(code: number): number | undefined {
    const found = Object.entries(BANDWIDTH_CODES).find(([, each]) => each === code);
    return found && Number(found[0]);
}

/** The whole command with its line end, as bytes. */
export function commandBytes(text: string): Uint8Array {
    return Uint8Array.from(`${text}\r\n`, (letter) => letter.charCodeAt(0));
}

/** The module takes at most 240 bytes of data. */
export function sendBytes(data: Uint8Array): Uint8Array {
    if (data.length > DATA_BYTES_MAX) throw new RangeError(`more than ${DATA_BYTES_MAX} bytes of data`);
    const head = Uint8Array.from(`AT+SEND=${EVERYBODY},${data.length},`, (letter) => letter.charCodeAt(0));
    const line = new Uint8Array(head.length + data.length + 2);
    line.set(head);
    line.set(data, head.length);
    line.set([0x0d, 0x0a], head.length + data.length);
    return line;
}
