import type { Millis } from "../../../base/time.ts";

/** Failed requests in a row after which a peer is left alone (SPEC 19). */
export const FAILURES_MAX = 5;
/** How long it is left alone first, in milliseconds: no longer than a restart takes. Twice as long each time it fails. */
const REST_MS_FIRST = 2_000;
const REST_MS_MAX = 300_000;

/** Counts failures of one peer, so that a dead one costs next to nothing. Pure. */
export class Breaker {
    #failures = 0;
    #rests = 0;

    /** How long to leave the peer alone from now on; undefined to go on. `chance` spreads it by a quarter either way. */
    failed(chance: number, weight = 1): Millis | undefined {
        this.#failures += weight;
        if (this.#failures < FAILURES_MAX) return undefined;
        // The first request after a rest decides.
        this.#failures = FAILURES_MAX - 1;
        const restMs = Math.min(REST_MS_MAX, REST_MS_FIRST * 2 ** Math.min(this.#rests++, 8));
        return Math.round(restMs * (0.75 + chance / 2));
    }

    succeeded(): void {
        this.#failures = 0;
        this.#rests = 0;
    }
}
