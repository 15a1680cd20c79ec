import type { Millis } from "../base/time.ts";

/** A carrier's name in the configuration, e.g. "http" or "lora"; stable over restarts, unique in one gateway. */
export type CarrierId = string;

/** What the relay may rely on about a carrier, as data. */
export interface CarrierTraits {
    /** False for a carrier that only answers, such as the HTTP mailbox: nothing is ever offered to it. */
    readonly offers: boolean;
    /** Largest WirePayload it can carry, in bytes. */
    readonly payloadSizeMax: number;
    /** How many parcels it works on at once, at most. */
    readonly inFlightMax: number;
    /** What an arriving tombstone of an unknown message means: an error for its sender, or something to remember. */
    readonly unknownTombstone: "refuse" | "remember";
    /** Whether a message that was tombstoned here may come again, as Ember's mailbox allows over HTTP. */
    readonly revives: boolean;
    /** What reaching its peer counts for; left out it is best effort. */
    readonly delivery?: DeliveryTraits;
    /** What comes in by it came over the Internet, where there is no end of messages. */
    readonly isInternet?: true;
    /** What came over the Internet goes out by it only for mailboxes that somebody beyond asked for. */
    readonly onlyAsked?: true;
}

/**
 * "direct": the recipient's own node, so one success delivers. "quorum": a store with a say in whether a message counts as
 * distributed. "best_effort": as good as it goes, without a say.
 */
export type Tier = "direct" | "quorum" | "best_effort";

export interface DeliveryTraits {
    readonly tier: Tier;
    /** Greater goes first: the others wait a moment for it. */
    readonly priority: number;
    /** True for a replica that gets everything; false for one that is spared once a message is distributed without it. */
    readonly replicates: boolean;
    /** The only routing key it takes messages for, 16 bytes; tombstones it takes none then. */
    readonly onlyFor?: Uint8Array | undefined;
}

/** What is known about a WirePayload that arrived. The promise that carries it settles after the fsync, never before. */
export type Arrival =
    | { readonly kind: "stored" }
    /** Already here, or already known to be dead: the sender can stop sending it. */
    | { readonly kind: "duplicate" }
    | { readonly kind: "refused"; readonly reason: RefusalReason; readonly text: string };

export type RefusalReason =
    /** The bytes are no WirePayload. Sending them again is useless. */
    | "undecodable"
    | "too_large"
    /** The message id is taken under another routing key. */
    | "conflict"
    | "mailbox_full"
    /** The disk or the whole depot is full, or failing. Later may be better. */
    | "storage"
    | "unknown_message"
    | "wrong_secret"
    /** More work waits for the disk than the named limit allows. */
    | "busy";

/** One WirePayload on its way out. */
export interface Parcel {
    readonly kind: "message" | "tombstone";
    /** The 16-byte message id in hex: with `kind`, the name of the parcel in logs and queues. */
    readonly messageId: string;
    /** The WirePayload, byte for byte as it came in. */
    readonly payload: Uint8Array;
    /** How many earlier sends over this carrier failed. */
    readonly attempts: number;
    /** True where its peer gave a verified receipt for it before: this send only looks whether it is still there. */
    readonly isRefresh?: boolean;
}

/** What a carrier may claim about a parcel; never more than its medium can know. */
export type SendOutcome =
    /** A peer answered that the bytes are durable there. The only proof that there is. */
    | {
          readonly kind: "peer_stored";
          /** Said with a verified signature of the peer, 64 bytes, where the medium has such. */
          readonly receipt?: Uint8Array | undefined;
      }
    /**
     * All of it went out, on a medium where nobody can answer. Worth another time at `notBefore`, or, where it `repeats`,
     * a bounded number of times by the relay's pauses; without either this was the last, and the item stays stored until
     * it expires.
     */
    | { readonly kind: "handed_over"; readonly notBefore?: Millis; readonly repeats?: true }
    /** A peer answered that it will never take them. */
    | { readonly kind: "rejected"; readonly detail: string }
    | { readonly kind: "failed"; readonly detail: string; readonly notBefore?: Millis };

export type CarrierState =
    | { readonly kind: "starting" }
    | { readonly kind: "up"; readonly detail: string }
    | { readonly kind: "down"; readonly reason: string }
    | { readonly kind: "disabled"; readonly reason: string };

export interface CarrierHandlers {
    /**
     * A WirePayload came in. The carrier acknowledges to its peer only after, and only as, this settles. Never rejects.
     * `via` names another carrier whose peer it proved to come from, so that it is judged, and never sent back, there.
     */
    onPayload(payload: Uint8Array, via?: CarrierId): Promise<Arrival>;
    onState(state: CarrierState): void;
    /** Somebody beyond wants what there is for these routing keys. */
    onAsked?(routingKeys: readonly Uint8Array[]): void;
}

/** A way to move whole envelopes. It may fail, vanish and come back at any time; the rest of the gateway goes on. */
export interface Carrier {
    readonly id: CarrierId;
    readonly traits: CarrierTraits;
    /** Resolves once the carrier is at work, even while its device is missing. Rejects only for what the user must mend. */
    start(handlers: CarrierHandlers): Promise<void>;
    /** Never rejects. An aborted send answers "failed". */
    send(parcel: Parcel, signal: AbortSignal): Promise<SendOutcome>;
    /** Asks those beyond for what they get for these routing keys; tells whether one of them took note. Never rejects. */
    ask?(routingKeys: readonly Uint8Array[]): Promise<boolean>;
    /** Idempotent; silences every handler. */
    stop(): Promise<void>;
}
