import { addProduct, inverse, scale } from "./field.ts";
import { addFilled, coefficient, FILLING, SOURCES_MAX, SYMBOL_IDS } from "./symbols.ts";

/** Bytes of one symbol: what a frame of 512 bytes could hold. */
export const SYMBOL_SIZE_MAX = 512;

/** `gained`: one symbol nearer to the block. `known`: nothing new, the block may be whole. `misfit`: no such symbol. */
export type Addition = "gained" | "known" | "misfit";

/**
 * The symbols of one block as they come, in any order. It keeps at most `count` symbols of at most `size` bytes. A symbol
 * of a known id never replaces the first one; whether the block is right is for the check over its payloads to say.
 */
export class SymbolSet {
    readonly count: number;
    readonly size: number;
    readonly #symbols = new Map<number, Uint8Array>();

    /** `count` source symbols, 1 to 32, of `size` bytes, 1 to 512. */
    constructor({ count, size }: { readonly count: number; readonly size: number }) {
        if (!isWithin(count, 1, SOURCES_MAX)) throw new RangeError(`a block of ${count} symbols`);
        if (!isWithin(size, 1, SYMBOL_SIZE_MAX)) throw new RangeError(`a symbol of ${size} bytes`);
        this.count = count;
        this.size = size;
    }

    /** Different symbols held. */
    get rank(): number {
        return this.#symbols.size;
    }

    /** So many more different symbols give the block. */
    get missing(): number {
        return this.count - this.rank;
    }

    get isWhole(): boolean {
        return this.missing === 0;
    }

    /** Ids below `count` are source symbols, of which only the last may be short; those up to 159 are repair. Copies `bytes`. */
    add(id: number, bytes: Uint8Array): Addition {
        if (!isWithin(id, 0, SYMBOL_IDS - 1) || !this.#fits(id, bytes.length)) return "misfit";
        if (this.isWhole || this.#symbols.has(id)) return "known";
        this.#symbols.set(id, bytes.slice());
        return "gained";
    }

    #fits(id: number, size: number): boolean {
        return id === this.count - 1 ? isWithin(size, 1, this.size) : size === this.size;
    }

    /** Source symbol `index` if it came as itself. */
    source(index: number): Uint8Array | undefined {
        return index < this.count ? this.#symbols.get(index) : undefined;
    }

    /** What is held, in the order of arrival: added to a new set it gives the same set. */
    symbols(): Iterable<readonly [id: number, bytes: Uint8Array]> {
        return this.#symbols.entries();
    }

    /**
     * What the block may be, likeliest first: one body if its last source symbol came as itself; otherwise, if that one
     * could be filled up, the body without the filling and then the whole. They share memory. None before it is whole.
     */
    solve(): readonly Uint8Array[] {
        if (!this.isWhole) return [];
        const body = new Uint8Array(this.count * this.size);
        for (const [index, bytes] of this.#lost()) body.set(bytes, index * this.size);
        for (const [id, bytes] of this.#symbols) if (id < this.count) body.set(bytes, id * this.size);
        const last = this.source(this.count - 1);
        if (last) return [body.subarray(0, body.length - this.size + last.length)];
        const end = endBeforeFilling(body);
        return end > body.length - this.size ? [body.subarray(0, end), body] : [body];
    }

    /** The source symbols that did not come, out of as many repair symbols. */
    #lost(): ReadonlyMap<number, Uint8Array> {
        const lost = Array.from({ length: this.count }, (_, index) => index).filter((each) => !this.#symbols.has(each));
        const rows: Row[] = [];
        for (const [id, symbol] of this.#symbols) {
            if (id < this.count) continue;
            const sum = symbol.slice();
            this.#symbols.forEach((bytes, known) => {
                if (known < this.count) addFilled(sum, coefficient(id, known), bytes);
            });
            rows.push({ factors: Uint8Array.from(lost, (index) => coefficient(id, index)), sum });
        }
        eliminate(rows);
        return new Map(lost.map((index, at) => [index, rows[at]?.sum ?? new Uint8Array()]));
    }
}

/** One equation: Σ factors(i) · lost(i) = sum. */
interface Row {
    readonly factors: Uint8Array;
    readonly sum: Uint8Array;
}

/** Gauss and Jordan. Every square part of a Cauchy matrix is one itself, so that no pivot is 0 and no rows are swapped. */
function eliminate(rows: readonly Row[]): void {
    for (const [column, pivot] of rows.entries()) {
        const divisor = inverse(pivot.factors[column] ?? 0);
        scale(pivot.factors, divisor);
        scale(pivot.sum, divisor);
        rows.forEach((row) => {
            if (row === pivot) return;
            const factor = row.factors[column] ?? 0;
            addProduct(row.factors, factor, pivot.factors);
            addProduct(row.sum, factor, pivot.sum);
        });
    }
}

/** Where zeros and the 0x80 before them begin; -1 if the body does not end so. */
function endBeforeFilling(body: Uint8Array): number {
    const last = body.findLastIndex((byte) => byte !== 0);
    return body[last] === FILLING ? last : -1;
}

function isWithin(value: number, low: number, high: number): boolean {
    return Number.isInteger(value) && value >= low && value <= high;
}
