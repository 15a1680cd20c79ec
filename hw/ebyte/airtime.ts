import type { Millis } from "../../src/base/time.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import type { LoraParams } from "../modem.ts";

/**
 * What each air data rate is believed to be. EBYTE names only the bit rate. SF5 at 500 kHz with coding rate 4/5 gives
 * exactly the 62.5k of the top rate and SF6 the 38.4k (37.5k) below it; where two neighbours come near, the slower is
 * taken, and the bandwidth always as wide as the rate allows, so that law and airtime err on the safe side.
 */
const BELIEVED: Readonly<Record<number, { readonly spreadingFactor: number; readonly bandwidthHz: number }>> = {
    300: { spreadingFactor: 12, bandwidthHz: 125_000 },
    1200: { spreadingFactor: 12, bandwidthHz: 500_000 },
    2400: { spreadingFactor: 11, bandwidthHz: 500_000 },
    4800: { spreadingFactor: 10, bandwidthHz: 500_000 },
    9600: { spreadingFactor: 9, bandwidthHz: 500_000 },
    19200: { spreadingFactor: 7, bandwidthHz: 500_000 },
    38400: { spreadingFactor: 6, bandwidthHz: 500_000 },
    62500: { spreadingFactor: 5, bandwidthHz: 500_000 },
};

/** The only figure that EBYTE gives: 100 bytes at 2.4k take about 1.5 s (E220-400T22S manual), 4.5 times the nominal. */
const VENDOR_FACTOR = 4.5;

/** Addresses, network and key go on the air with each packet; their size is not documented, this is more than enough. */
export const AIR_OVERHEAD_BYTES = 8;

/** The strongest coding and a long preamble, because neither is documented. */
const WORST_CODING_RATE = 4;
const WORST_PREAMBLE_SYMBOLS = 16;

export interface AirSettings {
    readonly frequencyHz: number;
    readonly airRateBps: number;
    readonly powerDbm: number;
}

/** What the law of a region is asked with. */
export function believedParams({ frequencyHz, airRateBps, powerDbm }: AirSettings): LoraParams {
    const believed = BELIEVED[airRateBps];
    if (!believed) throw new RangeError(`no air data rate of ${airRateBps} bits per second`);
    return {
        frequencyHz,
        ...believed,
        codingRate: WORST_CODING_RATE,
        preambleSymbols: WORST_PREAMBLE_SYMBOLS,
        powerDbm,
    };
}

/** What the vendor's figure says for a packet of `airBytes`, everything included. */
export function vendorAirtimeMs(airRateBps: number, airBytes: number): Millis {
    return ((airBytes * 8 * 1000) / airRateBps) * VENDOR_FACTOR;
}

/** Never less than a packet of `payloadSize` bytes keeps the channel busy, and probably two or three times as much. */
export function airtimeBoundMs(air: AirSettings, payloadSize: number): Millis {
    const airBytes = payloadSize + AIR_OVERHEAD_BYTES;
    return Math.max(loraAirtimeMs(believedParams(air), airBytes), vendorAirtimeMs(air.airRateBps, airBytes));
}
