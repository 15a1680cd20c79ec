import { equalBytes } from "../base/bytes.ts";
import type { Millis, UnixSeconds } from "../base/time.ts";
import type { Arrival, RefusalReason } from "../carriers/carrier.ts";
import { ackHashOf } from "../crypto/ack.ts";
import type { RelayStore, StoredMessage, StoredTombstone } from "../depot/store.ts";
import type { OuterEnvelope } from "../wire/outer-envelope.ts";
import { decodeWirePayload, wireErrorText } from "../wire/payload.ts";
import type { Tombstone } from "../wire/tombstone.ts";
import {
    type RelayLimits,
    SWEEP_ROWS_MAX,
    TOMBSTONE_MEMORY_S,
    TOMBSTONES_PROVEN_MAX,
    TOMBSTONES_UNPROVEN_MAX,
} from "./limits.ts";
import { offerItem } from "./offers.ts";
import { headStartMs, type Item, type Way } from "./rules.ts";

/** Everything that one arrival is judged by. Handed in, so that the judgement itself is a function. */
export interface IngestContext {
    readonly store: RelayStore;
    readonly now: UnixSeconds;
    /** The monotonic clock, from which head starts are counted. */
    readonly monotonic?: Millis;
    readonly limits: RelayLimits;
    /** Every carrier of this gateway. */
    readonly ways: readonly Way[];
    /** The carrier that the payload came in by; one of `ways`. */
    readonly from: Way;
}

/**
 * Takes one WirePayload that arrived, inside a transaction of the depot: stores it and plans its ways out, or says why
 * not. The caller answers the sender only once that transaction is durable.
 */
export function ingest(context: IngestContext, payload: Uint8Array): Arrival {
    const decoded = decodeWirePayload(payload);
    if (!decoded.ok) return refuse("undecodable", wireErrorText(decoded.error));
    return decoded.value.kind === "message"
        ? ingestMessage(context, decoded.value.outer, payload)
        : ingestTombstone(context, decoded.value.tombstone, payload);
}

function ingestMessage(context: IngestContext, outer: OuterEnvelope, payload: Uint8Array): Arrival {
    const { store, now } = context;
    const { messageId, routingKey } = outer;
    const known = store.message(messageId);
    if (known && known.expiresAt > now) {
        if (equalBytes(known.routingKey, routingKey)) return { kind: "duplicate" };
        return refuse("conflict", "Message id is already stored under another routing key");
    }
    if (known) store.removeMessage(messageId);
    const grave = store.tombstone(messageId);
    if (grave && isDead(context, outer, grave)) return { kind: "duplicate" };
    const full = refuseFull(context, routingKey, payload.length);
    if (full) return full;
    const expiresAt = now + (outer.ttlHours === undefined ? context.limits.ttlDefaultS : outer.ttlHours * 3600);
    const ingress = context.from.id;
    const { ackHash } = outer;
    store.insertMessage({ messageId, routingKey, ackHash, payload, ingress, receivedAt: now, expiresAt });
    const item: Item = { kind: "message", messageId, ingress, size: payload.length, routingKey };
    if (expiresAt > now) offerToAll(context, item);
    return { kind: "stored" };
}

/** Whether a tombstone kept here ends this message; a forged one is forgotten on the spot. */
function isDead(context: IngestContext, outer: OuterEnvelope, grave: StoredTombstone): boolean {
    const { store, now } = context;
    const { messageId } = outer;
    const opens = grave.expiresAt > now && equalBytes(ackHashOf(grave.ackSecret), outer.ackHash);
    if (!opens) {
        store.removeTombstone(messageId);
        return false;
    }
    if (!grave.proven) {
        // Only now is it known to be true, so only now may it travel on.
        store.putTombstone({ ...grave, proven: true });
        offerToAll(context, tombstoneItem(grave, outer.routingKey));
        return true;
    }
    if (!context.from.traits.revives) {
        tellOfGrave(context, grave);
        return true;
    }
    store.removeTombstone(messageId);
    return false;
}

