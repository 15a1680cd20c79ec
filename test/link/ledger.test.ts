import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LoraParams } from "../../hw/modem.ts";
import type { TransmitPermit } from "../../src/link/law.ts";
import {
    AIRTIME_MEMORY_S,
    type AirAnswer,
    type AirLaw,
    type AirtimeEntry,
    makeAirLaw,
    START_MAX_MS,
} from "../../src/link/ledger.ts";
import { findRegion } from "../../src/link/region.ts";
import { busiestWindowMs, type Sent } from "../support/busiest-window.ts";

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

function law(region: string | undefined, station = STATION): AirLaw {
    return makeAirLaw({ region: region === undefined ? undefined : findRegion(region), station });
}

function permitOf(answer: AirAnswer): TransmitPermit {
    if (answer.kind !== "permit") throw new Error(`no permit but ${answer.kind}`);
    return answer.permit;
}

/** Wishes to send: a pause, an airtime, whether the gateway restarts just before, and how late the first symbol comes. */
const WISHES = fc.array(
    fc.record({
        pauseMs: fc.oneof(
            { weight: 20, arbitrary: fc.integer({ min: 0, max: 2_000 }) },
            { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 * HOUR_MS }) },
        ),
        airtimeMs: fc.double({ min: 1, max: 9_000, noNaN: true }),
        restart: fc.integer({ min: 0, max: 9 }).map((draw) => draw === 0),
        lateMs: fc.constantFrom(0, 1, START_MAX_MS),
        /** How wrong the wall clock is, in seconds; steps as small as these go unnoticed. */
        wallErrorS: fc.constantFrom(-2, -0.5, 0, 0.5, 2),
        isEndKnown: fc.boolean(),
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
        const question = { params: jp, airtimeMs: 1_000 };
        const japan = law("JP920", { ...STATION, listensBeforeTalk: true });
        const first = permitOf(japan.ask(question, 0));
        expect(japan.ask(question, 1_000)).toEqual({ kind: "wait", until: START_MAX_MS + 1_050 });
        japan.ended(first, 1_100);
        expect(japan.ask(question, 1_100)).toEqual({ kind: "wait", until: 1_150 });
        japan.takeBack(permitOf(japan.ask(question, 1_150)));
        expect(japan.ask(question, 1_150).kind).toBe("permit");
        expect(law("JP920").ask(question, 0)).toMatchObject({
            kind: "never",
            reason: expect.stringContaining("-80 dBm"),
        });
    });

    it("gives a single narrow channel in the USA 400 ms in any 20 s, and a wide one all it wants", () => {
        const usa = law("US915");
        const narrow = { params: { ...PARAMS, frequencyHz: 915_000_000 }, airtimeMs: 250 };
        usa.ended(permitOf(usa.ask(narrow, 0)), 250);
        const answer = usa.ask(narrow, 250);
        expect(answer.kind === "wait" ? answer.until : 0).toBeCloseTo(19_850, 1);
        usa.ended(permitOf(usa.ask({ ...narrow, airtimeMs: 149 }, 250)), 399);
        const wide = { params: { ...narrow.params, bandwidthHz: 500_000 }, airtimeMs: 2_000 };
        for (let index = 0; index < 100; index++) permitOf(usa.ask(wide, 400));
    });

    it("keeps the rest of the budget for whoever asks without a reserve", () => {
        const eu = law("EU868");
        for (let index = 0; index < 9; index++) eu.ask({ params: PARAMS, airtimeMs: 3_600 }, 0);
        const question = { params: PARAMS, airtimeMs: 3_000 };
        expect(eu.ask({ ...question, reserve: { mostMs: 3_600, leastMs: 600 } }, 0).kind).toBe("wait");
        expect(eu.ask(question, 0).kind).toBe("permit");
    });

    it("takes a permit back once, and only what it was worth", () => {
        const eu = law("EU868");
        const question = { params: PARAMS, airtimeMs: 1_000 };
        eu.ask(question, 0);
        const permit = permitOf(eu.ask(question, 0));
        expect(eu.spentMs(PARAMS, 0)).toBe(2_000);
        eu.takeBack(permit);
        eu.takeBack(permit);
        expect(eu.spentMs(PARAMS, 0)).toBe(1_000);
    });

    it("keeps sub-bands apart", () => {
        const eu = law("EU868");
        for (let index = 0; index < 10; index++) permitOf(eu.ask({ params: PARAMS, airtimeMs: 3_599 }, 0));
        expect(eu.ask({ params: PARAMS, airtimeMs: 1_000 }, 0).kind).toBe("wait");
        expect(eu.ask({ params: { ...PARAMS, frequencyHz: 869_525_000 }, airtimeMs: 1_000 }, 0).kind).toBe("permit");
    });

    it("spends at most 1 % of any hour, restarts included, and does not starve", () => {
        fc.assert(
            fc.property(WISHES, fc.double({ min: -50_000, max: 50_000, noNaN: true }), (wishes, skewMs) => {
                const sent: Sent[] = [];
                const journal: AirtimeEntry[] = [];
                let ledger = law("EU868");
                let now = 1_000_000_000;
                // The monotonic clock starts anew with each life; `zero` is its offset in the twin's time.
                let zero = now + skewMs;
                for (const { pauseMs, airtimeMs, restart, lateMs, isEndKnown, wallErrorS } of wishes) {
                    now += pauseMs;
                    if (restart) {
                        zero = now + skewMs;
                        ledger = law("EU868");
                        const wall = Math.floor(now / 1000 + wallErrorS);
                        const young = journal.filter(({ at }) => at >= wall - AIRTIME_MEMORY_S);
                        ledger.restore(young, { monotonic: now - zero, wall });
                    }
                    let answer = ledger.ask({ params: PARAMS, airtimeMs }, now - zero);
                    if (answer.kind === "wait") {
                        expect(answer.until - (now - zero)).toBeLessThanOrEqual(HOUR_MS + 40_000);
                        now = answer.until + zero;
                        answer = ledger.ask({ params: PARAMS, airtimeMs }, now - zero);
                    }
                    const permit = permitOf(answer);
                    journal.push({ at: Math.floor(now / 1000 + wallErrorS), airtimeMs });
                    now += lateMs;
                    sent.push({ start: now, airtimeMs });
                    now += airtimeMs;
                    if (isEndKnown) ledger.ended(permit, now - zero);
                }
                expect(busiestWindowMs(sent, HOUR_MS)).toBeLessThanOrEqual(0.01 * HOUR_MS + 1e-9);
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
