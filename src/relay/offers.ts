import type { UnixSeconds } from "../base/time.ts";
import type { OfferKey, RelayStore } from "../depot/store.ts";
import { CATCH_UP_ITEMS_MAX } from "./limits.ts";
import { type Item, rule, type Way } from "./rules.ts";

/** Plans one way out for one item, from `due` on, on the monotonic clock. */
export function offerItem(store: RelayStore, item: Item, way: Way, due = 0): void {
    const ruling = rule(item, way);
    if (ruling === "no_offers" || ruling === "came_from_there") return;
    const key: OfferKey = { kind: item.kind, messageId: item.messageId, carrier: way.id };
    store.addOffer(key, due);
    // Kept as an ended offer, so that no later look takes it for a forgotten one.
    if (ruling === "not_asked_for") store.withholdOffer(key);
    else if (ruling !== "offer") store.endOffer(key);
}

/** The bytes of an offered item while it lives; undefined once it was tombstoned, expired or forgotten. */
export function offeredPayload(store: RelayStore, offer: OfferKey, now: UnixSeconds): Uint8Array | undefined {
    const item = offer.kind === "message" ? store.message(offer.messageId) : store.tombstone(offer.messageId);
    return item && item.expiresAt > now ? item.payload : undefined;
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
