import type { UnixSeconds } from "../base/time.ts";
import type { SendOutcome } from "../carriers/carrier.ts";
import type { ItemKind, Offer, OfferKey, RelayStore } from "../depot/store.ts";
import { CATCH_UP_ITEMS_MAX } from "./limits.ts";
import { type RuledItem, retryPauseMs, rule, type Way } from "./rules.ts";

/** Plans one way out for one item. */
export function offerItem(
    store: RelayStore,
    item: RuledItem & { readonly kind: ItemKind; readonly messageId: Uint8Array },
    way: Way,
): void {
    const ruling = rule(item, way);
    if (ruling === "no_offers" || ruling === "came_from_there") return;
    const key: OfferKey = { kind: item.kind, messageId: item.messageId, carrier: way.id };
    store.addOffer(key);
    // Kept as an ended offer, so that no later look takes it for a forgotten one.
    if (ruling === "too_large") store.endOffer(key);
    if (ruling === "not_asked_for") store.withholdOffer(key);
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
    const notBefore = "notBefore" in outcome ? outcome.notBefore : undefined;
    if (outcome.kind !== "failed" && notBefore === undefined) {
        store.endOffer(offer);
        return undefined;
    }
    const pause = retryPauseMs(offer.attempts, offer.messageId);
    const retryAt = Math.max(notBefore ?? 0, nowMonotonic + pause);
    store.deferOffer(offer, retryAt);
    return { retryAt };
}

/** Offers to a carrier what came before the carrier was there; one bounded step. False when nothing was left. */
export function catchUp(store: RelayStore, way: Way, now: UnixSeconds): boolean {
    if (!way.traits.offers) return false;
    const items = store.neverOffered(way.id, now, CATCH_UP_ITEMS_MAX);
    for (const { kind, messageId } of items) {
        const item = kind === "message" ? store.message(messageId) : store.tombstone(messageId);
        if (!item) continue;
        const { ingress, payload } = item;
        const routingKey = "routingKey" in item ? item.routingKey : undefined;
        offerItem(store, { kind, messageId, ingress, size: payload.length, routingKey }, way);
    }
    return items.length > 0;
}
