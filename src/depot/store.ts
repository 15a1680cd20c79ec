import type { UnixSeconds } from "../base/time.ts";

/** An envelope as the depot keeps it. `payload` is the WirePayload exactly as it came in. */
export interface StoredMessage {
    /** Grows by insertion and is never reused: the fetch cursor. */
    readonly row: number;
    readonly messageId: Uint8Array;
    readonly routingKey: Uint8Array;
    readonly ackHash: Uint8Array;
    readonly payload: Uint8Array;
    /** The carrier it came in by. */
    readonly ingress: string;
    readonly receivedAt: UnixSeconds;
    /** Live while `expiresAt > now`. */
    readonly expiresAt: UnixSeconds;
}

export type NewMessage = Omit<StoredMessage, "row">;

export interface StoredTombstone {
    readonly messageId: Uint8Array;
    readonly ackSecret: Uint8Array;
    readonly payload: Uint8Array;
    readonly ingress: string;
    /** True once its secret opened the ack hash of a message that was here. */
    readonly proven: boolean;
    /** Remembered while `expiresAt > now`. */
    readonly expiresAt: UnixSeconds;
}

export type ItemKind = "message" | "tombstone";

/** Something stored that a carrier has still to bring out. */
export interface Offer {
    readonly kind: ItemKind;
    readonly messageId: Uint8Array;
    readonly carrier: string;
    /** Sends that failed. */
    readonly attempts: number;
    /** Sends that a middleman took who answers for nothing. */
    readonly handovers: number;
}

export type OfferKey = Pick<Offer, "kind" | "messageId" | "carrier">;

/** What became of the tries to bring one item to one carrier. */
export interface Delivery extends OfferKey {
    readonly tries: number;
    readonly firstAt: UnixSeconds;
    readonly lastAt: UnixSeconds;
    /** Of the last try. */
    readonly outcome: DeliveryOutcome;
    /** For people; "" where there is nothing to say. */
    readonly detail: string;
    /** When a peer last said that the bytes are durable there. */
    readonly storedAt: UnixSeconds | undefined;
    /** The 64-byte receipt that proved it, where the carrier has such. */
    readonly receipt: Uint8Array | undefined;
}

/** "unneeded": others have it, so this carrier was spared. "expired": its time ran out; said of the carrier "". */
export type DeliveryOutcome = "stored" | "handed_over" | "rejected" | "failed" | "unneeded" | "expired";

export interface Try {
    readonly at: UnixSeconds;
    readonly outcome: DeliveryOutcome;
    readonly detail: string;
    readonly receipt?: Uint8Array | undefined;
}

export interface MailboxFill {
    readonly messages: number;
    readonly bytes: number;
}

/**
 * Everything the relay reads and writes. Synchronous on purpose: one event is handled to its end inside one
 * transaction (`Depot.commit`), so nothing ever sees half a change. Every read is bounded.
 */
export interface RelayStore {
    /** Expired rows included, until they are purged. */
    message(messageId: Uint8Array): StoredMessage | undefined;
    insertMessage(message: NewMessage): number;
    /** Removes the message and its offers. */
    removeMessage(messageId: Uint8Array): void;
    /** What one routing key holds, expired but unpurged rows included. Cost does not grow with the mailbox. */
    mailboxFill(routingKey: Uint8Array): MailboxFill;
    totalFill(): MailboxFill;
    /** Removes expired messages of one routing key. Returns how many. */
    purgeMailbox(routingKey: Uint8Array, now: UnixSeconds): number;

    tombstone(messageId: Uint8Array): StoredTombstone | undefined;
    /** Replaces an older tombstone of the same message. */
    putTombstone(tombstone: StoredTombstone): void;
    removeTombstone(messageId: Uint8Array): void;
    tombstoneCounts(): { readonly proven: number; readonly unproven: number };
    /** Forgets the unproven tombstone that expires first. */
    evictUnprovenTombstone(): void;

    /** Does nothing if the same offer exists. It is due at once, or from a monotonic time on. */
    addOffer(key: OfferKey, dueMonotonic?: number): void;
    /** Due offers of one carrier: tombstones first, then the oldest messages; at most `limit` of them. */
    dueOffers(carrier: string, nowMonotonic: number, limit: number): readonly Offer[];
    /** The monotonic time at which the next offer of this carrier is due; undefined when none is left. */
    nextOfferAt(carrier: string): number | undefined;
    /** Counts one failed attempt and puts the offer off until a monotonic time. */
    deferOffer(key: OfferKey, untilMonotonic: number): void;
    /** Counts one handover and puts the offer off until a monotonic time. */
    repeatOffer(key: OfferKey, untilMonotonic: number): void;
    /** Ends an offer for good, while the item itself lives on; it stays ended over restarts. */
    endOffer(key: OfferKey): void;
    /** Makes an offer that ended, or never was, due at once. An open one stays as it is. */
    reopenOffer(key: OfferKey): void;
    /** Open offers of one item, with the carriers' names. */
    openOffers(kind: ItemKind, messageId: Uint8Array): readonly Offer[];

