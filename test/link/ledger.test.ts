import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LoraParams } from "../../hw/modem.ts";
import { AIRTIME_MEMORY_S, type AirLaw, type AirtimeEntry, makeAirLaw } from "../../src/link/ledger.ts";
import { findRegion } from "../../src/link/region.ts";

const HOUR_MS = 3_600_000;
const STATION = { antennaGainDbi: 2, listensBeforeTalk: false };
const PARAMS: LoraParams = {
    frequencyHz: 868_100_000,
    spreadingFactor: 9,
    bandwidthHz: 125_000,
    codingRate: 1,
    preambleSymbols: 12,
    powerDbm: 14,
};

function law(region: string | undefined): AirLaw {
    return makeAirLaw({ region: region === undefined ? undefined : findRegion(region), station: STATION });
}

interface Sent {
    readonly start: number;
    readonly airtimeMs: number;
}

/** The obvious twin: the busiest hour among all that begin or end with a transmission. */
function busiestHourMs(sent: readonly Sent[]): number {
    const edges = sent.flatMap(({ start, airtimeMs }) => [start, start + airtimeMs - HOUR_MS]);
    const within = (from: number) =>
        sent.reduce((sum, { start, airtimeMs }) => {
            const overlap = Math.min(start + airtimeMs, from + HOUR_MS) - Math.max(start, from);
            return sum + Math.max(0, overlap);
        }, 0);
    return Math.max(0, ...edges.map(within));
}

/** Wishes to send: a pause, an airtime, and whether the gateway restarts just before. */
const WISHES = fc.array(
    fc.record({
        pauseMs: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 2 * HOUR_MS })),
        airtimeMs: fc.integer({ min: 1, max: 9_000 }),
        restart: fc.boolean(),
    }),
    { minLength: 20, maxLength: 120 },
);

describe("the law of the air", () => {
    it("lets nothing out without a region", () => {
        const answer = law(undefined).ask({ params: PARAMS, airtimeMs: 1 }, 0);
        expect(answer).toMatchObject({ kind: "never", reason: expect.stringContaining("no region is set") });
    });

    it("lets nothing out on parameters that the region forbids", () => {
        const answer = law("EU868").ask({ params: { ...PARAMS, powerDbm: 22 }, airtimeMs: 1 }, 0);
        expect(answer).toMatchObject({ kind: "never", reason: expect.stringContaining("14 dBm ERP") });
    });

    it("refuses a frame longer than the dwell time", () => {
        const us = { ...PARAMS, frequencyHz: 915_000_000 };
        expect(law("US915").ask({ params: us, airtimeMs: 400 }, 0).kind).toBe("permit");
        expect(law("US915").ask({ params: us, airtimeMs: 400.5 }, 0).kind).toBe("never");
    });

    it("keeps the pause of Japan", () => {
        const jp = { ...PARAMS, frequencyHz: 921_000_000, powerDbm: 10 };
        const japan = law("JP920");
        expect(japan.ask({ params: jp, airtimeMs: 1_000 }, 0).kind).toBe("permit");
        expect(japan.ask({ params: jp, airtimeMs: 1_000 }, 1_000)).toEqual({ kind: "wait", until: 1_050 });
        expect(japan.ask({ params: jp, airtimeMs: 1_000 }, 1_050).kind).toBe("permit");
    });

    it("keeps the rest of the budget for whoever asks without keepFreeMs", () => {
        const eu = law("EU868");
        for (let index = 0; index < 9; index++) eu.ask({ params: PARAMS, airtimeMs: 3_600 }, 0);
        const question = { params: PARAMS, airtimeMs: 3_000 };
        expect(eu.ask({ ...question, keepFreeMs: 3_600 }, 0).kind).toBe("wait");
        expect(eu.ask(question, 0).kind).toBe("permit");
    });

    it("takes a permit back once, and only what it was worth", () => {
        const eu = law("EU868");
        const question = { params: PARAMS, airtimeMs: 1_000 };
        eu.ask(question, 0);
        const answer = eu.ask(question, 0);
        if (answer.kind !== "permit") throw new Error("no permit");
        expect(eu.spentMs(PARAMS, 0)).toBe(2_000);
        eu.takeBack(answer.permit);
        eu.takeBack(answer.permit);
        expect(eu.spentMs(PARAMS, 0)).toBe(1_000);
    });

    it("keeps sub-bands apart", () => {
        const eu = law("EU868");
        for (let index = 0; index < 10; index++) eu.ask({ params: PARAMS, airtimeMs: 3_600 }, 0);
        expect(eu.ask({ params: PARAMS, airtimeMs: 1_000 }, 0).kind).toBe("wait");
        expect(eu.ask({ params: { ...PARAMS, frequencyHz: 869_525_000 }, airtimeMs: 1_000 }, 0).kind).toBe("permit");
    });

    it("spends at most 1 % of any hour, restarts included, and does not starve", () => {
        fc.assert(
            fc.property(WISHES, fc.integer({ min: -50_000, max: 50_000 }), (wishes, skewMs) => {
                const sent: Sent[] = [];
                const journal: AirtimeEntry[] = [];
                let ledger = law("EU868");
                let now = 1_000_000_000;
                // The monotonic clock starts anew with each life; `zero` is its offset in the twin's time.
                let zero = now + skewMs;
                for (const { pauseMs, airtimeMs, restart } of wishes) {
                    now += pauseMs;
                    if (restart) {
                        zero = now + skewMs;
                        ledger = law("EU868");
                        const wall = Math.floor(now / 1000);
                        const young = journal.filter(({ at }) => at >= wall - AIRTIME_MEMORY_S);
                        ledger.restore(young, { monotonic: now - zero, wall });
                    }
                    let answer = ledger.ask({ params: PARAMS, airtimeMs }, now - zero);
                    if (answer.kind === "wait") {
                        expect(answer.until - (now - zero)).toBeLessThanOrEqual(HOUR_MS + 40_000);
                        now = answer.until + zero;
                        answer = ledger.ask({ params: PARAMS, airtimeMs }, now - zero);
                    }
                    expect(answer.kind).toBe("permit");
                    journal.push({ at: Math.floor(now / 1000), airtimeMs });
                    sent.push({ start: now, airtimeMs });
                    now += airtimeMs;
                }
                expect(busiestHourMs(sent)).toBeLessThanOrEqual(0.01 * HOUR_MS + 1e-6);
            }),
            { numRuns: 200 },
        );
    });

    it("takes entries from the future as spent just now", () => {
        const eu = law("EU868");
        eu.restore([{ at: 5_000_000, airtimeMs: 36_000 }], { monotonic: 0, wall: 1_000 });
        const answer = eu.ask({ params: PARAMS, airtimeMs: 1_000 }, 0);
        expect(answer).toMatchObject({ kind: "wait" });
        const until = answer.kind === "wait" ? answer.until : 0;
        expect(until).toBeGreaterThanOrEqual(HOUR_MS);
        expect(until).toBeLessThan(HOUR_MS + 100_000);
    });
});