/** A replica that still has what is dead here missed the tombstone, so it is told once more. */
function tellOfGrave({ store, from }: IngestContext, { messageId, ingress }: StoredTombstone): void {
    if (from.traits.delivery?.replicates !== true || ingress === from.id) return;
    store.reopenOffer({ kind: "tombstone", messageId, carrier: from.id });
}

function ingestTombstone(context: IngestContext, tombstone: Tombstone, payload: Uint8Array): Arrival {
    const { store, now } = context;
    const message = store.message(tombstone.messageId);
    if (!message || message.expiresAt <= now) return ingestEarlyTombstone(context, tombstone, payload);
    if (!equalBytes(ackHashOf(tombstone.ackSecret), message.ackHash))
        return refuse("wrong_secret", "Invalid ack_secret");
    bury(context, message, tombstone, payload);
    return { kind: "stored" };
}

function bury(context: IngestContext, message: StoredMessage, tombstone: Tombstone, payload: Uint8Array): void {
    const { store, now } = context;
    store.removeMessage(message.messageId);
    if (store.tombstoneCounts().proven >= TOMBSTONES_PROVEN_MAX) return;
    const grave: StoredTombstone = {
        messageId: tombstone.messageId,
        ackSecret: tombstone.ackSecret,
        payload,
        ingress: context.from.id,
        proven: true,
        expiresAt: Math.max(message.expiresAt, now + TOMBSTONE_MEMORY_S),
    };
    store.putTombstone(grave);
    offerToAll(context, tombstoneItem(grave, message.routingKey));
}

/** A tombstone whose message is not here: it may have outrun it on another way. */
function ingestEarlyTombstone(context: IngestContext, tombstone: Tombstone, payload: Uint8Array): Arrival {
    const { store, now } = context;
    if (context.from.traits.unknownTombstone === "refuse") return refuse("unknown_message", "Message not found");
    const known = store.tombstone(tombstone.messageId);
    // A proven one knows better; an unproven one may be a forgery, and only the newest is kept of those.
    if (known && (known.proven || equalBytes(known.ackSecret, tombstone.ackSecret))) return { kind: "duplicate" };
    if (!known && store.tombstoneCounts().unproven >= TOMBSTONES_UNPROVEN_MAX) store.evictUnprovenTombstone();
    store.putTombstone({
        messageId: tombstone.messageId,
        ackSecret: tombstone.ackSecret,
        payload,
        ingress: context.from.id,
        proven: false,
        expiresAt: now + TOMBSTONE_MEMORY_S,
    });
    return { kind: "stored" };
}

function refuseFull(context: IngestContext, routingKey: Uint8Array, size: number): Arrival | undefined {
    const { store, limits, now } = context;
    const isMailboxFull = (): boolean => store.mailboxFill(routingKey).messages >= limits.mailboxMessagesMax;
    if (isMailboxFull()) {
        store.purgeMailbox(routingKey, now);
        if (isMailboxFull()) return refuse("mailbox_full", "Mailbox full");
    }
    const isDepotFull = (): boolean => {
        const total = store.totalFill();
        return total.messages >= limits.totalMessagesMax || total.bytes + size > limits.totalBytesMax;
    };
    if (isDepotFull()) {
        store.purgeExpired(now, SWEEP_ROWS_MAX);
        if (isDepotFull()) return refuse("storage", "Storage full");
    }
    return undefined;
}

function tombstoneItem({ messageId, ingress, payload }: StoredTombstone, routingKey: Uint8Array): Item {
    return { kind: "tombstone", messageId, ingress, size: payload.length, routingKey };
}

function offerToAll(context: IngestContext, item: Item): void {
    const { store, ways, monotonic = 0 } = context;
    for (const way of ways) {
        const waitMs = headStartMs(item, way, ways);
        offerItem(store, item, way, waitMs === 0 ? 0 : monotonic + waitMs);
    }
}

function refuse(reason: RefusalReason, text: string): Arrival {
    return { kind: "refused", reason, text };
}
