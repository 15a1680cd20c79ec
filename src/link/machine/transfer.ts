import { FORM, formOf } from "../block/item.ts";
import { repairSymbol, sourceSymbols } from "../erasure/symbols.ts";
import type { AckEntry, Verdict } from "../frame/ack-entries.ts";
import { type LinkFrame, type RepairFrame, repairId, type SourceFrame } from "../frame/frame.ts";
import { REPAIR_NUMBERS, SINGLE_HEADER_SIZE, SYMBOL_HEADER_SIZE } from "../frame/limits.ts";
import { uint } from "../frame/numbers.ts";

/** Short ones are heard first. */
export type Urgency = "tombstone" | "short" | "long";

/** What one neighbour has of a transfer. */
interface Listener {
    /** Symbols that it still needs, as it last said. */
    missing: number;
    /** Whether nothing was sent since it said so. */
    fresh: boolean;
    /** It has all of it, and its depot has not spoken yet. */
    kept: boolean;
    /** By item, counted from 1. */
    readonly verdicts: Map<number, Verdict>;
}

export interface TransferOptions {
    readonly check: number;
    readonly body: Uint8Array;
    readonly urgency: Urgency;
    readonly offers: readonly number[];
    /** The head of each item. */
    readonly heads: readonly number[];
    readonly frameSizeMax: number;
    /** An earlier life of this gateway may have sent some of it: ask first. */
    readonly resumed?: boolean;
}

/** One block on its way to all neighbours. */
export class Transfer {
    readonly check: number;
    readonly body: Uint8Array;
    readonly urgency: Urgency;
    /** The offers that it carries, in the order of the block's items; a part carries its payload's. */
    readonly offers: readonly number[];
    readonly heads: readonly number[];
    readonly symbolSize: number;
    /** Its name in frames, from its first one on. */
    slot: number | undefined;
    framesSent = 0;
    /** Questions about it without a frame of it. */
    rounds = 0;
    readonly #sources: readonly Uint8Array[];
    readonly #listeners = new Map<number, Listener>();
    /** Listeners that never spoke are taken to have nothing, unless an earlier life may have sent it. */
    readonly #resumed: boolean;
    /** Source symbols that were never sent, in order. */
    #unsent: number[];
    /** Repair symbols sent, by `left`. */
    readonly #numbers = [0, 0, 0, 0];
    #again = 0;
    #isHeardOf = false;
    #sentInTurn = 0;

    constructor({ check, body, urgency, offers, heads, frameSizeMax, resumed = false }: TransferOptions) {
        this.check = check;
        this.body = body;
        this.urgency = urgency;
        this.offers = offers;
        this.heads = heads;
        this.symbolSize = frameSizeMax - SYMBOL_HEADER_SIZE;
        this.#resumed = resumed;
        this.#sources = sourceSymbols(body, this.symbolSize);
        this.#unsent = this.#sources.map((_, index) => index);
    }

    /** Source symbols. */
    get count(): number {
        return this.#sources.length;
    }

    /** Nobody was asked yet what an earlier life left with him. */
    get mustAsk(): boolean {
        return this.#resumed && !this.#isHeardOf;
    }

    get isPart(): boolean {
        return formOf(uint(this.body, 0, 2)) === FORM.part;
    }

    /** Whether it could go in one frame with nothing else in this turn. */
    get mayGoAlone(): boolean {
        return this.#sentInTurn === 0 && this.body.length + SINGLE_HEADER_SIZE <= this.symbolSize + SYMBOL_HEADER_SIZE;
    }

    get isKeptSomewhere(): boolean {
        return [...this.#listeners.values()].some(({ kept }) => kept);
    }

    isKeptBy(node: number): boolean {
        return this.#listeners.get(node)?.kept ?? false;
    }

    /** Whether anybody's verdict over every item is known. */
    get isRuled(): boolean {
        return [...this.#listeners.keys()].some((node) => this.isDoneBy(node));
    }

    isDoneBy(node: number): boolean {
        const verdicts = this.#listeners.get(node)?.verdicts;
        return verdicts !== undefined && this.offers.every((_, index) => verdicts.has(index + 1));
    }

    /** Symbols that `node` is known to lack and that were not sent since; 0 while that has to be asked. */
    missingAt(node: number): number {
        const { missing, fresh } = this.#listener(node);
        return fresh && !this.isDoneBy(node) ? missing : 0;
    }

    /** Takes up what a neighbour says of this block. */
    hear(node: number, entry: AckEntry): void {
        const listener = this.#listener(node);
        listener.fresh = true;
        this.#isHeardOf = true;
        listener.kept = entry.kind === "kept";
        switch (entry.kind) {
            case "stored":
            case "rejected":
            case "later":
                listener.missing = 0;
                for (const index of this.offers.keys()) {
                    if (entry.item === 0 || entry.item === index + 1) listener.verdicts.set(index + 1, entry.kind);
                }
                return;
            case "kept":
            case "need":
                listener.missing = 0;
                return;
            case "none":
                listener.missing = this.count;
                return;
            case "partial":
                listener.missing = Math.min(entry.missing, this.count);
                return;
            case "held":
                listener.missing = Math.min(entry.missing, this.count);
                if (this.framesSent === 0) this.#unsent = this.#unsent.filter((index) => !entry.held[index]);
        }
    }

    /** The verdict over the item `index`, counted from 0: the best of all neighbours. */
    verdictOn(index: number): Verdict | undefined {
        const all = [...this.#listeners.values()].map(({ verdicts }) => verdicts.get(index + 1));
        return (["stored", "rejected", "later"] as const).find((verdict) => all.includes(verdict));
    }

    /** All of it in one frame. */
    wholeFrame(alias: number): LinkFrame {
        this.#countFrame();
        return { kind: "single", alias, block: this.body };
    }

    /** The next symbol that nobody can have yet; `slot` must be set. */
    nextFrame(alias: number, left: number): SourceFrame | RepairFrame {
        this.#countFrame();
        const head = { alias, slot: this.slot ?? 0, count: this.count, left };
        const number = this.#numbers[left] ?? REPAIR_NUMBERS;
        const source = this.#unsent.shift() ?? (number >= REPAIR_NUMBERS ? this.#again++ % this.count : undefined);
        if (source !== undefined) {
            return { kind: "source", ...head, index: source, symbol: this.#sources[source] ?? new Uint8Array(0) };
        }
        this.#numbers[left] = number + 1;
        const id = repairId({ count: this.count, number, left });
        return { kind: "repair", ...head, number, symbol: repairSymbol(this.#sources, this.symbolSize, id) };
    }

    /** A frame never left the antenna. */
    takeBack(frame: LinkFrame): void {
        this.framesSent--;
        this.#sentInTurn--;
        if (frame.kind === "source") this.#unsent.unshift(frame.index);
    }

    /** What was sent is out: from now on the listeners have to be asked. */
    endTurn(): void {
        if (this.#sentInTurn > 0) for (const listener of this.#listeners.values()) listener.fresh = false;
        this.#sentInTurn = 0;
    }

    #countFrame(): void {
        this.framesSent++;
        this.#sentInTurn++;
        this.rounds = 0;
    }

    #listener(node: number): Listener {
        const known = this.#listeners.get(node);
        if (known) return known;
        const listener: Listener = { missing: this.count, fresh: !this.#resumed, kept: false, verdicts: new Map() };
        this.#listeners.set(node, listener);
        return listener;
    }
}
