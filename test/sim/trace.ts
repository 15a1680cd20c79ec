import { toHex } from "../../src/base/encoding.ts";
import type { Millis } from "../../src/base/time.ts";

/** What can happen on the air, with the number that stands for it in the trace. */
export const HAPPENINGS = {
    sent: 1,
    heard: 2,
    lost: 3,
    collided: 4,
    weak: 5,
    damaged: 6,
    garbled: 7,
    duplicated: 8,
    cut: 9,
    up: 10,
    down: 11,
    noted: 12,
} as const;

export type Happening = keyof typeof HAPPENINGS;

const FNV_PRIME = 0x01000193;
const FNV_START = 0x811c9dc5;
const SECOND_START = 0x9e3779b9;

/**
 * A fingerprint of everything that happened and when: the same seed gives the same one. FNV-1a over words, twice with
 * different starts and turns, 64 bits in all; it finds differences, it proves nothing against an adversary.
 */
export class Trace {
    #first = FNV_START;
    #second = SECOND_START;
    #length = 0;
    readonly #moment = new Float64Array(1);
    readonly #words = new Uint32Array(this.#moment.buffer);

    /** How many happenings went in. */
    get length(): number {
        return this.#length;
    }

    /** `who` and `whom` are numbers of stations, or whatever else tells two happenings apart. */
    add(at: Millis, what: Happening, who: number, whom: number): void {
        this.#length++;
        this.#moment[0] = at;
        this.#mix(this.#words[0] ?? 0);
        this.#mix(this.#words[1] ?? 0);
        this.#mix(HAPPENINGS[what]);
        this.#mix(who);
        this.#mix(whom);
    }

    addBytes(bytes: Uint8Array): void {
        this.#mix(bytes.length);
        for (const byte of bytes) this.#mix(byte);
    }

    /** 16 hex digits. */
    hash(): string {
        const bytes = new Uint8Array(8);
        const view = new DataView(bytes.buffer);
        view.setUint32(0, this.#first);
        view.setUint32(4, this.#second);
        return toHex(bytes);
    }

    #mix(word: number): void {
        this.#first = Math.imul(this.#first ^ word, FNV_PRIME) >>> 0;
        this.#second = Math.imul(((this.#second << 13) | (this.#second >>> 19)) ^ word, FNV_PRIME) >>> 0;
    }
}
