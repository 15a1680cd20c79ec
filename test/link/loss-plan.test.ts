import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makePrng } from "../../src/base/prng.ts";
import { BURST_MAX, framesToSend, type Listener } from "../../src/link/loss-plan.ts";

const MISSING = fc.integer({ min: 1, max: 32 });
const LOSS = fc.double({ min: 0, max: 1, noNaN: true });
const ROUND_COST = fc.double({ min: 0, max: 10, noNaN: true });

function one(missing: number, loss: number, roundCost: number): number {
    return framesToSend({ listeners: [{ missing, loss }], roundCost });
}

describe("the length of a burst", () => {
    it("is what is missing where nearly nothing is lost, and nothing where nothing is missing", () => {
        for (const roundCost of [0, 1, 100]) {
            for (const missing of [1, 5, 32]) expect(one(missing, 0.0099, roundCost)).toBe(missing);
            expect(framesToSend({ listeners: [], roundCost })).toBe(0);
            expect(one(0, 0.5, roundCost)).toBe(0);
        }
        expect(one(16, 0.02, 20)).toBeGreaterThan(16);
    });

    it("stays within its limits for any listeners", () => {
        const listeners = fc.array(fc.record({ missing: fc.nat(100), loss: LOSS }), { maxLength: 8 });
        fc.assert(
            fc.property(listeners, ROUND_COST, (listeners, roundCost) => {
                const most = Math.min(BURST_MAX, Math.max(0, ...listeners.map(({ missing }) => missing)));
                const frames = framesToSend({ listeners, roundCost });
                expect(frames).toBeGreaterThanOrEqual(most);
                expect(frames).toBeLessThanOrEqual(Math.min(BURST_MAX, 4 * most + 8));
            }),
        );
    });

    it("grows with what is missing, with the loss and with the cost of a round", () => {
        fc.assert(
            fc.property(MISSING, LOSS, ROUND_COST, LOSS, (missing, loss, roundCost, more) => {
                const frames = one(missing, loss, roundCost);
                expect(one(missing + 1, loss, roundCost)).toBeGreaterThanOrEqual(frames);
                expect(one(missing, Math.max(loss, more), roundCost)).toBeGreaterThanOrEqual(frames);
                expect(one(missing, loss, roundCost + more)).toBeGreaterThanOrEqual(frames);
            }),
        );
    });

    it("is the one that the twin finds", () => {
        for (const loss of [0.05, 0.2, 0.5, 0.8]) {
            for (const roundCost of [0.2, 1, 5]) {
                const slow = slowPlan(4, loss, roundCost);
                expect([1, 2, 3, 4].map((missing) => one(missing, loss, roundCost))).toEqual(slow);
            }
        }
    });

    it("serves those who hear worse, whatever the others hear", () => {
        const good: Listener = { missing: 8, loss: 0.01 };
        const bad: Listener = { missing: 8, loss: 0.4 };
        const alone = framesToSend({ listeners: [bad], roundCost: 1 });
        expect(framesToSend({ listeners: [good, good, bad], roundCost: 1 })).toBe(alone);
        expect(framesToSend({ listeners: [bad, bad, bad], roundCost: 1 })).toBeGreaterThan(alone);
    });
});

/** The best bursts for 1 to `most` missing: factorials, and costs made better until they no longer change. */
function slowPlan(most: number, loss: number, roundCost: number): readonly number[] {
    const factorial = (value: number): number => (value < 2 ? 1 : value * factorial(value - 1));
    const chance = (got: number, of: number) =>
        (factorial(of) / factorial(got) / factorial(of - got)) * (1 - loss) ** got * loss ** (of - got);
    let costs: number[] = Array.from({ length: most + 1 }, () => 0);
    let frames: number[] = [];
    for (let pass = 0; pass < 300; pass++) {
        const options = Array.from({ length: most }, (_, at) =>
            Array.from({ length: (at + 1) * 3 + 9 }, (_, spare) => {
                const of = at + 1 + spare;
                let cost = of + roundCost;
                for (let got = 0; got <= at; got++) cost += chance(got, of) * (costs[at + 1 - got] ?? 0);
                return cost;
            }),
        );
        costs = [0, ...options.map((each) => Math.min(...each))];
        frames = options.map((each, at) => at + 1 + each.indexOf(Math.min(...each)));
    }
    return frames;
}

