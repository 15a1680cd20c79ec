import type { CarrierId, CarrierTraits } from "../carriers/carrier.ts";

/** A carrier as the rules see it. */
export interface Way {
    readonly id: CarrierId;
    readonly traits: CarrierTraits;
}

export type Ruling = "offer" | "no_offers" | "came_from_there" | "too_large";

/**
 * Whether an item that came in by `ingress` goes out by `way`. A pure function with named answers, so that a log or a
 * test can tell which rule spoke.
 */
export function rule(item: { readonly ingress: CarrierId; readonly size: number }, way: Way): Ruling {
    if (!way.traits.offers) return "no_offers";
    if (item.ingress === way.id) return "came_from_there";
    if (item.size > way.traits.payloadSizeMax) return "too_large";
    return "offer";
}

/** First pause after a failed send, in milliseconds; it doubles with each further failure. */
export const RETRY_MS_FIRST = 5_000;
/** The longest pause between two sends of one item, in milliseconds. */
export const RETRY_MS_MAX = 300_000;

/** How often one item is handed to a middleman that answers for nothing; the last time ends the offer. */
export const HANDOVERS_MAX = 4;
/** Pause after the first handover, in milliseconds; each further one is `HANDOVER_GROWTH` times as long. */
export const HANDOVER_MS_FIRST = 60_000;
/** All repeats fall within 31 minutes, inside the hour for which Ember's MQTT nodes remember what they have seen. */
export const HANDOVER_GROWTH = 5;

/** The pause after handover number `handovers` + 1, spread like `retryPauseMs`; undefined when it was the last. */
export function handoverPauseMs(handovers: number, messageId: Uint8Array): number | undefined {
    if (handovers + 1 >= HANDOVERS_MAX) return undefined;
    return spread(HANDOVER_MS_FIRST * HANDOVER_GROWTH ** handovers, messageId);
}

/**
 * The pause before the next send. The spread comes from the message id, so that many items that failed together do not
 * all come back in the same moment, and a test still knows the answer.
 */
export function retryPauseMs(attempts: number, messageId: Uint8Array): number {
    const pause = Math.min(RETRY_MS_MAX, RETRY_MS_FIRST * 2 ** Math.min(attempts, 16));
    return spread(pause, messageId);
}

function spread(pauseMs: number, messageId: Uint8Array): number {
    return Math.round(pauseMs * (0.75 + (messageId[15] ?? 0) / 512));
}
