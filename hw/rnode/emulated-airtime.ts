import type { Millis } from "../../src/base/time.ts";

const BIN_MS = 7_500;
const HOUR_MS = 3_600_000;
const BINS = HOUR_MS / BIN_MS;

/** Adds airtime up as the firmware does: in bins of 7.5 s over one hour. */
export class AirtimeBins {
    readonly #bins = new Map<number, Millis>();

    add(now: Millis, airtimeMs: Millis): void {
        const bin = Math.floor(now / BIN_MS);
        this.#bins.set(bin, (this.#bins.get(bin) ?? 0) + airtimeMs);
        for (const old of this.#bins.keys()) if (old <= bin - BINS) this.#bins.delete(old);
    }

    /** Of this bin and the one before, 0..1. */
    shortShare(now: Millis): number {
        const bin = Math.floor(now / BIN_MS);
        return Math.min(1, ((this.#bins.get(bin) ?? 0) + (this.#bins.get(bin - 1) ?? 0)) / (2 * BIN_MS));
    }

    /** Of the last hour, 0..1. */
    longShare(now: Millis): number {
        const first = Math.floor(now / BIN_MS) - BINS;
        let sum = 0;
        for (const [bin, airtimeMs] of this.#bins) if (bin > first) sum += airtimeMs;
        return Math.min(1, sum / HOUR_MS);
    }
}
