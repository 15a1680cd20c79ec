import { describe, expect, it } from "vitest";
import { KIND_NAMES } from "./kinds.ts";
import { makeTrouble } from "./trouble.ts";

/** Runs of each kind, on seeds from here on. */
const SEED_FIRST = 1;
const RUNS = 12;

/** Lines in the log for an hour in which the device does some 60 things. */
const LINES_MAX = 150;

/** Timers in that hour. An RNode reports every second, an emulated UART needs one for each piece. */
const TIMERS_MAX = 200_000;

describe.each(KIND_NAMES)("a %s that does as it likes for an hour", (kind) => {
    it("is used again within minutes, storms neither log nor clock, and nothing is lost or changed", {
        timeout: 60_000,
    }, async () => {
        for (let seed = SEED_FIRST; seed < SEED_FIRST + RUNS; seed++) {
            const { acts, states, timers, recoveredInMs, sent, arrived } = await makeTrouble(kind, seed);
            const told = `seed ${seed}\n${acts.join("\n")}`;
            expect(recoveredInMs, told).toBeDefined();
            // After a failure the same may come twice; the relay takes it once.
            expect([...new Set(arrived)], told).toEqual(sent);
            for (const lines of states) expect(lines.length, told).toBeLessThan(LINES_MAX);
            expect(timers, told).toBeLessThan(TIMERS_MAX);
        }
    });
});
