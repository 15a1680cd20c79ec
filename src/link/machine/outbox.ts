import { toHex } from "../../base/encoding.ts";
import { BLOCK_OVERHEAD, type BlockItem, blockCheck, blockSizeOf, encodeBlock, ITEMS_MAX } from "../block/block.ts";
import { encodeItem, encodeItemAs, FORM, formOf, messageIdOf, PAYLOAD_SIZE_MAX, routingKeyOf } from "../block/item.ts";
import { splitIntoParts } from "../block/part-shelf.ts";
import { SINGLE_HEADER_SIZE, SYMBOL_HEADER_SIZE, SYMBOLS_MAX } from "../frame/limits.ts";
import { uint } from "../frame/numbers.ts";
import type { LinkEffect } from "../link.ts";
import { checkOf } from "./blocks.ts";
import type { Knowledge } from "./knowledge.ts";
import { OFFERS_MAX } from "./options.ts";
import type { KeptTransfer } from "./snapshot.ts";
import { Transfer, type TransferOptions, type Urgency } from "./transfer.ts";

/** How a payload is written: briefly, with everything named, or as it is. */
export type Wording = "brief" | "full" | "raw";

const TOMBSTONE_TYPE = 2;
/** Bytes of a payload's digest that name it in a snapshot. */
const NAME_SIZE = 8;
const URGENCIES: readonly Urgency[] = ["tombstone", "short", "long"];

export interface Offer {
    readonly offer: number;
    readonly payload: Uint8Array;
    wording: Wording;
}

export interface OutboxOptions {
    readonly knowledge: Knowledge;
    /** Without trailer. */
    readonly frameSizeMax: number;
    readonly earlier: readonly KeptTransfer[];
}

/** Payloads that wait for their transfer, and how they become blocks. */
export class Outbox {
    readonly #knowledge: Knowledge;
    readonly #frameSizeMax: number;
    readonly #waiting = new Map<number, Offer>();
    /** Offers in transfers; they count for the limit. */
    readonly #taken = new Map<number, Offer>();
    /** Parts of large payloads that wait for room. */
    #parts: Transfer[] = [];
    /** Blocks of an earlier life, by check: made again as they were, they go on where they stopped. */
    readonly #earlier: Map<number, KeptTransfer>;

    constructor({ knowledge, frameSizeMax, earlier }: OutboxOptions) {
        this.#knowledge = knowledge;
        this.#frameSizeMax = frameSizeMax;
        this.#earlier = new Map(earlier.map((kept) => [kept.check, kept]));
    }

    /** Whether blocks of an earlier life wait for their payloads to be offered again. */
    get remembers(): boolean {
        return this.#earlier.size > 0;
    }

    /** Whoever was not offered again by now will not be. */
    forgetEarlier(): void {
        this.#earlier.clear();
    }

    /** How the blocks of these transfers were put together, for the next life. */
    keep(transfers: readonly Transfer[]): readonly KeptTransfer[] {
        return transfers.map(({ check, offers, heads }) => ({
            check,
            items: offers.map((offer, index) => ({
                name: this.#nameOf(this.payload(offer)),
                head: heads[index] ?? FORM.raw,
            })),
        }));
    }

    get isEmpty(): boolean {
        return this.#waiting.size === 0 && this.#parts.length === 0;
    }

