import fc from "fast-check";
import { expect, it } from "vitest";
import { reconnectPauseMs } from "../../../src/carriers/mqtt/backoff.ts";
import { RECONNECT_MS_FIRST, RECONNECT_MS_MAX } from "../../../src/carriers/mqtt/limits.ts";

it("pauses grow to their limit, and chance takes away half at most", () => {
    fc.assert(
        fc.property(fc.nat(10_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, chance) => {
            const pause = reconnectPauseMs(failures, chance);
            expect(pause).toBeGreaterThanOrEqual(RECONNECT_MS_FIRST / 2);
            expect(pause).toBeLessThanOrEqual(RECONNECT_MS_MAX);
            expect(reconnectPauseMs(failures + 1, chance)).toBeGreaterThanOrEqual(pause);
            if (failures > 6) expect(pause).toBeGreaterThanOrEqual(RECONNECT_MS_MAX / 2);
        }),
    );
});
