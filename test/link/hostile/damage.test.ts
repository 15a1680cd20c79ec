import { expect, it } from "vitest";
import { searchDamage } from "./damage.ts";

/** `scripts/bench damage` tries a million. */
const TRANSFERS = 20_000;
const SEED = Number(process.env["LINK_SEED_FROM"] ?? 1);
const TIMEOUT_MS = 30_000;

it(`of ${TRANSFERS} damaged transfers none is accepted, seed ${SEED}`, { timeout: TIMEOUT_MS }, () => {
    const { wrong, right, refused } = searchDamage(SEED, TRANSFERS);
    expect(wrong).toEqual([]);
    // The damage is such that most of it gets as far as the check, and some of it hits nothing that matters.
    expect(refused).toBeGreaterThan(TRANSFERS / 3);
    expect(right).toBeGreaterThan(TRANSFERS / 50);
});
