import type { CarrierId, CarrierTraits } from "../carriers/carrier.ts";

/** A carrier as the rules see it. */
export interface Way {
    readonly id: CarrierId;
    readonly traits: CarrierTraits;
    /** Of a way with the trait `onlyAsked`. */
    readonly asked?: Asked;
}

/** What those beyond a way want to have from the Internet. */
export interface Asked {
    /** Whether what comes in by that carrier came over the Internet. */
    isInternet(ingress: CarrierId): boolean;
    isAsked(routingKey: Uint8Array): boolean;
}

/** What the rules look at. */
export interface RuledItem {
    readonly ingress: CarrierId;
    readonly size: number;
    /** Of a message, and of the tombstone of one that was here. */
    readonly routingKey?: Uint8Array | undefined;
}

export type Ruling = "offer" | "no_offers" | "came_from_there" | "too_large" | "not_asked_for";

/**
 * Whether an item that came in by `ingress` goes out by `way`. A pure function with named answers, so that a log or a
 * test can tell which rule spoke.
 */
export function rule(item: RuledItem, way: Way): Ruling {
    if (!way.traits.offers) return "no_offers";
    if (item.ingress === way.id) return "came_from_there";
    if (item.size > way.traits.payloadSizeMax) return "too_large";
    return isWanted(item, way) ? "offer" : "not_asked_for";
}

function isWanted({ ingress, routingKey }: RuledItem, { asked }: Way): boolean {
    if (!asked?.isInternet(ingress)) return true;
    return routingKey !== undefined && asked.isAsked(routingKey);
}

/** First pause after a failed send, in milliseconds; it doubles with each further failure. */
export const RETRY_MS_FIRST = 5_000;
/** The longest pause between two sends of one item, in milliseconds. */
export const RETRY_MS_MAX = 300_000;

/**
 * The pause before the next send. The spread comes from the message id, so that many items that failed together do not
 * all come back in the same moment, and a test still knows the answer.
 */
export function retryPauseMs(attempts: number, messageId: Uint8Array): number {
    const pause = Math.min(RETRY_MS_MAX, RETRY_MS_FIRST * 2 ** Math.min(attempts, 16));
    const spread = (messageId[15] ?? 0) / 256;
    return Math.round(pause * (0.75 + spread / 2));
}
