import type { Millis } from "../../base/time.ts";
import { ALIASES } from "../frame/limits.ts";
import { LossMeter } from "./loss-meter.ts";

/** Known at once. */
export const NEIGHBOURS_MAX = 32;

/** A neighbour heard so recently is not forgotten for a new one, in milliseconds. */
const HEARD_MS = 10 * 60_000;

/** Questions in a row without an answer until a neighbour is waited for no more, without loss, and so many more if all were lost. */
export const SILENT_ASKS_LEAST = 8;
const SILENT_ASKS_FOR_LOSS = 24;

export interface Neighbour {
    readonly node: number;
    alias: number;
    heardAt: Millis;
    /** Share of our frames that is lost on the way there, as it says; 0..1. */
    lossThere: number;
    silentAsks: number;
    /** A damaged frame can name a node that does not exist: one frame alone proves nobody. */
    isProven: boolean;
}

/** Who is out there, under which short name, and how well we hear each other. */
export class Neighbours {
    readonly #own: number;
    readonly #random: () => number;
    readonly #nodes = new Map<number, Neighbour>();
    /** Losses on the way here by alias, known node or not. */
    readonly #meters: readonly LossMeter[] = Array.from({ length: ALIASES }, () => new LossMeter());
    #alias: number;

    constructor({ own, random }: { readonly own: number; readonly random: () => number }) {
        this.#own = own;
        this.#random = random;
        this.#alias = Math.floor(random() * ALIASES);
    }

    get alias(): number {
        return this.#alias;
    }

    meter(alias: number): LossMeter {
        const meter = this.#meters[alias & (ALIASES - 1)];
        if (!meter) throw new RangeError(`no alias ${alias}`);
        return meter;
    }

    /** Somebody said who it is. Tells whether that is news, and whether it uses our alias. */
    heard(node: number, alias: number, now: Millis): { readonly isNew: boolean; readonly clashes: boolean } {
        if (node === this.#own) return { isNew: false, clashes: false };
        const known = this.#nodes.get(node);
        const isNew = known === undefined || !this.#isThere(known);
        if (known) {
            const isProven = known.isProven || known.alias === alias;
            Object.assign(known, { alias, heardAt: now, silentAsks: 0, isProven });
        } else {
            if (this.#nodes.size >= NEIGHBOURS_MAX && !this.#makeRoom(now)) return { isNew: false, clashes: false };
            this.#nodes.set(node, { node, alias, heardAt: now, lossThere: 0, silentAsks: 0, isProven: false });
        }
        const clashes = alias === this.#alias;
        // The higher id gives way, so that only one of two draws again.
        if (clashes && this.#own > node) this.#drawAlias();
        return { isNew, clashes };
    }

    get(node: number): Neighbour | undefined {
        return this.#nodes.get(node);
    }

    /** It named something that only we and those who heard us can know. */
    prove(node: number): void {
        const neighbour = this.#nodes.get(node);
        if (neighbour) neighbour.isProven = true;
    }

    /** Those whose answers are waited for. */
    active(): readonly Neighbour[] {
        return [...this.#nodes.values()].filter((neighbour) => neighbour.isProven && this.#isThere(neighbour));
    }

    /** All who were heard and not given up, proven or not. */
    heardOf(): readonly Neighbour[] {
        return [...this.#nodes.values()].filter((neighbour) => this.#isThere(neighbour));
    }

    /** Whether anybody said that this is its alias, proven or not. */
    isHeardAlias(alias: number): boolean {
        return this.heardOf().some((neighbour) => neighbour.alias === alias);
    }

    isKnownAlias(alias: number): boolean {
        return this.active().some((neighbour) => neighbour.alias === alias);
    }

    silent(node: number): void {
        const neighbour = this.#nodes.get(node);
        if (neighbour) neighbour.silentAsks++;
    }

    /** Our turn among those who answer `asker`, 0 first: by alias, which all of them know. */
    rankFor(asker: number): number {
        const before = this.heardOf().filter(({ alias }) => alias !== asker && alias < this.#alias);
        return new Set(before.map(({ alias }) => alias)).size;
    }

    restore(neighbours: readonly { readonly node: number; readonly alias: number }[], now: Millis): void {
        for (const { node, alias } of neighbours.slice(0, NEIGHBOURS_MAX)) {
            this.heard(node, alias, now);
            this.prove(node);
        }
    }

    /** At 50 % loss both ways, 20 questions in a row get no answer once in 30,000 times. */
    #isThere({ silentAsks, lossThere, alias }: Neighbour): boolean {
        const loss = Math.max(lossThere, this.meter(alias).loss);
        return silentAsks < SILENT_ASKS_LEAST + SILENT_ASKS_FOR_LOSS * loss;
    }

    #drawAlias(): void {
        const taken = new Set([...this.#nodes.values()].map(({ alias }) => alias));
        const free = Array.from({ length: ALIASES }, (_, alias) => alias).filter((alias) => !taken.has(alias));
        const choice = free[Math.floor(this.#random() * free.length)];
        this.#alias = choice ?? Math.floor(this.#random() * ALIASES);
    }

    /** Those who proved nothing go first, then those who do not answer; strangers push out no neighbour that is there. */
    #makeRoom(now: Millis): boolean {
        const byAge = [...this.#nodes.values()].sort((a, b) => a.heardAt - b.heardAt);
        const leaves =
            byAge.find(({ isProven }) => !isProven) ??
            byAge.find((neighbour) => !this.#isThere(neighbour)) ??
            byAge.find(({ heardAt }) => now >= heardAt + HEARD_MS);
        return leaves !== undefined && this.#nodes.delete(leaves.node);
    }
}
