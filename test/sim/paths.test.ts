import { describe, expect, it } from "vitest";
import { logDistance, type PathEnd, sensitivityDbm } from "./paths.ts";
import { SimAir, USUAL_PARAMS } from "./sim-air.ts";

function at(id: number, xM: number): PathEnd {
    return { id, position: { xM, yM: 0 }, params: USUAL_PARAMS };
}

describe("path loss", () => {
    it("is that of free space with the exponent 2: 91.2 dB for 1 km at 868.1 MHz", () => {
        const path = logDistance({ seed: 1, exponent: 2 })(at(0, 0), at(1, 1_000));
        expect(14 - (path?.powerDbm ?? 0)).toBeCloseTo(91.2, 1);
    });

    it("grows by ten times the exponent for each tenfold distance", () => {
        const paths = logDistance({ seed: 1, exponent: 3.2, lossAtOneMetreDb: 40 });
        const power = (metres: number) => paths(at(0, 0), at(1, metres))?.powerDbm ?? 0;
        expect(power(100) - power(1_000)).toBeCloseTo(32, 9);
        expect(power(0)).toBe(14 - 40);
    });

    it("has a shadow for each pair, the same both ways and every time, with the deviation it is told", () => {
        const paths = logDistance({ seed: 5, exponent: 3, shadowingDb: 8 });
        const shadow = (from: number, to: number) => paths(at(from, 0), at(to, 500))?.powerDbm ?? 0;
        expect(shadow(3, 9)).toBe(shadow(9, 3));
        const bare = logDistance({ seed: 5, exponent: 3 })(at(0, 0), at(1, 500))?.powerDbm ?? 0;
        const shadows = Array.from({ length: 2_000 }, (_, index) => shadow(index % 40, 40 + index) - bare);
        const mean = shadows.reduce((sum, each) => sum + each, 0) / shadows.length;
        const deviation = Math.sqrt(shadows.reduce((sum, each) => sum + (each - mean) ** 2, 0) / shadows.length);
        expect(Math.abs(mean)).toBeLessThan(0.8);
        expect(deviation).toBeGreaterThan(7);
        expect(deviation).toBeLessThan(9);
    });

    it("the data sheet's sensitivities: -124 dBm at SF7 and -137 dBm at SF12 with 125 kHz", () => {
        const weakest = (spreadingFactor: number) => sensitivityDbm({ ...USUAL_PARAMS, spreadingFactor });
        expect(weakest(7)).toBeCloseTo(-124.5, 0);
        expect(weakest(12)).toBeCloseTo(-137, 0);
    });

    it("ends where a frame gets too weak to be read", () => {
        const air = new SimAir({ seed: 1, paths: logDistance({ seed: 1, exponent: 3.5 }) });
        let heard = 0;
        const station = (xM: number) => air.addStation({ position: { xM, yM: 0 }, onFrame: () => heard++ });
        const sender = station(0);
        for (const xM of [500, 1_000, 20_000, 50_000]) station(xM);
        sender.transmit(Uint8Array.of(1, 2, 3));
        air.run(10_000);
        expect([heard, air.counts.weak]).toEqual([2, 2]);
    });
});
