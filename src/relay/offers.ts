import type { UnixSeconds } from "../base/time.ts";
import type { CarrierId, SendOutcome } from "../carriers/carrier.ts";
import type { ItemKind, Offer, OfferKey, RelayStore } from "../depot/store.ts";
import { CATCH_UP_ITEMS_MAX } from "./limits.ts";
import { handoverPauseMs, retryPauseMs, rule, type Way } from "./rules.ts";

/** Plans one way out for one item. */
export function offerItem(
    store: RelayStore,
    item: {
        readonly kind: ItemKind;
        readonly messageId: Uint8Array;
        readonly ingress: CarrierId;
        readonly size: number;
    },
    way: Way,
): void {
    const ruling = rule(item, way);
    if (ruling !== "offer" && ruling !== "too_large") return;
    const key: OfferKey = { kind: item.kind, messageId: item.messageId, carrier: way.id };
    store.addOffer(key);
    // Kept as an ended offer, so that no later look takes it for a forgotten one.
    if (ruling === "too_large") store.endOffer(key);
}

/** The bytes of an offered item while it lives; undefined once it was tombstoned, expired or forgotten. */
export function offeredPayload(store: RelayStore, offer: OfferKey, now: UnixSeconds): Uint8Array | undefined {
    const item = offer.kind === "message" ? store.message(offer.messageId) : store.tombstone(offer.messageId);
    return item && item.expiresAt > now ? item.payload : undefined;
}

/** Writes down what became of a send. Returns what to tell people, if anything. */
export function settleOffer(
    store: RelayStore,
    offer: Offer,
    outcome: SendOutcome,
    nowMonotonic: number,
): { readonly retryAt: number } | undefined {
    if (outcome.kind === "handed_over") {
        const pause = handoverPauseMs(offer.handovers, offer.messageId);
        if (pause === undefined) store.endOffer(offer);
        else store.repeatOffer(offer, nowMonotonic + pause);
        return undefined;
    }
    if (outcome.kind !== "failed") {
        store.endOffer(offer);
        return undefined;
    }
    const pause = retryPauseMs(offer.attempts, offer.messageId);
    const retryAt = Math.max(outcome.notBefore ?? 0, nowMonotonic + pause);
    store.deferOffer(offer, retryAt);
    return { retryAt };
}

/** Offers to a carrier what came before the carrier was there; one bounded step. False when nothing was left. */
export function catchUp(store: RelayStore, way: Way, now: UnixSeconds): boolean {
    if (!way.traits.offers) return false;
    const items = store.neverOffered(way.id, now, CATCH_UP_ITEMS_MAX);
    for (const { kind, messageId } of items) {
        const item = kind === "message" ? store.message(messageId) : store.tombstone(messageId);
        if (item) offerItem(store, { kind, messageId, ingress: item.ingress, size: item.payload.length }, way);
    }
    return items.length > 0;
}
