import { describe, expect, it } from "vitest";
import { givenLoss } from "../../sim/paths.ts";
import { SimAir, type SimWeather } from "../../sim/sim-air.ts";
import { HOUR_MS, LinkEnd, MINUTE_MS, message, noise, runOut } from "./rig.ts";

const WEATHERS: readonly (readonly [string, Partial<SimWeather>])[] = [
    ["fair", {}],
    ["10 % loss", { loss: 0.1 }],
    ["30 % loss", { loss: 0.3 }],
    ["50 % loss", { loss: 0.5 }],
    ["damage that is noticed", { corruption: 0.2 }],
    ["damage that passes the check of the modem", { garbling: 0.1 }],
    ["duplicates", { duplication: 0.5 }],
    ["delays of 2 s", { delayMaxMs: 2_000 }],
    ["everything at once", { loss: 0.2, corruption: 0.05, garbling: 0.05, duplication: 0.2, delayMaxMs: 2_000 }],
];

const PAYLOADS = [noise(1, 40), message(1), noise(2, 700), message(2, { size: 400 }), noise(3, 2_500)];

describe.each(WEATHERS)("%s", (_, weather) => {
    it.each([2, 4])("between %i stations everything comes once, as it was", (count) => {
        const air = new SimAir({ seed: count, weather });
        const ends = Array.from({ length: count }, () => new LinkEnd(air));
        const [near, far] = ends;
        near?.offer(...PAYLOADS);
        far?.offer(noise(9, 300));
        expect(runOut(air, ends)).toBe(true);
        air.run(air.now + 10 * MINUTE_MS);
        for (const payload of PAYLOADS) {
            expect(near?.endOf(payload)).toBe("acknowledged");
            expect(ends.some((end) => end !== near && end.at.has(payload))).toBe(true);
        }
        expect(far?.endOf(noise(9, 300))).toBe("acknowledged");
        if (near?.failures.size === 0 && far?.failures.size === 0)
            for (const { delivered } of ends) expect(new Set(delivered).size).toBe(delivered.length);
    });
});

it("bursts that last as long as several frames are overcome", () => {
    const bursts = { goodMs: 15_000, badMs: 8_000, lossInGood: 0.02, lossInBad: 0.98 };
    const air = new SimAir({ seed: 5, paths: givenLoss(() => 0, bursts) });
    const ends = [new LinkEnd(air), new LinkEnd(air)] as const;
    ends[0].offer(...PAYLOADS);
    expect(runOut(air, ends)).toBe(true);
    for (const payload of PAYLOADS) expect(ends[1].at.has(payload)).toBe(true);
});

describe("stations in each other's way", () => {
    it("who both send get everything across", () => {
        const air = new SimAir({ seed: 6 });
        const ends = [new LinkEnd(air), new LinkEnd(air), new LinkEnd(air)] as const;
        const [near, far, third] = ends;
        air.run(MINUTE_MS);
        near.offer(noise(1, 3_000));
        far.offer(noise(2, 3_000));
        expect(runOut(air, ends, HOUR_MS)).toBe(true);
        expect([far.at.has(noise(1, 3_000)), near.at.has(noise(2, 3_000))]).toEqual([true, true]);
        expect([third.at.has(noise(1, 3_000)), third.at.has(noise(2, 3_000))]).toEqual([true, true]);
    });

    it("who do not hear each other reach the one between them", () => {
        const air = new SimAir({ seed: 7, paths: givenLoss((from, to) => (from + to === 1 ? undefined : 0)) });
        const ends = [new LinkEnd(air), new LinkEnd(air), new LinkEnd(air)] as const;
        for (const [index, end] of ends.slice(0, 2).entries()) end.offer(noise(index, 1_500), noise(index, 30));
        expect(runOut(air, ends)).toBe(true);
        for (const index of [0, 1]) {
            expect(ends[2].at.has(noise(index, 1_500))).toBe(true);
            expect(ends[index]?.endOf(noise(index, 1_500))).toBe("acknowledged");
        }
    });

    it("of whom there are more than names get on all the same", () => {
        const air = new SimAir({ seed: 8 });
        const ends = Array.from({ length: 18 }, () => new LinkEnd(air));
        ends[0]?.offer(noise(1, 500));
        ends[17]?.offer(noise(2, 500));
        expect(runOut(air, ends)).toBe(true);
        expect(ends.filter(({ at }) => at.has(noise(1, 500))).length).toBeGreaterThan(12);
    });

    it("with the same number on the air lose nothing", () => {
        const air = new SimAir({ seed: 9 });
        const ends = [new LinkEnd(air, { node: 7, triesMax: 2 }), new LinkEnd(air, { node: 7, triesMax: 2 })] as const;
        ends[0].offer(noise(1, 500));
        expect(runOut(air, ends)).toBe(true);
        if (ends[0].endOf(noise(1, 500)) === "acknowledged") expect(ends[1].at.has(noise(1, 500))).toBe(true);
        else expect(ends[0].endOf(noise(1, 500))).toBe("failed");
    });

    it("of whom one hears nobody gives back what it has, and sends little", () => {
        const air = new SimAir({ seed: 10 });
        const alone = new LinkEnd(air, { triesMax: 1 });
        alone.offer(noise(1, 500), message(1));
        expect(runOut(air, [alone], HOUR_MS)).toBe(true);
        expect([...alone.ends.values()]).toEqual(["failed", "failed"]);
        expect(alone.framesSent).toBeLessThan(8);
        expect(alone.at.link.deadline() ?? Number.POSITIVE_INFINITY).toBeGreaterThan(air.now);
    });
});
