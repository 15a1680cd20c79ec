import { describe, expect, it } from "vitest";
import { runCampaign } from "./campaign.ts";
import { INPUT_SIZE_MAX, makeRandom, mutate } from "./mutate.ts";
import type { FuzzTarget } from "./target.ts";

const CORPUS = [Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), new TextEncoder().encode("+RCV=1,2,hi,-40,9\r\n")];
const plan = { seed: 7, runsMax: 3_000, msMax: Number.POSITIVE_INFINITY };

function targetThat(run: (bytes: Uint8Array) => void): FuzzTarget {
    return { name: "planted", corpus: () => CORPUS, run };
}

describe("a campaign", () => {
    it("finds a planted fault and makes its input small", async () => {
        const { findings } = await runCampaign(
            targetThat((bytes) => {
                if (bytes.includes(0xff)) throw new RangeError(`byte 255 among ${bytes.length}`);
            }),
            plan,
        );
        expect(findings).toHaveLength(1);
        expect(findings[0]?.bytes).toEqual(Uint8Array.of(0xff));
        expect(findings[0]?.detail).toMatch(/^RangeError: byte 255/);
    });

    it("runs the corpus as it is, first", async () => {
        const first: Uint8Array[] = [];
        await runCampaign(
            targetThat((bytes) => void first.push(bytes)),
            { ...plan, runsMax: 0 },
        );
        expect(first).toEqual(CORPUS);
    });

    it("finds nothing in code without faults", async () => {
        const result = await runCampaign(
            targetThat(() => {}),
            plan,
        );
        expect(result).toEqual({ runs: 3_000, findings: [] });
    });

    it("waits for promises", async () => {
        const target: FuzzTarget = {
            name: "planted",
            corpus: () => CORPUS,
            run: () => Promise.reject(new Error("late")),
        };
        expect((await runCampaign(target, plan)).findings).toHaveLength(1);
    });

    it("tells the watchdog of every input", async () => {
        let told = 0;
        await runCampaign(
            targetThat(() => {}),
            { ...plan, runsMax: 10, beforeRun: () => told++ },
        );
        expect(told).toBe(12);
    });
});

describe("mutations", () => {
    it("repeat with the seed and differ with another", () => {
        const inputs = (seed: number): readonly Uint8Array[] => {
            const random = makeRandom(seed, "name");
            return Array.from({ length: 50 }, () => mutate(CORPUS, random));
        };
        expect(inputs(1)).toEqual(inputs(1));
        expect(inputs(1)).not.toEqual(inputs(2));
    });

    it("leave the corpus alone, stay within the size and reach empty and longer inputs", () => {
        const before = CORPUS.map((bytes) => bytes.slice());
        const random = makeRandom(3);
        const sizes = Array.from({ length: 5_000 }, () => mutate([...CORPUS, new Uint8Array()], random).length);
        expect(CORPUS).toEqual(before);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(INPUT_SIZE_MAX);
        expect(sizes).toContain(0);
        expect(Math.max(...sizes)).toBeGreaterThan(19);
    });
});
