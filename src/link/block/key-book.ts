import { toHex } from "../../base/encoding.ts";
import { prefix12 } from "./item.ts";

/** Routing keys remembered. */
export const KEYS_MAX = 4096;

/** Routing keys remembered with the same first 12 bits; with the 7 hours that fit, 63 readings of one item. */
export const SAME_PREFIX_MAX = 9;

/**
 * The routing keys that this end has seen, for reading handles. Keys made to collide push out only each other and those
 * with the same 12 bits, and a key that was pushed out costs a question.
 */
export class KeyBook implements Iterable<Uint8Array> {
    /** By their hex, the least recently used first. */
    readonly #keys = new Map<string, Uint8Array>();
    /** By their first 12 bits, the most recently used first; no empty lists. */
    readonly #byPrefix = new Map<number, readonly Uint8Array[]>();

    /** Keys of an earlier life, the least recently used first, as iteration gives them. */
    constructor(keys: Iterable<Uint8Array> = []) {
        for (const key of keys) this.touch(key);
    }

    get size(): number {
        return this.#keys.size;
    }

    has(key: Uint8Array): boolean {
        return this.#keys.has(toHex(key));
    }

    /** Remembers a key of 16 bytes (a copy), or makes it the most recently used one. */
    touch(key: Uint8Array): void {
        const own = this.#keys.get(toHex(key)) ?? key.slice();
        this.#drop(own);
        this.#keys.set(toHex(own), own);
        const same = [own, ...this.startingWith(prefix12(own))];
        this.#byPrefix.set(prefix12(own), same);
        const crowded = same[SAME_PREFIX_MAX];
        if (crowded) this.#drop(crowded);
        if (this.#keys.size <= KEYS_MAX) return;
        const [oldest] = this.#keys.values();
        if (oldest) this.#drop(oldest);
    }

    /** At most SAME_PREFIX_MAX keys, the most recently used first. */
    startingWith(prefix: number): readonly Uint8Array[] {
        return this.#byPrefix.get(prefix) ?? [];
    }

    /** For a snapshot: the least recently used first. */
    [Symbol.iterator](): IterableIterator<Uint8Array> {
        return this.#keys.values();
    }

    #drop(key: Uint8Array): void {
        if (!this.#keys.delete(toHex(key))) return;
        const prefix = prefix12(key);
        const rest = this.startingWith(prefix).filter((each) => each !== key);
        if (rest.length > 0) this.#byPrefix.set(prefix, rest);
        else this.#byPrefix.delete(prefix);
    }
}
