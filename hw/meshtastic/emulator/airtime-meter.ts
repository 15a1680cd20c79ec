import type { Clock, Millis } from "../../../src/base/time.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const RECORDS_MAX = 20_000;

interface Record {
    readonly at: Millis;
    readonly ms: Millis;
    readonly isOwn: boolean;
}

/** What a node knows of the use of its channel; forgotten when it starts again, as in firmware. */
export class AirtimeMeter {
    readonly #clock: Clock;
    #records: Record[] = [];

    constructor(clock: Clock) {
        this.#clock = clock;
    }

    note(ms: Millis, isOwn: boolean): void {
        const now = this.#clock.now().monotonic;
        this.#records.push({ at: now, ms, isOwn });
        const first = this.#records[0];
        const isStale = first !== undefined && now - first.at > HOUR_MS;
        if (!isStale && this.#records.length <= RECORDS_MAX) return;
        this.#records = this.#records.filter(({ at }) => now - at <= HOUR_MS).slice(-RECORDS_MAX);
    }

    /** All that was on the air within the last minute. */
    channelUsePercent(): number {
        return (this.#sum(MINUTE_MS, () => true) / MINUTE_MS) * 100;
    }

    /** What this node sent within the last hour. */
    ownPercent(): number {
        return (this.#sum(HOUR_MS, ({ isOwn }) => isOwn) / HOUR_MS) * 100;
    }

    clear(): void {
        this.#records = [];
    }

    #sum(windowMs: Millis, counts: (record: Record) => boolean): Millis {
        const since = this.#clock.now().monotonic - windowMs;
        let sum = 0;
        for (const record of this.#records) if (record.at > since && counts(record)) sum += record.ms;
        return sum;
    }
}
