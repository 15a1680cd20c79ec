import type { Millis } from "../../base/time.ts";
import { SymbolSet } from "../erasure/symbol-set.ts";
import { type RepairFrame, repairId, type SourceFrame } from "../frame/frame.ts";
import { uint } from "../frame/numbers.ts";

/** Where the check of a block lies in its first source symbol, in bytes. */
const CHECK_AT = 2;
const CHECK_SIZE = 4;

/** How a sender names a transfer and cuts its block. */
export interface Cut {
    readonly alias: number;
    readonly slot: number;
    readonly count: number;
    readonly symbolSize: number;
    readonly now: Millis;
}

/** The symbols of one transfer as they come. */
export class Assembly {
    readonly alias: number;
    slot: number;
    readonly count: number;
    lastGain: Millis;
    /** Names the block, once its first source symbol or a poll told. */
    #check: number | undefined;
    #symbols: SymbolSet | undefined;
    /** The last source symbol, while no other told how long symbols are. */
    #tail: Uint8Array | undefined;

    constructor({
        alias,
        slot,
        count,
        now,
    }: { readonly alias: number; readonly slot: number; readonly count: number; readonly now: Millis }) {
        this.alias = alias;
        this.slot = slot;
        this.count = count;
        this.lastGain = now;
    }

    get check(): number | undefined {
        return this.#check;
    }

    get symbols(): SymbolSet | undefined {
        return this.#symbols;
    }

    get missing(): number {
        return this.#symbols?.missing ?? this.count - (this.#tail ? 1 : 0);
    }

    /** Bytes kept. */
    get size(): number {
        return (this.#symbols ? this.#symbols.rank * this.#symbols.size : 0) + (this.#tail?.length ?? 0);
    }

    /** Tells whether the frame brought something new. A symbol that fits nothing is dropped. */
    add(frame: SourceFrame | RepairFrame, now: Millis): boolean {
        const gained = this.#take(frame);
        if (gained) this.lastGain = now;
        return gained;
    }

    /** A poll says what this is and how long its symbols are. */
    name(check: number, symbolSize: number): void {
        this.#check = check;
        this.#sizeIs(symbolSize);
    }

    /** Which source symbols are here as themselves. */
    held(): readonly boolean[] {
        return Array.from({ length: this.count }, (_, index) => this.#source(index) !== undefined);
    }

    /** Whether a frame that came again for this transfer says the same as before. */
    contradicts(frame: SourceFrame | RepairFrame): boolean {
        if (frame.count !== this.count) return true;
        const size = this.#symbols?.size;
        const isLast = frame.kind === "source" && frame.index === this.count - 1;
        if (size !== undefined && (isLast ? frame.symbol.length > size : frame.symbol.length !== size)) return true;
        return (
            this.#check !== undefined &&
            frame.kind === "source" &&
            frame.index === 0 &&
            checkIn(frame.symbol) !== this.#check
        );
    }

    /** The same block under another name, cut into other symbols, with what of it came as itself. */
    recut({ alias, slot, count, symbolSize, now }: Cut): Assembly {
        const next = new Assembly({ alias, slot, count, now });
        next.name(this.#check ?? 0, symbolSize);
        const old = this.#symbols;
        if (!old) return next;
        const last = this.#source(this.count - 1);
        const bodySize = last ? (this.count - 1) * old.size + last.length : undefined;
        for (let index = 0; index < count; index++) {
            const end = index < count - 1 ? (index + 1) * symbolSize : bodySize;
            const bytes = end === undefined ? undefined : this.#range(index * symbolSize, end);
            if (bytes) next.symbols?.add(index, bytes);
        }
        return next;
    }

    /** For a snapshot. */
    *sources(): Iterable<readonly [id: number, bytes: Uint8Array]> {
        if (this.#symbols) yield* this.#symbols.symbols();
    }

    #take(frame: SourceFrame | RepairFrame): boolean {
        const isTail = frame.kind === "source" && frame.index === this.count - 1 && this.count > 1;
        if (!this.#symbols && isTail) {
            const isNew = this.#tail === undefined;
            this.#tail ??= frame.symbol.slice();
            return isNew;
        }
        this.#sizeIs(frame.symbol.length);
        const id = frame.kind === "source" ? frame.index : repairId(frame);
        const gained = this.#symbols?.add(id, frame.symbol) === "gained";
        if (gained && id === 0) this.#check ??= checkIn(frame.symbol);
        return gained;
    }

    #sizeIs(size: number): void {
        if (this.#symbols) return;
        this.#symbols = new SymbolSet({ count: this.count, size });
        if (this.#tail) this.#symbols.add(this.count - 1, this.#tail);
        this.#tail = undefined;
    }

    #source(index: number): Uint8Array | undefined {
        return this.#symbols?.source(index) ?? (index === this.count - 1 ? this.#tail : undefined);
    }

    /** Bytes `from` to `to` of the block if all of them came as themselves. */
    #range(from: number, to: number): Uint8Array | undefined {
        const size = this.#symbols?.size ?? 0;
        if (to <= from || size === 0) return undefined;
        const bytes = new Uint8Array(to - from);
        for (let at = from; at < to; ) {
            const symbol = this.#source(Math.floor(at / size));
            const within = symbol?.subarray(at % size, (at % size) + to - at);
            if (!within || within.length === 0) return undefined;
            bytes.set(within, at - from);
            at += within.length;
        }
        return bytes;
    }
}

function checkIn(symbol: Uint8Array): number | undefined {
    return symbol.length < CHECK_AT + CHECK_SIZE ? undefined : uint(symbol, CHECK_AT, CHECK_SIZE);
}