    /** Whether something short waits that should not wait for something long. */
    get hasShort(): boolean {
        return [...this.#waiting.values()].some((offer) => this.#urgencyOf(offer) !== "long");
    }

    add(offer: number, payload: Uint8Array): readonly LinkEffect[] {
        if (payload.length === 0 || payload.length > PAYLOAD_SIZE_MAX)
            return [
                {
                    kind: "failed",
                    offer,
                    detail: `the link carries 1 to ${PAYLOAD_SIZE_MAX} bytes, not ${payload.length}`,
                },
            ];
        if (this.#waiting.size + this.#taken.size >= OFFERS_MAX)
            return [{ kind: "failed", offer, detail: `the link already works on ${OFFERS_MAX} payloads` }];
        this.#waiting.set(offer, { offer, payload, wording: "brief" });
        return [];
    }

    /** Forgets an offer wherever it is. */
    end(offer: number): void {
        this.#waiting.delete(offer);
        this.#taken.delete(offer);
        this.#parts = this.#parts.filter(({ offers }) => !offers.includes(offer));
    }

    payload(offer: number): Uint8Array | undefined {
        return (this.#taken.get(offer) ?? this.#waiting.get(offer))?.payload;
    }

    all(): readonly number[] {
        return [...this.#waiting.keys(), ...this.#taken.keys()];
    }

    /** The next blocks to send, at most `room` of them, the urgent ones first. `shortOnly`: nothing long, and only what fits one frame. */
    open(room: number, shortOnly = false): readonly Transfer[] {
        const opened: Transfer[] = [];
        while (opened.length < room) {
            const next = shortOnly ? this.#openShort(true) : this.#openNext();
            if (!next) break;
            opened.push(next);
        }
        return opened;
    }

    /**
     * Writes the offers of a transfer anew because somebody cannot read it; undefined when it says everything already. What
     * has no room in one block any more waits for others: "apart".
     */
    reword(transfer: Transfer): Transfer | "apart" | undefined {
        const offers = transfer.offers.flatMap((offer) => this.#taken.get(offer) ?? []);
        if (offers.some(({ wording }) => wording === "raw") || offers.length === 0) return undefined;
        for (const offer of offers) {
            this.#unlearn(offer.payload);
            offer.wording = offer.wording === "brief" ? "full" : "raw";
        }
        const items = offers.map((offer) => this.#itemOf(offer));
        if (blockSizeOf(items.map(({ item }) => item)) <= this.#blockSizeMax) return this.#transferOf(items);
        for (const offer of offers) {
            this.#taken.delete(offer.offer);
            this.#waiting.set(offer.offer, offer);
        }
        return "apart";
    }

    /** Routing keys that a reader of this transfer must know. */
    keysOf(transfer: Transfer): readonly Uint8Array[] {
        const keys = transfer.offers.flatMap(
            (offer) => routingKeyOf(this.#taken.get(offer)?.payload ?? new Uint8Array(0)) ?? [],
        );
        return [...new Map(keys.map((key) => [key.join(), key])).values()];
    }

    #openNext(): Transfer | undefined {
        return this.#openEarlier() ?? this.#openShort(false) ?? this.#parts.shift() ?? this.#openLong();
    }

    /** A block of an earlier life whose payloads are all here again. */
    #openEarlier(): Transfer | undefined {
        if (this.#earlier.size === 0) return undefined;
        const waiting = new Map([...this.#waiting.values()].map((offer) => [this.#nameOf(offer.payload), offer]));
        for (const { check, items } of this.#earlier.values()) {
            const again = items.flatMap(({ name, head }) => {
                const offer = waiting.get(name);
                const item = offer && encodeItemAs(offer.payload, head);
                return offer && item ? [{ offer: offer.offer, payload: offer.payload, item }] : [];
            });
            if (again.length < items.length) continue;
            this.#earlier.delete(check);
            const transfer = this.#transferOf(again, true);
            if (transfer.check === check) return transfer;
        }
        return undefined;
    }

    /** Tombstones and messages that are not large, as many as share a block. */
    #openShort(oneFrame: boolean): Transfer | undefined {
        const sizeMax = oneFrame ? this.#frameSizeMax - SYMBOL_HEADER_SIZE : this.#blockSizeMax;
        const items: (BlockItem & { readonly offer: number })[] = [];
        const shared = [...this.#waiting.values()].filter(({ payload }) => payload.length <= SHARED_SIZE_MAX);
        for (const urgency of oneFrame ? URGENCIES.slice(0, 2) : URGENCIES) {
            for (const offer of shared.filter((each) => this.#urgencyOf(each) === urgency)) {
                const item = this.#itemOf(offer);
                const fits = blockSizeOf([...items, item].map((each) => each.item)) <= sizeMax;
                if (fits && items.length < ITEMS_MAX) items.push(item);
            }
        }
        return items.length > 0 ? this.#transferOf(items) : undefined;
    }

    #openLong(): Transfer | undefined {
        const [offer] = this.#waiting.values();
        if (!offer) return undefined;
        const item = this.#itemOf(offer);
        if (blockSizeOf([item.item]) <= this.#blockSizeMax) return this.#transferOf([item]);
        const parts = splitIntoParts(offer.payload, this.#blockSizeMax, this.#knowledge.digest) ?? [];
        this.#take(offer.offer);
        this.#parts = parts.map((body) => {
            const check = checkOf(body);
            const resumed = this.#earlier.delete(check);
            return this.#newTransfer({ body, check, offers: [offer.offer], heads: [FORM.part << 12], resumed });
        });
        return this.#parts.shift();
    }

    #transferOf(items: readonly (BlockItem & { readonly offer: number })[], resumed = false): Transfer {
        const body = encodeBlock(items, this.#knowledge.digest);
        for (const { offer } of items) this.#take(offer);
        const check = uint(
            blockCheck(
                items.map(({ payload }) => payload),
                this.#knowledge.digest,
            ),
            0,
            4,
        );
        return this.#newTransfer({
            body,
            check,
            offers: items.map(({ offer }) => offer),
            heads: items.map(({ item }) => item.head),
            resumed,
        });
    }

    #newTransfer(parts: Pick<TransferOptions, "body" | "check" | "offers" | "heads" | "resumed">): Transfer {
        const { body, offers } = parts;
        const short = body.length <= this.#singleSizeMax || offers.length > 1;
        const tombstone = offers.every((offer) => this.payload(offer)?.[0] === TOMBSTONE_TYPE);
        const urgency = tombstone ? "tombstone" : short ? "short" : "long";
        return new Transfer({ ...parts, urgency, frameSizeMax: this.#frameSizeMax });
    }

    #itemOf({ offer, payload, wording }: Offer): BlockItem & { readonly offer: number } {
        const belief = wording === "brief" ? this.#knowledge : IGNORANT;
        const item = wording === "raw" ? { head: FORM.raw, content: payload } : encodeItem(payload, belief);
        return { offer, payload, item };
    }

    #take(offer: number): void {
        const waiting = this.#waiting.get(offer);
        if (!waiting) return;
        this.#waiting.delete(offer);
        this.#taken.set(offer, waiting);
    }

    #nameOf(payload: Uint8Array | undefined): string {
        return payload ? toHex(this.#knowledge.digest(payload).subarray(0, NAME_SIZE)) : "";
    }

    #unlearn(payload: Uint8Array): void {
        for (const known of [routingKeyOf(payload), messageIdOf(payload)]) if (known) this.#knowledge.unlearn(known);
    }

    #urgencyOf({ payload }: Offer): Urgency {
        if (payload[0] === TOMBSTONE_TYPE) return "tombstone";
        return payload.length + BLOCK_OVERHEAD <= this.#singleSizeMax + SHRINKS_BY ? "short" : "long";
    }

    get #singleSizeMax(): number {
        return this.#frameSizeMax - SINGLE_HEADER_SIZE;
    }

    get #blockSizeMax(): number {
        return SYMBOLS_MAX * (this.#frameSizeMax - SYMBOL_HEADER_SIZE);
    }
}

/** Larger payloads have a block of their own, in bytes. */
const SHARED_SIZE_MAX = 1_024;

/** How much shorter the brief form of a message is than its payload, in bytes. */
const SHRINKS_BY = 27;

const IGNORANT = { keyKnown: () => false, idKnown: () => false, hour: undefined };

/** Whether the block of `transfer` names anything by a short form. */
export function isBrief(transfer: Transfer): boolean {
    const form = formOf(uint(transfer.body, 0, 2));
    return form !== FORM.raw && form !== FORM.messageKeyHour && form !== FORM.tombstone && form !== FORM.part;
}
