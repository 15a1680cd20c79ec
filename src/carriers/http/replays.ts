/** Signatures that are remembered; beyond it the oldest are forgotten. */
export const REPLAYS_MAX = 65_536;

/**
 * Remembers signed requests for as long as their timestamps are good. Known by the first half of the signature, which no
 * stranger can change without breaking the second.
 */
export class Replays {
    readonly #max: number;
    /** In the order of their coming: what it is, and when it may be forgotten, in seconds. */
    readonly #seen = new Map<string, number>();

    constructor(max = REPLAYS_MAX) {
        this.#max = max;
    }

    /** False for one that was seen before. */
    isNew(signature: string, now: number, forgetAt: number): boolean {
        for (const [name, end] of this.#seen) {
            if (end > now && this.#seen.size < this.#max) break;
            this.#seen.delete(name);
        }
        const name = signature.slice(0, 42);
        if (this.#seen.has(name)) return false;
        this.#seen.set(name, forgetAt);
        return true;
    }
}
