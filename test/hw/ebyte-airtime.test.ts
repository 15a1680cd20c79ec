import { describe, expect, it } from "vitest";
import { airtimeBoundMs, believedParams, vendorAirtimeMs } from "../../hw/ebyte/airtime.ts";
import { E22, E220 } from "../../hw/ebyte/kind.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";

const RATES = [...new Set([...E22.airRatesBps, ...E220.airRatesBps])];

function air(airRateBps: number) {
    return { frequencyHz: 868_125_000, airRateBps, powerDbm: 13 };
}

describe("the airtime of a module that does not say how it sends", () => {
    it("is the vendor's own figure: 100 bytes at 2.4k take 1.5 s", () => {
        expect(vendorAirtimeMs(2400, 100)).toBe(1500);
        expect(airtimeBoundMs(air(2400), 100)).toBeGreaterThan(1500);
        expect(airtimeBoundMs(air(2400), 100)).toBeLessThan(1700);
    });

    it.each(RATES)("at %d bits per second bounds every size, and every setting that comes near that rate", (rate) => {
        for (const size of [1, 10, 60, 128, 240]) {
            const bound = airtimeBoundMs(air(rate), size);
            for (const spreadingFactor of [5, 6, 7, 8, 9, 10, 11, 12]) {
                for (const bandwidthHz of [125_000, 250_000, 500_000]) {
                    const bitRate = (spreadingFactor * bandwidthHz * 4) / 2 ** spreadingFactor / 5;
                    // A vendor that rounds its rates names none that is a third better than the truth.
                    if (bitRate < rate * 0.73) continue;
                    const params = { ...believedParams(air(rate)), spreadingFactor, bandwidthHz };
                    expect(bound).toBeGreaterThanOrEqual(
                        loraAirtimeMs({ ...params, codingRate: 1, preambleSymbols: 8 }, size),
                    );
                }
            }
        }
    });

    it("asks the law for the widest channel that the rate allows", () => {
        expect(RATES.map((rate) => believedParams(air(rate)).bandwidthHz / 1000)).toEqual([
            125, 500, 500, 500, 500, 500, 500, 500,
        ]);
        expect(() => believedParams(air(1000))).toThrow(RangeError);
    });
});