    /** Writes one try down. A receipt and the time of storing stay when a later try brings none. */
    recordTry(key: OfferKey, attempt: Try): void;
    /** Everything known of the ways of one message and of its tombstone; also for a while after it is gone. */
    deliveries(messageId: Uint8Array): readonly Delivery[];
    /** Forgets deliveries last tried before a time, and the oldest beyond `max`; at most `limit`. Returns how many. */
    forgetDeliveries(bounds: { readonly before: UnixSeconds; readonly max: number; readonly limit: number }): number;
    /** Live messages that a carrier's peer last confirmed before a time, longest ago first, at most `limit`. */
    confirmedBefore(carrier: string, before: UnixSeconds, limit: number): readonly Uint8Array[];
    /** Messages that the next `purgeExpired` of the same arguments removes. */
    expired(now: UnixSeconds, limit: number): readonly Uint8Array[];
    /** Live messages with `row > after` by row, at most `limit`. */
    liveMessages(after: number, now: UnixSeconds, limit: number): readonly Pick<StoredMessage, "row" | "payload">[];
    /** Puts an offer that exists off until `releaseOffers`; over restarts, too. */
    withholdOffer(key: OfferKey): void;
    /** Makes due what was withheld from this carrier of one routing key's messages. Returns how many. */
    releaseOffers(carrier: string, routingKey: Uint8Array): number;
    /**
     * At boot: forgets the times of deferred offers (monotonic clocks do not survive), drops open offers of carriers that
     * are gone, and lists what a carrier was never offered, so that a carrier added later gets its share.
     */
    resumeOffers(carriers: readonly string[]): void;
    /**
     * Live messages and live proven tombstones never offered to `carrier` and not from it, oldest first, at most `limit`.
     * Unproven tombstones are not listed: nothing forwards what anybody can forge.
     */
    neverOffered(carrier: string, now: UnixSeconds, limit: number): readonly Pick<Offer, "kind" | "messageId">[];

    /** Removes expired messages and tombstones, at most `limit` of each. Returns how many went. */
    purgeExpired(now: UnixSeconds, limit: number): number;
    /** The latest receipt time in the depot: no honest clock is before it. */
    latestReceipt(): UnixSeconds | undefined;
}

/** What a mailbox shows to its readers. */
export interface MailboxReader {
    /** Live messages of one key with `row > after`, oldest first, at most `limit`. Rows that no longer decode are quarantined and left out. */
    page(query: {
        readonly routingKey: Uint8Array;
        readonly after: number;
        readonly limit: number;
        readonly now: UnixSeconds;
    }): readonly { readonly row: number; readonly payload: Uint8Array }[];
    /** Live rows only. */
    stats(now: UnixSeconds): { readonly mailboxes: number; readonly messages: number };
}

/** What each radio spent on the air, kept so that a restart does not forget the law. */
export interface AirtimeJournal {
    /** Entries younger than `since`, oldest first. */
    spent(radio: string, since: UnixSeconds): readonly { readonly at: UnixSeconds; readonly airtimeMs: number }[];
    record(radio: string, entry: { readonly at: UnixSeconds; readonly airtimeMs: number }): void;
    forgetBefore(radio: string, before: UnixSeconds): void;
}

/** Largest state that one link may keep, in bytes. */
export const LINK_STATE_SIZE_MAX = 4 * 1024 * 1024;

/** States kept at most, those of radios that are gone included. */
export const LINK_STATES_MAX = 64;

/** What the link of each radio keeps over a restart, by name; opaque to the depot. */
export interface LinkStates {
    load(name: string): Uint8Array | undefined;
    /** Replaces an earlier state of this name. Beyond the limits nothing changes, and the answer is false. */
    save(name: string, state: Uint8Array): boolean;
}

/** How far the mailboxes of others were read. */
export interface FetchCursors {
    load(carrier: string, routingKey: Uint8Array): FetchCursor | undefined;
    save(carrier: string, routingKey: Uint8Array, cursor: FetchCursor): void;
}

export interface FetchCursor {
    /** A row number of the other mailbox, up to 2^63 - 1. */
    readonly cursor: bigint;
    /** When reading began at the first row. */
    readonly begunAt: UnixSeconds;
}

export interface Depot {
    readonly store: RelayStore;
    readonly mailbox: MailboxReader;
    readonly airtime: AirtimeJournal;
    readonly links: LinkStates;
    readonly cursors: FetchCursors;
    /**
     * Runs `work` inside a transaction that many callers share, and resolves with its value once the bytes are fsynced.
     * Rejects, with nothing of `work` done, when `work` throws, the disk is full or fails, or more than the named number
     * of works are waiting (`DepotBusy`). Works run in the order of their calls. A work may run a second time, after its
     * first run was rolled back, so it changes nothing but the store.
     */
    commit<T>(work: () => T): Promise<T>;
    /** Waits for what was committed, then closes. Idempotent. */
    close(): Promise<void>;
}
