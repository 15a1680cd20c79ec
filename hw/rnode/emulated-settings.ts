import { concatBytes } from "../../src/base/bytes.ts";
import type { Millis } from "../../src/base/time.ts";
import type { LoraParams } from "../modem.ts";
import { BANDWIDTHS_HZ, bitsPerSecond, preambleSymbolsOf, uint16Bytes } from "./commands.ts";

/** What the firmware keeps in its memory; nothing of it survives a restart. */
export interface RnodeState {
    readonly frequencyHz: number;
    readonly bandwidthHz: number;
    /** 0xff: never set. */
    readonly powerDbm: number;
    readonly spreadingFactor: number;
    /** 5..8. */
    readonly codingRate: number;
    readonly isOn: boolean;
    readonly isPromiscuous: boolean;
    readonly implicitSize: number;
    /** Percent times 100; 0 is none. */
    readonly shortLock: number;
    readonly longLock: number;
}

export const POWER_UNSET = 0xff;

export const START: RnodeState = {
    frequencyHz: 0,
    bandwidthHz: 0,
    powerDbm: POWER_UNSET,
    spreadingFactor: 0,
    codingRate: 5,
    isOn: false,
    isPromiscuous: false,
    implicitSize: 0,
    shortLock: 0,
    longLock: 0,
};

const SLOT_SYMBOLS = 12;
const SLOT_MS_MAX = 100;
const SLOT_MS_MIN = 24;
const SLOT_FAST_MS_MIN = 6;
const FAST_BPS = 30_000;
const LOCK_MAX = 10_000;

export function clamp(value: number, min: number, max: number): number {
    return Math.max(min, Math.min(max, value));
}

/** The chip has some bandwidths only and takes the next one up. */
export function chipBandwidthHz(askedHz: number): number {
    return BANDWIDTHS_HZ.find((each) => askedHz <= each) ?? 500_000;
}

/** A lock of all the time or more is none. */
export function lockOf(asked: number): number {
    return asked >= LOCK_MAX ? 0 : asked;
}

/** The radio is locked until everything was set once. */
export function isComplete({ frequencyHz, bandwidthHz, powerDbm, spreadingFactor }: RnodeState): boolean {
    return frequencyHz !== 0 && bandwidthHz !== 0 && powerDbm !== POWER_UNSET && spreadingFactor !== 0;
}

export function paramsOf(state: RnodeState): LoraParams {
    const { frequencyHz, bandwidthHz, spreadingFactor, powerDbm } = state;
    const params = { frequencyHz, bandwidthHz, spreadingFactor, powerDbm, codingRate: state.codingRate - 4 };
    return { ...params, preambleSymbols: preambleSymbolsOf({ ...params, preambleSymbols: 0 }) };
}

export function bpsOf({ spreadingFactor, bandwidthHz, codingRate }: RnodeState): number {
    return bitsPerSecond(spreadingFactor, bandwidthHz, codingRate - 4);
}

export function slotMsOf(state: RnodeState): Millis {
    const symbolMs = symbolMsOf(state);
    const least = bpsOf(state) > FAST_BPS ? SLOT_FAST_MS_MIN : SLOT_MS_MIN;
    const slotMs = Math.min(SLOT_MS_MAX, Math.floor(symbolMs * SLOT_SYMBOLS));
    return slotMs < SLOT_MS_MIN ? least : slotMs;
}

/** The data of the frame that tells symbol, preamble and waiting times. */
export function physicalBytes(state: RnodeState): Uint8Array {
    const symbolMs = symbolMsOf(state);
    const { preambleSymbols } = paramsOf(state);
    const slotMs = slotMsOf(state);
    return concatBytes(
        uint16Bytes(Math.floor(symbolMs * 1000)),
        uint16Bytes(Math.floor(1000 / symbolMs)),
        uint16Bytes(preambleSymbols),
        uint16Bytes(Math.ceil(preambleSymbols * symbolMs)),
        uint16Bytes(slotMs),
        uint16Bytes(2 * slotMs),
    );
}

function symbolMsOf({ spreadingFactor, bandwidthHz }: RnodeState): Millis {
    return (2 ** spreadingFactor * 1000) / bandwidthHz;
}
