import { fromHex, toHex } from "../../base/encoding.ts";
import type { Clock, Millis } from "../../base/time.ts";
import type { Carrier } from "../../carriers/carrier.ts";
import { ASKED_KEYS_MAX } from "../../link/asking.ts";

/** Mailboxes whose readers are remembered; the one unread for longest goes first. */
export const READ_MAILBOXES_MAX = 256;

/** A mailbox unread for so long is asked for no more, in milliseconds. */
const READ_MS_MAX = 24 * 3_600_000;

/** How often the mesh is told of one mailbox, in milliseconds; others forget it after four times that. */
export const ASK_EVERY_MS = 12 * 3_600_000;

/** Several readers come together after a start: one asking for all of them. */
const BATCH_MS = 60_000;

/** After an asking that nobody answered, in milliseconds. */
const RETRY_MS = 1_800_000;

interface Read {
    readonly at: Millis;
    askAt: Millis;
}

/** Tells the mesh which mailboxes are read here. Times are of this life: after a start everything is asked anew. */
export class Asker {
    readonly #carrier: Carrier;
    readonly #clock: Clock;
    readonly #read = new Map<string, Read>();
    #cancel: (() => void) | undefined;

    constructor(carrier: Carrier, clock: Clock) {
        this.#carrier = carrier;
        this.#clock = clock;
    }

    /** Somebody read this mailbox. */
    wasRead(routingKey: Uint8Array): void {
        const key = toHex(routingKey);
        const now = this.#now();
        const known = this.#read.get(key);
        this.#read.delete(key);
        this.#read.set(key, { at: now, askAt: known?.askAt ?? now + BATCH_MS });
        const [oldest] = this.#read.keys();
        if (this.#read.size > READ_MAILBOXES_MAX && oldest !== undefined) this.#read.delete(oldest);
        this.#arm();
    }

    stop(): void {
        this.#cancel?.();
    }

    #arm(): void {
        this.#cancel?.();
        if (this.#read.size === 0) return;
        const at = Math.min(...[...this.#read.values()].map(({ askAt }) => askAt));
        this.#cancel = this.#clock.schedule(at, () => void this.#ask());
    }

    async #ask(): Promise<void> {
        const now = this.#now();
        for (const [key, { at }] of this.#read) if (now >= at + READ_MS_MAX) this.#read.delete(key);
        const due = [...this.#read].filter(([, { askAt }]) => askAt <= now).slice(0, ASKED_KEYS_MAX);
        for (const [, read] of due) read.askAt = now + RETRY_MS;
        const isHeard = due.length > 0 && (await this.#carrier.ask?.(due.flatMap(([key]) => fromHex(key) ?? [])));
        if (isHeard) for (const [key] of due) this.#put(key, now + ASK_EVERY_MS);
        this.#arm();
    }

    #put(key: string, askAt: Millis): void {
        const read = this.#read.get(key);
        if (read) read.askAt = askAt;
    }

    #now(): Millis {
        return this.#clock.now().monotonic;
    }
}
