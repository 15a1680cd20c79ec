import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makePrng } from "../../src/base/prng.ts";
import { backOffMs, ChannelUse } from "../../src/link/channel-use.ts";

describe("the use of the channel", () => {
    it("is nothing before anything was heard, and forgets what is a minute old", () => {
        const use = new ChannelUse();
        expect(use.share(0)).toBe(0);
        use.note(10_000, 6_000);
        expect(use.share(10_000)).toBeCloseTo(0.1, 1);
        expect(use.share(64_000)).toBeGreaterThan(0.05);
        expect(use.share(75_000)).toBe(0);
    });

    it("is one at most, however many frames lie over each other, and survives a clock that starts anywhere", () => {
        const use = new ChannelUse();
        for (let end = 9e12; end < 9e12 + 120_000; end += 500) use.note(end, 900);
        expect(use.share(9e12 + 119_500)).toBeGreaterThan(0.95);
        expect(use.share(9e12 + 119_500)).toBeLessThanOrEqual(1);
        use.note(9e12 + 119_500, 1e15);
        expect(use.share(9e12 + 119_500)).toBeLessThanOrEqual(1);
    });

    it("is that of the obvious sum, to a step of two seconds", () => {
        const frames = fc.array(fc.record({ pauseMs: fc.nat(8_000), airtimeMs: fc.integer({ min: 1, max: 9_000 }) }), {
            maxLength: 80,
        });
        fc.assert(
            fc.property(frames, (list) => {
                const use = new ChannelUse();
                const spans: { start: number; end: number }[] = [];
                let now = 100_000;
                for (const { pauseMs, airtimeMs } of list) {
                    const start = now + pauseMs;
                    now = start + airtimeMs;
                    spans.push({ start, end: now });
                    use.note(now, airtimeMs);
                }
                const busy = (ms: number) =>
                    spans.reduce((sum, { start, end }) => sum + Math.max(0, end - Math.max(start, now - ms)), 0) /
                    60_000;
                expect(use.share(now)).toBeGreaterThanOrEqual(busy(58_000) - 0.001);
                expect(use.share(now)).toBeLessThanOrEqual(busy(60_000) * (60 / 58) + 0.001);
            }),
            { numRuns: 100 },
        );
    });
});

describe("the pause before a busy channel", () => {
    it("is drawn evenly from a window that grows with the use", () => {
        const mean = (share: number) => {
            const random = makePrng(1);
            const draws = Array.from({ length: 4_000 }, () => backOffMs({ share, slotMs: 10, random }));
            expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
            return draws.reduce((sum, each) => sum + each, 0) / draws.length;
        };
        expect(mean(0)).toBeCloseTo(20, 0);
        expect(mean(0.5)).toBeGreaterThan(160);
        expect(mean(0.5)).toBeLessThan(180);
        expect(mean(1)).toBeGreaterThan(300);
        expect(mean(7)).toBeLessThan(330);
    });
});
