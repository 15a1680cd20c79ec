import { expect, test } from "vitest";
import type { LoraParams } from "../../hw/modem.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";

function at125(spreadingFactor: number, preambleSymbols = 8): LoraParams {
    return {
        frequencyHz: 868_100_000,
        spreadingFactor,
        bandwidthHz: 125_000,
        codingRate: 1,
        preambleSymbols,
        powerDbm: 14,
    };
}

/** Values of Semtech's formula as published LoRa calculators show them: preamble 8, CR 4/5, CRC on, explicit header. */
const PUBLISHED: readonly (readonly [spreadingFactor: number, size: number, ms: number])[] = [
    [7, 10, 41.216],
    [7, 51, 102.656],
    [7, 222, 348.416],
    [7, 255, 399.616],
    [8, 20, 102.912],
    [8, 222, 614.912],
    [9, 10, 144.384],
    [9, 255, 1250.304],
    [10, 100, 1026.048],
    [11, 10, 577.536],
    [11, 222, 4427.776],
    [12, 10, 991.232],
    [12, 255, 9019.392],
];

test.each(PUBLISHED)("SF%i, %i bytes at 125 kHz", (spreadingFactor, size, ms) => {
    expect(loraAirtimeMs(at125(spreadingFactor), size)).toBeCloseTo(ms, 3);
});

test("Meshtastic's presets give the times measured on its firmware", () => {
    const shortFast = { ...at125(7, 16), bandwidthHz: 250_000 };
    expect([23, 44, 124, 224, 255].map((size) => Math.round(loraAirtimeMs(shortFast, size)))).toEqual([
        35, 50, 107, 181, 204,
    ]);
    const longModerate = { ...at125(11, 16), codingRate: 4 };
    expect([23, 44, 124, 224, 255].map((size) => Math.round(loraAirtimeMs(longModerate, size)))).toEqual([
        1249, 1774, 4133, 7016, 7934,
    ]);
});

test("below SF7 the sync word is two symbols longer and the payload has no spare byte", () => {
    // SX126x data sheet 6.1.4 by hand: 12 + 6.25 + 8 + ceil((80 + 16 - 20 + 20) / 20) * 5 symbols of 0.256 ms.
    expect(loraAirtimeMs(at125(5, 12), 10)).toBeCloseTo((12 + 6.25 + 8 + 25) * 0.256, 6);
});
