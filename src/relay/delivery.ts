import type { UnixSeconds } from "../base/time.ts";
import type { SendOutcome } from "../carriers/carrier.ts";
import type { Delivery, Offer, RelayStore } from "../depot/store.ts";
import { DELIVERIES_MAX, DELIVERY_MEMORY_S, REFRESH_ITEMS_MAX } from "./limits.ts";
import { handoverPauseMs, PAUSES, type PausePolicy, spreadPauseMs, URGENT } from "./pauses.ts";
import { isSatisfied, type QuorumStrategy } from "./quorum.ts";
import { isSparable, tierOf, type Way } from "./rules.ts";

/**
 * Where a message stands: "urgent" until the recipient's own node or a quorum stored it; "distributed" from then on. A
 * tombstone makes it confirmed, the end of its time expired, and both remove it.
 */
export type Phase = "urgent" | "distributed";

export interface DeliveryRules {
    readonly ways: readonly Way[];
    readonly quorum: QuorumStrategy;
}

export function phaseOf({ ways, quorum }: DeliveryRules, deliveries: readonly Delivery[]): Phase {
    const stored = new Set(
        deliveries
            .filter(({ kind, storedAt }) => kind === "message" && storedAt !== undefined)
            .map(({ carrier }) => carrier),
    );
    if (ways.some((way) => tierOf(way) === "direct" && stored.has(way.id))) return "distributed";
    const voters = ways.filter((way) => way.traits.offers && tierOf(way) === "quorum");
    const votes = voters.filter(({ id }) => stored.has(id)).length;
    return isSatisfied(quorum, voters.length, votes) ? "distributed" : "urgent";
}

export interface SettleContext extends DeliveryRules {
    readonly store: RelayStore;
    /** The carrier that tried. */
    readonly way: Way;
    readonly monotonic: number;
    readonly wall: UnixSeconds;
}

export interface Settled {
    /** When the next try is due, on the monotonic clock; undefined where the offer ended. */
    readonly retryAt: number | undefined;
    /** True for the one success by which a message became distributed. */
    readonly nowDistributed: boolean;
}

/** Writes down what became of a send, and spares those that are not needed any more. */
export function settleOffer(context: SettleContext, offer: Offer, outcome: SendOutcome): Settled {
    const { store, wall: at, monotonic } = context;
    const before = store.deliveries(offer.messageId);
    if (outcome.kind === "failed") {
        // Called back because its message is gone, or others made it unneeded.
        const isOpen = store.openOffers(offer.kind, offer.messageId).some(({ carrier }) => carrier === offer.carrier);
        if (!isOpen) return { retryAt: undefined, nowDistributed: false };
        store.recordTry(offer, { at, outcome: "failed", detail: outcome.detail });
        const pause = spreadPauseMs(pauseOf(context, before), offer.attempts + 1, offer.messageId);
        const retryAt = Math.max(outcome.notBefore ?? 0, monotonic + pause);
        store.deferOffer(offer, retryAt);
        return { retryAt, nowDistributed: false };
    }
    if (outcome.kind === "handed_over") return handOver(context, offer, outcome);
    store.endOffer(offer);
    if (outcome.kind === "rejected") {
        store.recordTry(offer, { at, outcome: "rejected", detail: outcome.detail });
        return { retryAt: undefined, nowDistributed: false };
    }
    store.recordTry(offer, { at, outcome: "stored", detail: "", receipt: outcome.receipt });
    if (offer.kind === "tombstone" || phaseOf(context, before) === "distributed") {
        return { retryAt: undefined, nowDistributed: false };
    }
    const nowDistributed = phaseOf(context, store.deliveries(offer.messageId)) === "distributed";
    if (nowDistributed) spareOthers(context, offer);
    return { retryAt: undefined, nowDistributed };
}

function handOver(
    { store, wall: at, monotonic }: SettleContext,
    offer: Offer,
    { notBefore, repeats }: SendOutcome & { readonly kind: "handed_over" },
): Settled {
    store.recordTry(offer, { at, outcome: "handed_over", detail: "" });
    const { messageId } = offer;
    if (repeats === true) {
        const pause = handoverPauseMs(offer.handovers, messageId);
        if (pause === undefined) store.endOffer(offer);
        else store.repeatOffer(offer, monotonic + pause);
        return { retryAt: pause && monotonic + pause, nowDistributed: false };
    }
    if (notBefore === undefined) {
        store.endOffer(offer);
        return { retryAt: undefined, nowDistributed: false };
    }
    const retryAt = Math.max(notBefore, monotonic + spreadPauseMs(PAUSES.http, offer.attempts + 1, messageId));
    store.deferOffer(offer, retryAt);
    return { retryAt, nowDistributed: false };
}

/** Who has a say is asked again soon while a message is urgent; everybody else by the policy of radios and replicas. */
function pauseOf(context: SettleContext, deliveries: readonly Delivery[]): PausePolicy {
    const tier = tierOf(context.way);
    if (tier === "direct") return PAUSES.direct;
    return tier === "quorum" && phaseOf(context, deliveries) === "urgent" ? URGENT : PAUSES.http;
}

function spareOthers({ store, ways, wall: at }: SettleContext, { messageId }: Offer): void {
    const sparable = new Set(ways.filter(isSparable).map(({ id }) => id));
    for (const open of store.openOffers("message", messageId)) {
        if (!sparable.has(open.carrier)) continue;
        store.endOffer(open);
        store.recordTry(open, { at, outcome: "unneeded", detail: "" });
    }
}

/** Brings again what a peer confirmed long ago, in case it lost it; one bounded step. Returns how many. */
export function refresh(store: RelayStore, carrier: string, confirmedBefore: UnixSeconds): number {
    const messageIds = store.confirmedBefore(carrier, confirmedBefore, REFRESH_ITEMS_MAX);
    for (const messageId of messageIds) store.reopenOffer({ kind: "message", messageId, carrier });
    return messageIds.length;
}

/** A message whose time ran out, and who has it. */
export interface Expired {
    readonly messageId: Uint8Array;
    readonly phase: Phase;
    readonly storedBy: readonly string[];
}

/** Removes what expired, one bounded step, and tells what became of messages that had somebody to go to. */
export function expire(
    store: RelayStore,
    rules: DeliveryRules,
    { now, limit }: { readonly now: UnixSeconds; readonly limit: number },
): { readonly removed: number; readonly told: readonly Expired[] } {
    const told: Expired[] = [];
    for (const messageId of store.expired(now, limit)) {
        const deliveries = store.deliveries(messageId);
        const open = store.openOffers("message", messageId);
        if (deliveries.length === 0 && open.length === 0) continue;
        const storedBy = deliveries.filter(({ storedAt }) => storedAt !== undefined).map(({ carrier }) => carrier);
        const detail = open.length === 0 ? "" : `still wanted: ${open.map(({ carrier }) => carrier).join(", ")}`;
        store.recordTry({ kind: "message", messageId, carrier: "" }, { at: now, outcome: "expired", detail });
        told.push({ messageId, phase: phaseOf(rules, deliveries), storedBy });
    }
    store.forgetDeliveries({ before: now - DELIVERY_MEMORY_S, max: DELIVERIES_MAX, limit });
    return { removed: store.purgeExpired(now, limit), told };
}
