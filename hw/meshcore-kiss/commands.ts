import { concatBytes } from "../../src/base/bytes.ts";
import type { Millis } from "../../src/base/time.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import type { KissFrame } from "../kiss/framing.ts";
import type { LoraParams } from "../modem.ts";

/** Commands of classic KISS. */
export const KISS = {
    data: 0x00,
    txDelay: 0x01,
    persistence: 0x02,
    slotTime: 0x03,
    txTail: 0x04,
    fullDuplex: 0x05,
    hardware: 0x06,
} as const;

/** First byte of the data of a hardware frame. Answers have the highest bit set. */
export const HARDWARE = {
    setRadio: 0x09,
    setPower: 0x0a,
    getRadio: 0x0b,
    getPower: 0x0c,
    getRssi: 0x0d,
    isBusy: 0x0e,
    getAirtime: 0x0f,
    getVersion: 0x11,
    ping: 0x17,
    setSignalReport: 0x19,
    getSignalReport: 0x1a,
    ok: 0xf0,
    error: 0xf1,
    sent: 0xf8,
    received: 0xf9,
} as const;

export const ANSWER = 0x80;

export const ERRORS: Readonly<Record<number, string>> = {
    1: "the command is too short",
    2: "a value is out of range",
    3: "it cannot do that",
    5: "it does not know the command",
    7: "it is still sending",
    8: "the board cannot do that",
};
export const TX_BUSY = 7;

/** The largest packet, in bytes; it goes on the air as it is. */
export const PACKET_BYTES_MAX = 255;

/** What a MeshCore KISS modem is set to. The firmware chooses the preamble by itself, so the one of `params` does not count. */
export interface MeshcoreKissSettings {
    readonly params: LoraParams;
}

/** Everything that this modem cannot do of what it is asked; empty when it can. It does not check by itself. */
export function meshcoreKissSettingProblems({ params }: MeshcoreKissSettings): readonly string[] {
    const { spreadingFactor, bandwidthHz, codingRate, powerDbm, frequencyHz } = params;
    const problems: string[] = [];
    const need = (value: number, min: number, max: number, text: string): void => {
        if (!Number.isInteger(value) || value < min || value > max) problems.push(text);
    };
    need(frequencyHz, 150_000_000, 960_000_000, "the frequency must be 150 to 960 MHz, in whole Hz");
    if (!BANDWIDTHS_HZ.includes(bandwidthHz))
        problems.push(`the bandwidth must be one of ${BANDWIDTHS_HZ.join(", ")} Hz`);
    need(spreadingFactor, 5, 12, "the spreading factor must be 5 to 12");
    need(codingRate, 1, 4, "the coding rate must be 1 to 4");
    need(powerDbm, 0, 22, "the power must be 0 to 22 dBm");
    return problems;
}

const BANDWIDTHS_HZ = [7_800, 10_400, 15_600, 20_800, 31_250, 41_700, 62_500, 125_000, 250_000, 500_000];

/** The preamble that current firmware chooses, in symbols. */
export function preambleSymbolsOf(spreadingFactor: number): number {
    return spreadingFactor <= 8 ? 32 : 16;
}

/**
 * The preamble that the modem really sends, worked out from the airtime that its radio tells for `size` bytes, in
 * symbols. Anything but a sensible number means that the radio is not set as it was told.
 */
export function preambleSymbolsFrom(params: LoraParams, size: number, airtimeMs: Millis): number {
    const symbolMs = (2 ** params.spreadingFactor * 1000) / params.bandwidthHz;
    // It tells whole milliseconds, cut off, so this is the longest preamble that fits what it tells.
    return Math.ceil((airtimeMs + 1 - loraAirtimeMs({ ...params, preambleSymbols: 0 }, size)) / symbolMs) - 1;
}

export function hardware(sub: number, ...data: readonly Uint8Array[]): KissFrame {
    return { command: KISS.hardware, data: concatBytes(Uint8Array.of(sub), ...data) };
}

/** Frequency, bandwidth, spreading factor and coding rate as SetRadio takes them and GetRadio tells them. */
export function radioBytes({ frequencyHz, bandwidthHz, spreadingFactor, codingRate }: LoraParams): Uint8Array {
    const bytes = new Uint8Array(10);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, frequencyHz, true);
    view.setUint32(4, bandwidthHz, true);
    bytes.set([spreadingFactor, codingRate + 4], 8);
    return bytes;
}

export interface RadioSettings {
    readonly frequencyHz: number;
    readonly bandwidthHz: number;
    readonly spreadingFactor: number;
    /** 1..4. */
    readonly codingRate: number;
}

/** Undefined for data of another length. */
export function radioOf(data: Uint8Array): RadioSettings | undefined {
    if (data.length !== 10) return undefined;
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    return {
        frequencyHz: view.getUint32(0, true),
        bandwidthHz: view.getUint32(4, true),
        spreadingFactor: view.getUint8(8),
        codingRate: view.getUint8(9) - 4,
    };
}

export function signed(byte = 0): number {
    return (byte << 24) >> 24;
}

/** Little-endian, from as many bytes as there are. */
export function numberOf(data: Uint8Array): number {
    return data.reduceRight((sum, byte) => sum * 256 + byte, 0);
}

export function uint32Bytes(value: number): Uint8Array {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    return bytes;
}
