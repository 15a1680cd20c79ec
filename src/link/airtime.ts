import type { LoraParams } from "../../hw/modem.ts";
import type { Millis } from "../base/time.ts";

/** From this symbol time on, LoRa modems switch to the low data rate optimisation. */
const LOW_RATE_SYMBOL_MS = 16;

/** Symbols of start-of-frame and sync word after the preamble: SX126x data sheet 6.1.4. */
const SYNC_SYMBOLS = 4.25;
const SYNC_SYMBOLS_BELOW_SF7 = 6.25;

const HEADER_SYMBOLS = 8;
const HEADER_BITS = 20;
const CRC_BITS = 16;

/**
 * Milliseconds that one LoRa packet of `payloadSize` bytes keeps the channel busy, with explicit header and CRC.
 * Semtech AN1200.13, and the SX126x data sheet for the spreading factors 5 and 6.
 */
export function loraAirtimeMs(params: LoraParams, payloadSize: number): Millis {
    const { spreadingFactor, bandwidthHz, codingRate, preambleSymbols } = params;
    const symbolMs = (2 ** spreadingFactor * 1000) / bandwidthHz;
    const small = spreadingFactor < 7;
    const bits = 8 * payloadSize - 4 * spreadingFactor + HEADER_BITS + CRC_BITS + (small ? 0 : 8);
    const bitsPerBlock = 4 * (spreadingFactor - (symbolMs >= LOW_RATE_SYMBOL_MS ? 2 : 0));
    const payloadSymbols = HEADER_SYMBOLS + Math.max(Math.ceil(bits / bitsPerBlock), 0) * (codingRate + 4);
    return (preambleSymbols + (small ? SYNC_SYMBOLS_BELOW_SF7 : SYNC_SYMBOLS) + payloadSymbols) * symbolMs;
}
