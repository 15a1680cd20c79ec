import { describe, expect, it } from "vitest";
import { endure } from "./endure.ts";
import { KIND_NAMES } from "./kinds.ts";

/** Seeds of short runs; `scripts/bench devices` makes the long one. */
const SEEDS = [1, 2];
const ENVELOPES = 30;
const UNPLUGS = 4;

describe.each(KIND_NAMES)("two islands with a %s each", (kind) => {
    it.each(SEEDS)(
        "bring every envelope across once through loss and unplugs, seed %i",
        { timeout: 20_000 },
        async (seed) => {
            const outcome = await endure({ kind, envelopes: ENVELOPES, unplugs: UNPLUGS, seed });
            expect(outcome.unplugs).toBe(UNPLUGS);
            expect(outcome.air.lost).toBeGreaterThan(0);
        },
    );
});
