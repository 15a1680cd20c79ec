import { utf8 } from "../../base/bytes.ts";
import type { UnixSeconds } from "../../base/time.ts";

/** Nodes that are kept in mind; the one unheard for longest goes first. */
export const GATEWAYS_MAX = 64;

/** Who was heard within this time, in seconds, may be waiting for frames: three beacons. */
const ACTIVE_S = 3 * 3_600;

/** Forgotten after so long, in seconds. */
const FORGOTTEN_S = 30 * 24 * 3_600;

const NEWS_S = 3_600;

/** A mesh node with Hearth behind it. */
export interface GatewayNode {
    readonly number: number;
    readonly hops: number | undefined;
    /** Of the last packet that came directly. */
    readonly snrDb: number | undefined;
    readonly lastHeard: UnixSeconds;
}

/** Nodes from which frames of the link came. */
export class Gateways {
    readonly #nodes = new Map<number, GatewayNode>();

    /** Anything but what `snapshot` gave is taken for nothing. */
    constructor(snapshot?: Uint8Array) {
        for (const node of snapshot ? decode(snapshot) : []) this.#nodes.set(node.number, node);
    }

    /** Tells whether that is worth writing down: it was unknown, or unheard for an hour. */
    heard(number: number, about: Pick<GatewayNode, "hops" | "snrDb">, now: UnixSeconds): boolean {
        const known = this.#nodes.get(number);
        const snrDb = (about.hops === 0 ? about.snrDb : undefined) ?? known?.snrDb;
        // The order of the map is the order of the last contact.
        this.#nodes.delete(number);
        this.#nodes.set(number, { number, hops: about.hops ?? known?.hops, snrDb, lastHeard: now });
        const [oldest] = this.#nodes.keys();
        if (this.#nodes.size > GATEWAYS_MAX && oldest !== undefined) this.#nodes.delete(oldest);
        return known === undefined || now >= known.lastHeard + NEWS_S;
    }

    list(now: UnixSeconds): readonly GatewayNode[] {
        return [...this.#nodes.values()].filter(({ lastHeard }) => now < lastHeard + FORGOTTEN_S);
    }

    active(now: UnixSeconds): readonly GatewayNode[] {
        return this.list(now).filter(({ lastHeard }) => now < lastHeard + ACTIVE_S);
    }

    snapshot(): Uint8Array {
        return utf8(JSON.stringify([...this.#nodes.values()]));
    }
}

function decode(bytes: Uint8Array): readonly GatewayNode[] {
    let read: unknown;
    try {
        read = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
        return [];
    }
    return Array.isArray(read) ? read.slice(-GATEWAYS_MAX).flatMap(nodeOf) : [];
}

function nodeOf(each: unknown): readonly GatewayNode[] {
    if (typeof each !== "object" || each === null) return [];
    const { number, hops, snrDb, lastHeard } = each as Record<string, unknown>;
    if (!Number.isInteger(number) || !Number.isFinite(lastHeard)) return [];
    return [
        {
            number: Number(number),
            hops: typeof hops === "number" ? hops : undefined,
            snrDb: typeof snrDb === "number" ? snrDb : undefined,
            lastHeard: Number(lastHeard),
        },
    ];
}