const SOURCES = 16;
const RUNS = 1_500;
/** An acknowledgment beside a full frame. */
const ACK_FRAMES = 0.12;

/** Burst, answer in copies, until the sender knows that all arrived; one more symbol after silence. Each frame is lost by itself. */
function transfer({
    loss,
    roundCost,
    copies,
    seed,
}: Readonly<Record<"loss" | "roundCost" | "copies" | "seed", number>>) {
    const random = makePrng(seed);
    const arrives = () => random() >= loss;
    const cost = { frames: 0, rounds: 0 };
    let missing = SOURCES;
    let believed = SOURCES;
    let burst = planned(believed, loss, roundCost);
    while (believed > 0) {
        cost.rounds++;
        cost.frames += burst;
        const heard = Array.from({ length: burst }, arrives).filter(Boolean).length;
        missing = Math.max(0, missing - heard);
        if (heard > 0) cost.frames += copies * ACK_FRAMES;
        const answered = heard > 0 && Array.from({ length: copies }, arrives).includes(true);
        if (answered) believed = missing;
        burst = answered ? planned(believed, loss, roundCost) : 1;
    }
    return cost;
}

const plans = new Map<string, number>();

function planned(missing: number, loss: number, roundCost: number): number {
    const name = `${missing} ${loss} ${roundCost}`;
    const frames = plans.get(name) ?? one(missing, loss, roundCost);
    plans.set(name, frames);
    return frames;
}

describe(`${RUNS} transfers of ${SOURCES} symbols (seeds from 1)`, () => {
    it.each([
        { loss: 0.1, roundCost: 0.9, copies: 1, ratioMax: 1.07, roundsMax: 1.9 },
        { loss: 0.3, roundCost: 2.1, copies: 2, ratioMax: 1.11, roundsMax: 2 },
        { loss: 0.4, roundCost: 2.7, copies: 3, ratioMax: 1.2, roundsMax: 1.9 },
        { loss: 0.5, roundCost: 3.3, copies: 3, ratioMax: 1.14, roundsMax: 2.3 },
    ])("cost at most $ratioMax of k/(1-p) at a loss of $loss", ({ loss, roundCost, copies, ratioMax, roundsMax }) => {
        const mean = { frames: 0, rounds: 0 };
        for (let seed = 1; seed <= RUNS; seed++) {
            const { frames, rounds } = transfer({ loss, roundCost, copies, seed });
            mean.frames += frames / RUNS;
            mean.rounds += rounds / RUNS;
        }
        expect(mean.frames / (SOURCES / (1 - loss))).toBeLessThanOrEqual(ratioMax);
        expect(mean.rounds).toBeLessThanOrEqual(roundsMax);
    });

    it("cost five listeners at a loss of 20 % at most 1.25 of what one needs", () => {
        const random = makePrng(1);
        const runs = 100;
        const loss = 0.2;
        let sent = 0;
        for (let run = 0; run < runs; run++) {
            let listeners: readonly Listener[] = Array.from({ length: 5 }, () => ({ missing: SOURCES, loss }));
            while (listeners.some(({ missing }) => missing > 0)) {
                const frames = framesToSend({ listeners, roundCost: 1.5 });
                sent += frames;
                listeners = listeners.map(({ missing }) => {
                    const heard = Array.from({ length: frames }, random).filter((drawn) => drawn >= loss).length;
                    return { missing: Math.max(0, missing - heard), loss };
                });
            }
        }
        expect(sent / runs / (SOURCES / (1 - loss))).toBeLessThanOrEqual(1.25);
    });
});
