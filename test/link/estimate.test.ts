import { describe, expect, it } from "vitest";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import { estimateText, estimateTransfer, type TransferQuestion } from "../../src/link/estimate.ts";
import { makeAirLaw } from "../../src/link/ledger.ts";
import { findRegion } from "../../src/link/region.ts";

const HOUR_MS = 3_600_000;
const PARAMS = {
    frequencyHz: 868_100_000,
    spreadingFactor: 7,
    bandwidthHz: 125_000,
    codingRate: 1,
    preambleSymbols: 8,
    powerDbm: 14,
};

function question(changes: Partial<TransferQuestion> & { readonly region?: string }): TransferQuestion {
    const station = { antennaGainDbi: 2, listensBeforeTalk: true };
    const law = makeAirLaw({ region: findRegion(changes.region ?? "EU868"), station });
    const params = changes.region === "IN865" ? { ...PARAMS, frequencyHz: 865_500_000 } : PARAMS;
    const allowance = law.allowance(params);
    if (!allowance.ok) throw new Error(allowance.error.join());
    return {
        payloadSize: 1_900,
        frameSizeMax: 222,
        headerSize: 3,
        airtimeMs: (size) => loraAirtimeMs(params, size),
        loss: 0,
        allowance: allowance.value,
        spentMs: 0,
        now: 5_000,
        ...changes,
    };
}

describe("the estimate before sending", () => {
    it("is what the frames take, to the byte", () => {
        const estimate = estimateTransfer(question({}));
        const airtimeMs = 8 * loraAirtimeMs(PARAMS, 222) + loraAirtimeMs(PARAMS, 1_900 - 8 * 219 + 3);
        expect(estimate).toEqual({
            frames: 9,
            airtimeMs: expect.closeTo(airtimeMs, 6),
            budgetShare: expect.closeTo(airtimeMs / 36_000, 9),
            earliestEndMs: expect.closeTo(5_000 + airtimeMs, 6),
        });
        expect(estimateText(estimate)).toBe("9 frames, 3.0 s on the air, 8 % of this hour's budget");
    });

    it("has one frame for what fits one, and for nothing at all", () => {
        for (const payloadSize of [0, 1, 219]) {
            const estimate = estimateTransfer(question({ payloadSize }));
            expect(estimate.frames).toBe(1);
            expect(estimate.airtimeMs).toBeCloseTo(loraAirtimeMs(PARAMS, payloadSize + 3), 6);
        }
        expect(estimateTransfer(question({ payloadSize: 2 * 219 })).frames).toBe(2);
        expect(estimateText(estimateTransfer(question({ payloadSize: 1 })))).toBe(
            "1 frame, 31 ms on the air, less than 1 % of this hour's budget",
        );
    });

    it("counts what the loss costs, and ends even where everything is lost", () => {
        const [clean, bad] = [0, 0.5].map((loss) => estimateTransfer(question({ loss })));
        expect(bad?.frames).toBe(18);
        expect((bad?.airtimeMs ?? 0) / (clean?.airtimeMs ?? 1)).toBeCloseTo(2, 9);
        expect(estimateTransfer(question({ loss: 1 })).frames).toBe(180);
    });

    it("waits for the budget that is missing", () => {
        const spent = estimateTransfer(question({ spentMs: 36_000 }));
        expect(spent.earliestEndMs).toBeCloseTo(5_000 + spent.airtimeMs + (spent.airtimeMs / 36_000) * HOUR_MS, 3);
        const large = estimateTransfer(question({ payloadSize: 90_000 }));
        expect(large.budgetShare).toBeGreaterThan(3);
        expect(large.earliestEndMs).toBeGreaterThan(HOUR_MS);
        expect(estimateText(large)).toMatch(/^411 frames, 2\.4 min on the air, 4\.0 times an hour's budget$/);
    });

    it("knows no budget where the law knows none", () => {
        const estimate = estimateTransfer(question({ region: "IN865", spentMs: 1e9 }));
        expect(estimate.budgetShare).toBeUndefined();
        expect(estimate.earliestEndMs).toBeCloseTo(5_000 + estimate.airtimeMs, 6);
        expect(estimateText(estimate)).toBe("9 frames, 3.0 s on the air");
    });
});
