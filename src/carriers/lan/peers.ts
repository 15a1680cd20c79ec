import type { Millis } from "../../base/time.ts";
import type { Sighting } from "./browser.ts";

/** Failures in a row that open the breaker, and how long it then stays open (SPEC section 19), in milliseconds. */
const FAILURES_MAX = 2;
const OPEN_MS = 10_000;
/** Refreshes in a row that fail before a peer is forgotten (SPEC section 17). */
const REFRESH_FAILURES_MAX = 2;
/** Rest of a peer that cannot show that it is who it says, in milliseconds. */
export const DISTRUST_MS = 600_000;
/** Rest of a peer that is well but busy, in milliseconds. */
const BUSY_MS = 10_000;

/**
 * `unknown`: nobody knows the public id of that routing key. `claimed`: it is known, and not yet shown. `verified`: it
 * answered the identity challenge. `proven`: it opened a message that only the recipient can open.
 */
export type Trust = "unknown" | "claimed" | "verified" | "proven";

export interface Peer {
    readonly sighting: Sighting;
    readonly trust: Trust;
    /** Where it goes on in its mailbox: all rows up to this one are dealt with. */
    readonly cursor: number;
    readonly restsUntil: Millis;
    readonly failures: number;
    readonly refreshFailures: number;
    readonly checkAt: Millis;
}

export interface PeerTableOptions {
    readonly peersMax: number;
    readonly refreshMs: Millis;
    /** Whether the public id of a routing key, in hex, is known. */
    readonly isKnown: (routingKey: string) => boolean;
}

/** Who is on the network, bounded, and pure: time is handed in. */
export class PeerTable {
    readonly #options: PeerTableOptions;
    readonly #peers = new Map<string, Peer>();

    constructor(options: PeerTableOptions) {
        this.#options = options;
    }

    get all(): readonly Peer[] {
        return [...this.#peers.values()];
    }

    get(id: string): Peer | undefined {
        return this.#peers.get(id);
    }

    /** Takes a sighting in. A peer that moved to another port or key is another peer. False where the table is full. */
    see(sighting: Sighting, now: Millis): boolean {
        const known = this.#peers.get(sighting.id);
        if (known && known.sighting.port === sighting.port && known.sighting.routingKey === sighting.routingKey) {
            this.#peers.set(sighting.id, { ...known, sighting });
            return true;
        }
        if (!known && this.#peers.size >= this.#options.peersMax && !this.#makeRoom()) return false;
        this.#peers.set(sighting.id, {
            sighting,
            trust: this.#options.isKnown(sighting.routingKey) ? "claimed" : "unknown",
            cursor: 0,
            restsUntil: 0,
            failures: 0,
            refreshFailures: 0,
            checkAt: now,
        });
        return true;
    }

    lose(id: string): void {
        this.#peers.delete(id);
    }

    /** Peers whose identity is to be asked for, or who are to be asked whether they are still there. */
    due(now: Millis): readonly Peer[] {
        return this.all.filter(({ checkAt }) => checkAt <= now);
    }

    /** The next time at which somebody is due; undefined for nobody. */
    dueAt(): Millis | undefined {
        const times = this.all.map(({ checkAt }) => checkAt);
        return times.length > 0 ? Math.min(...times) : undefined;
    }

    /** `good`: it answered, and rightly where that can be told. `wrong`: somebody else answered. */
    checked(id: string, outcome: "good" | "wrong" | "silent", now: Millis): void {
        const peer = this.#peers.get(id);
        if (!peer) return;
        const checkAt = now + this.#options.refreshMs;
        if (outcome === "good") {
            const trust = peer.trust === "claimed" ? "verified" : peer.trust;
            this.#peers.set(id, { ...peer, trust, refreshFailures: 0, checkAt });
            return;
        }
        const refreshFailures = peer.refreshFailures + 1;
        if (refreshFailures >= REFRESH_FAILURES_MAX) {
            this.#peers.delete(id);
            return;
        }
        const trust = this.#options.isKnown(peer.sighting.routingKey) ? "claimed" : "unknown";
        const restsUntil = outcome === "wrong" ? now + DISTRUST_MS : peer.restsUntil;
        this.#peers.set(id, { ...peer, trust, refreshFailures, restsUntil, checkAt });
    }

    /**
     * Who may be given messages now: the one that showed itself for each routing key, or else those that claim a key
     * which nobody can check. Claims that can be checked wait for the check.
     */
    receivers(now: Millis): readonly Peer[] {
        const shown = new Set(
            this.all.filter(({ trust }) => isShown(trust)).map(({ sighting }) => sighting.routingKey),
        );
        return this.all.filter(({ sighting, trust, restsUntil }) => {
            if (restsUntil > now || trust === "claimed") return false;
            return isShown(trust) || !shown.has(sighting.routingKey);
        });
    }

    /** Who stores and brings on for others, and is well. */
    relays(now: Millis): readonly Peer[] {
        return this.all.filter(({ sighting, restsUntil }) => sighting.caps.includes("relay") && restsUntil <= now);
    }

    succeeded(id: string, progress: { readonly cursor?: number; readonly proven?: boolean }): void {
        const peer = this.#peers.get(id);
        if (!peer) return;
        const trust = progress.proven ? "proven" : peer.trust;
        this.#peers.set(id, { ...peer, trust, failures: 0, cursor: Math.max(peer.cursor, progress.cursor ?? 0) });
    }

    failed(id: string, why: "failure" | "busy" | "distrust", now: Millis): void {
        const peer = this.#peers.get(id);
        if (!peer) return;
        if (why === "busy") this.#peers.set(id, { ...peer, restsUntil: now + BUSY_MS });
        else if (why === "distrust") this.#peers.set(id, { ...peer, restsUntil: now + DISTRUST_MS });
        else {
            const failures = peer.failures + 1;
            const restsUntil = failures >= FAILURES_MAX ? now + OPEN_MS : peer.restsUntil;
            this.#peers.set(id, { ...peer, failures, restsUntil });
        }
    }

    /** The oldest peer that never showed anything makes room. */
    #makeRoom(): boolean {
        for (const [id, { trust, failures, refreshFailures, restsUntil }] of this.#peers) {
            const isBad = failures > 0 || refreshFailures > 0 || restsUntil > 0;
            if (isShown(trust) || !isBad) continue;
            this.#peers.delete(id);
            return true;
        }
        return false;
    }
}

function isShown(trust: Trust): boolean {
    return trust === "verified" || trust === "proven";
}
