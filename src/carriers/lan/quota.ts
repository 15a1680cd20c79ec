import type { Millis } from "../../base/time.ts";

const DAY_MS = 24 * 3_600_000;

/** So many bytes a day from strangers; what is not used up comes back evenly. Pure: time is handed in. */
export class DailyQuota {
    readonly #bytesMax: number;
    #left: number;
    #at: Millis | undefined;

    constructor(bytesMax: number) {
        this.#bytesMax = bytesMax;
        this.#left = bytesMax;
    }

    take(bytes: number, now: Millis): boolean {
        const passedMs = Math.max(0, now - (this.#at ?? now));
        this.#at = now;
        this.#left = Math.min(this.#bytesMax, this.#left + (passedMs / DAY_MS) * this.#bytesMax);
        if (bytes > this.#left) return false;
        this.#left -= bytes;
        return true;
    }
}
