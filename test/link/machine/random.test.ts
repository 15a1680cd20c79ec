import { describe, expect, it } from "vitest";
import { runScenario } from "./random-scenario.ts";

/** `LINK_SEEDS=5000` searches longer, from `LINK_SEED_FROM` on. */
const SEEDS = Number(process.env["LINK_SEEDS"] ?? 150);
const FROM = Number(process.env["LINK_SEED_FROM"] ?? 1);
const BATCH = 25;
const TIMEOUT_MS = 60_000;

describe("whatever happens on the air", () => {
    const batches = Array.from({ length: Math.ceil(SEEDS / BATCH) }, (_, index) => FROM + index * BATCH);
    it.each(batches)("every promise holds, seeds from %i", { timeout: TIMEOUT_MS }, (from) => {
        const wrongs: string[] = [];
        for (let seed = from; seed < Math.min(from + BATCH, FROM + SEEDS); seed++) {
            try {
                wrongs.push(...runScenario(seed).wrongs.map((wrong) => `seed ${seed}: ${wrong}`));
            } catch (cause) {
                wrongs.push(`seed ${seed}: ${cause instanceof Error ? (cause.stack ?? cause.message) : cause}`);
            }
        }
        expect(wrongs).toEqual([]);
    });

    it("the same seed gives the same trace", { timeout: TIMEOUT_MS }, () => {
        for (const seed of [3, 4]) expect(runScenario(seed).trace).toBe(runScenario(seed).trace);
        expect(runScenario(3).trace).not.toBe(runScenario(4).trace);
    });
});
