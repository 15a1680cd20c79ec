import type { Clock, Millis, UnixSeconds } from "../../../base/time.ts";
import type { Arrival } from "../../carrier.ts";
import type { MailboxClientError } from "../client-http.ts";
import type { MailboxClient } from "../mailbox-client.ts";

/** How far the mailboxes of a peer were read; the depot's cursors fit. */
export interface Cursors {
    load(routingKey: Uint8Array): Cursor | undefined;
    /** Resolves once the cursor is durable. */
    save(routingKey: Uint8Array, cursor: Cursor): Promise<void>;
}

export interface Cursor {
    readonly cursor: bigint;
    /** When reading began at the first row. */
    readonly begunAt: UnixSeconds;
}

/** Pages of one mailbox in one poll; a peer that never ends is read on at the next. */
const PAGES_MAX = 100;
/**
 * A mailbox is read from its first row again after this long, in seconds: a peer that lost its database numbers its rows
 * from one again, and one that lied about a cursor would hide everything behind it.
 */
export const REREAD_S = 24 * 3600;
/** SQLite's largest row number. */
const ROW_MAX = 2n ** 63n - 1n;

export interface FetcherOptions {
    readonly client: Pick<MailboxClient, "fetchPage">;
    readonly routingKeys: readonly Uint8Array[];
    readonly cursors: Cursors;
    readonly clock: Clock;
    readonly wall: () => UnixSeconds;
    readonly everyMs: Millis;
    readonly onPayload: (payload: Uint8Array) => Promise<Arrival>;
    readonly onFailure: (error: MailboxClientError) => void;
}

/** Reads mailboxes of one peer, page by page, and remembers how far: what was stored here is not asked for again. */
export class Fetcher {
    readonly #options: FetcherOptions;
    #cancel: (() => void) | undefined;
    #running: Promise<void> | undefined;
    #paused = true;

    constructor(options: FetcherOptions) {
        this.#options = options;
    }

    /** Polls now and then again and again, until `pause`. */
    resume(): void {
        if (!this.#paused) return;
        this.#paused = false;
        this.#poll();
    }

    pause(): void {
        this.#paused = true;
        this.#cancel?.();
    }

    async stop(): Promise<void> {
        this.pause();
        await this.#running;
    }

    #poll(): void {
        this.#running ??= this.#readAll().then((waitMs) => {
            this.#running = undefined;
            if (this.#paused) return;
            const { clock } = this.#options;
            this.#cancel = clock.schedule(clock.now().monotonic + waitMs, () => this.#poll());
        });
    }

    /** Returns how long to wait before the next poll. */
    async #readAll(): Promise<Millis> {
        const { routingKeys, everyMs, onFailure } = this.#options;
        for (const routingKey of routingKeys) {
            if (this.#paused) break;
            const error = await this.#read(routingKey);
            if (error === "full" || error === undefined) continue;
            if (error.kind === "busy") return Math.max(everyMs, (error.retryAfterS ?? 1) * 1_000);
            onFailure(error);
        }
        return everyMs;
    }

    async #read(routingKey: Uint8Array): Promise<MailboxClientError | "full" | undefined> {
        const { client, cursors, wall } = this.#options;
        const known = cursors.load(routingKey);
        const goesOn = known && wall() - known.begunAt < REREAD_S;
        const begunAt = goesOn ? known.begunAt : wall();
        let cursor = goesOn ? known.cursor : undefined;
        for (let pages = 0; pages < PAGES_MAX && !this.#paused; pages++) {
            const page = await client.fetchPage(routingKey, cursor);
            if (!page.ok) return page.error;
            const kept = await this.#take(page.value.payloads);
            if (!kept) return "full";
            const next = page.value.cursor;
            if (next === undefined || next > ROW_MAX) return undefined;
            cursor = next;
            await cursors.save(routingKey, { cursor, begunAt });
            if (!page.value.hasMore) return undefined;
        }
        return undefined;
    }

    /** False where something could not be kept for now, so that the page must be read again. */
    async #take(payloads: readonly Uint8Array[]): Promise<boolean> {
        const arrivals = await Promise.all(payloads.map((payload) => this.#options.onPayload(payload)));
        return arrivals.every((arrival) => arrival.kind !== "refused" || !ONLY_NOW.has(arrival.reason));
    }
}

const ONLY_NOW: ReadonlySet<string> = new Set(["mailbox_full", "storage", "busy"]);
