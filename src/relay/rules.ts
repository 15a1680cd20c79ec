import { equalBytes } from "../base/bytes.ts";
import type { CarrierId, CarrierTraits, Tier } from "../carriers/carrier.ts";
import type { ItemKind } from "../depot/store.ts";

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
export interface Item {
    readonly kind: ItemKind;
    readonly messageId: Uint8Array;
    readonly ingress: CarrierId;
    readonly size: number;
    /** Of a message, and of the tombstone of one that was here. */
    readonly routingKey?: Uint8Array | undefined;
}

export type Ruling = "offer" | "no_offers" | "came_from_there" | "too_large" | "not_for_there" | "not_asked_for";

/**
 * Whether an item that came in by `ingress` goes out by `way`. A pure function with named answers, so that a log or a
 * test can tell which rule spoke.
 */
export function rule(item: Pick<Item, "ingress" | "size" | "routingKey">, way: Way): Ruling {
    const { offers, payloadSizeMax, delivery } = way.traits;
    if (!offers) return "no_offers";
    if (item.ingress === way.id) return "came_from_there";
    if (item.size > payloadSizeMax) return "too_large";
    const onlyFor = delivery?.onlyFor;
    if (onlyFor && !(item.routingKey && equalBytes(onlyFor, item.routingKey))) return "not_for_there";
    return isWanted(item, way) ? "offer" : "not_asked_for";
}

function isWanted({ ingress, routingKey }: Pick<Item, "ingress" | "routingKey">, { asked }: Way): boolean {
    if (!asked?.isInternet(ingress)) return true;
    return routingKey !== undefined && asked.isAsked(routingKey);
}

export function tierOf({ traits }: Way): Tier {
    return traits.delivery?.tier ?? "best_effort";
}

/** Whether others may make a send over this way unneeded. */
export function isSparable(way: Way): boolean {
    return tierOf(way) === "quorum" && way.traits.delivery?.replicates === false;
}

/** How long a way that may be spared waits for one that goes first, in milliseconds. */
export const HEAD_START_MS = 2_000;

/** How long this item waits for better ways before it goes out by `way`, in milliseconds. */
export function headStartMs(
    item: Pick<Item, "ingress" | "size" | "routingKey">,
    way: Way,
    ways: readonly Way[],
): number {
    if (!isSparable(way)) return 0;
    const rank = rankOf(way);
    const isLater = ways.some((other) => rankOf(other) > rank && rule(item, other) === "offer");
    return isLater ? HEAD_START_MS : 0;
}

function rankOf(way: Way): number {
    const tier = tierOf(way);
    if (tier === "best_effort") return Number.NEGATIVE_INFINITY;
    return tier === "direct" ? Number.POSITIVE_INFINITY : (way.traits.delivery?.priority ?? 0);
}
