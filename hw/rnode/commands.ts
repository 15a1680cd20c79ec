import type { Millis } from "../../src/base/time.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import type { LoraParams } from "../modem.ts";

/** The commands of the firmware that driver and emulator use; see NOTES.md. */
export const COMMAND = {
    data: 0x00,
    frequency: 0x01,
    bandwidth: 0x02,
    power: 0x03,
    spreading: 0x04,
    codingRate: 0x05,
    radioState: 0x06,
    radioLock: 0x07,
    detect: 0x08,
    implicit: 0x09,
    leave: 0x0a,
    shortLock: 0x0b,
    longLock: 0x0c,
    promiscuous: 0x0e,
    ready: 0x0f,
    rssi: 0x23,
    snr: 0x24,
    channelStats: 0x25,
    physical: 0x26,
    battery: 0x27,
    csma: 0x28,
    platform: 0x48,
    mcu: 0x49,
    version: 0x50,
    reset: 0x55,
    error: 0x90,
} as const;

export const DETECT_REQUEST = 0x73;
export const DETECT_ANSWER = 0x46;
export const RESET_BYTE = 0xf8;
/** As the value of a power, spreading factor, coding rate or radio state it asks for the one in force. */
export const ASK_BYTE = 0xff;
/** RSSI in dBm is the byte less this. */
export const RSSI_OFFSET = 157;

/** The firmware's own limit for one packet, in bytes. */
export const PACKET_BYTES_MAX = 508;
export const LORA_BYTES_MAX = 255;
/** Goes before each LoRa frame: a number in the upper half, the flag of a split packet in the lowest bit. */
export const HEADER_BYTES = 1;

/** What a LoRa frame carries of a packet. */
export const PART_BYTES_MAX = LORA_BYTES_MAX - HEADER_BYTES;

/** The bandwidths of SX127x and SX126x, in Hz. */
export const BANDWIDTHS_HZ = [7_800, 10_400, 15_600, 20_800, 31_250, 41_700, 62_500, 125_000, 250_000, 500_000];

const PREAMBLE_SYMBOLS_MIN = 18;
const PREAMBLE_MS = 24;
const PREAMBLE_FAST_MS = 6;
/** A faster channel gets the shorter preamble, in bits per second. */
const FAST_BPS = 30_000;

/** Everything that no RNode can do of what it is asked; empty when it can. */
export function rnodeSettingProblems({ params, airtimeLock = {} }: RnodeSettings): readonly string[] {
    const { spreadingFactor, bandwidthHz, codingRate, powerDbm, frequencyHz } = params;
    const problems: string[] = [];
    const need = (holds: boolean, text: string): void => {
        if (!holds) problems.push(text);
    };
    const isWhole = (value: number, min: number, max: number): boolean =>
        Number.isInteger(value) && value >= min && value <= max;
    need(isWhole(frequencyHz, 137_000_000, 1_020_000_000), "the frequency must be 137 to 1020 MHz, in whole Hz");
    need(BANDWIDTHS_HZ.includes(bandwidthHz), `the bandwidth must be one of ${BANDWIDTHS_HZ.join(", ")} Hz`);
    need(isWhole(spreadingFactor, 5, 12), "the spreading factor must be 5 to 12");
    need(isWhole(codingRate, 1, 4), "the coding rate must be 1 to 4");
    need(isWhole(powerDbm, 0, 22), "the power must be 0 to 22 dBm");
    for (const percent of [airtimeLock.shortPercent ?? 0, airtimeLock.longPercent ?? 0])
        need(percent >= 0 && percent < 100, "an airtime lock must be 0 (none) to below 100 %");
    return problems;
}

/** What an RNode is set to. The firmware chooses the preamble by itself, so the one of `params` does not count. */
export interface RnodeSettings {
    readonly params: LoraParams;
    /** A second net under the law of the region: beyond this share the firmware keeps packets back. None by default. */
    readonly airtimeLock?: { readonly shortPercent?: number; readonly longPercent?: number };
}

/** The preamble that the firmware chooses for a channel: a time rather than a number of symbols. */
export function preambleSymbolsOf({ spreadingFactor, bandwidthHz, codingRate }: LoraParams): number {
    const symbolMs = (2 ** spreadingFactor * 1000) / bandwidthHz;
    const isFast = bitsPerSecond(spreadingFactor, bandwidthHz, codingRate) > FAST_BPS;
    return Math.max(PREAMBLE_SYMBOLS_MIN, Math.ceil((isFast ? PREAMBLE_FAST_MS : PREAMBLE_MS) / symbolMs));
}

export function bitsPerSecond(spreadingFactor: number, bandwidthHz: number, codingRate: number): number {
    return Math.floor((spreadingFactor * (4 / (codingRate + 4)) * bandwidthHz) / 2 ** spreadingFactor);
}

/**
 * Sizes of the LoRa frames that bring `size` bytes over, headers included. A packet that fills both parts is followed by
 * a third frame with nothing but the header: the firmware begins it before it looks whether anything is left.
 */
export function loraSizesOf(size: number): readonly number[] {
    if (size <= PART_BYTES_MAX) return [size + HEADER_BYTES];
    return [
        LORA_BYTES_MAX,
        size - PART_BYTES_MAX + HEADER_BYTES,
        ...(size === 2 * PART_BYTES_MAX ? [HEADER_BYTES] : []),
    ];
}

/** Milliseconds on the air of all LoRa frames of a packet. */
export function packetAirtimeMs(params: LoraParams, size: number): Millis {
    return loraSizesOf(size).reduce((sum, each) => sum + loraAirtimeMs(params, each), 0);
}

export function uint16Bytes(value: number): Uint8Array {
    return Uint8Array.of(value >> 8, value);
}

export function uint32Bytes(value: number): Uint8Array {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value);
    return bytes;
}

/** Big-endian, from as many bytes as there are. */
export function numberOf(bytes: Uint8Array): number {
    return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
