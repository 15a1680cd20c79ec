import { concatBytes, equalBytes, utf8 } from "../../base/bytes.ts";
import type { Blake3 } from "../../wire/bundle-file.ts";
import { argOf, FORM, formOf, type Item } from "./item.ts";
import { type Part, readPart } from "./part.ts";
import { type BlockContext, bothNeeds, type Need, needs, READ_COST_MAX, readItem } from "./readings.ts";

export const CHECK_SIZE = 4;
export const ITEMS_MAX = 31;
/** Head and check, in bytes. */
export const BLOCK_OVERHEAD = 2 + CHECK_SIZE;

const HEAD_SIZE = 2;
const ITEM_CHECK_SIZE = 2;
const ITEM_OVERHEAD = HEAD_SIZE + ITEM_CHECK_SIZE;
/** What a varint of two bytes can say. */
const ITEM_SIZE_MAX = 0x3fff;
const DOMAIN = utf8("hearth-link-1");
const PART_DOMAIN = utf8("hearth-link-1 part");

export interface BlockItem {
    readonly payload: Uint8Array;
    readonly item: Item;
}

export type BlockReading =
    | { readonly kind: "payloads"; readonly payloads: readonly Uint8Array[] }
    | { readonly kind: "part"; readonly part: Part }
    /** Well formed, but no reading fits; whoever sent it can help with what is named. It may be damaged all the same. */
    | ({ readonly kind: "need" } & Need)
    | { readonly kind: "damaged" };

const DAMAGED = { kind: "damaged" } as const;

/** A block of 1 to ITEMS_MAX items. More, or one of 16 KiB that shares a block, is a bug of the caller and throws. */
export function encodeBlock(items: readonly BlockItem[], digest: Blake3): Uint8Array {
    const [first, ...others] = items;
    if (!first || items.length > ITEMS_MAX) throw new RangeError(`a block has 1 to ${ITEMS_MAX} items`);
    const check = blockCheck(
        items.map(({ payload }) => payload),
        digest,
    );
    if (others.length === 0) return concatBytes(u16(first.item.head), check, first.item.content);
    const several = items.flatMap(({ payload, item }) => [
        varint(ITEM_OVERHEAD + item.content.length),
        u16(item.head),
        itemCheck(payload, digest),
        item.content,
    ]);
    return concatBytes(u16((FORM.several << 12) | items.length), check, ...several);
}

/** The size of `encodeBlock` of these items, in bytes. */
export function blockSizeOf(items: readonly Item[]): number {
    const contents = items.reduce((size, { content }) => size + content.length, BLOCK_OVERHEAD);
    if (items.length === 1) return contents;
    return items.reduce((size, { content }) => {
        const itemSize = ITEM_OVERHEAD + content.length;
        return size + ITEM_OVERHEAD + varint(itemSize).length;
    }, contents);
}

/** A block of one part of a payload; `content` is the form's. */
export function encodePartBlock(content: Uint8Array, digest: Blake3): Uint8Array {
    return concatBytes(u16(FORM.part << 12), partCheck(content, digest), content);
}

/** 4 bytes over all payloads of a block; names the transfer as well. */
export function blockCheck(payloads: readonly Uint8Array[], digest: Blake3): Uint8Array {
    const sized = payloads.flatMap((payload) => [u32(payload.length), payload]);
    return digest(concatBytes(DOMAIN, ...sized)).slice(0, CHECK_SIZE);
}

/** 2 bytes: tells the readings of one item among several apart. */
export function itemCheck(payload: Uint8Array, digest: Blake3): Uint8Array {
    return blockCheck([payload], digest).subarray(0, ITEM_CHECK_SIZE);
}

/** Never throws; at most READINGS_MAX readings of each item and READ_COST_MAX for all. What it returns may be views into `body`. */
export function decodeBlock(body: Uint8Array, context: BlockContext): BlockReading {
    if (body.length < BLOCK_OVERHEAD) return DAMAGED;
    const head = headAt(body, 0);
    const check = body.subarray(HEAD_SIZE, BLOCK_OVERHEAD);
    const content = body.subarray(BLOCK_OVERHEAD);
    const { digest } = context;
    if (formOf(head) === FORM.part) {
        const part = argOf(head) === 0 && equalBytes(partCheck(content, digest), check) ? readPart(content) : undefined;
        return part ? { kind: "part", part } : DAMAGED;
    }
    if (formOf(head) === FORM.several) {
        const items = readSeveral(content, argOf(head));
        return items ? decodeSeveral(items, check, context) : DAMAGED;
    }
    const budget = { left: READ_COST_MAX };
    const reading = readItem({ head, content }, context, budget, (payload) =>
        equalBytes(blockCheck([payload], digest), check),
    );
    return reading.kind === "payload" ? { kind: "payloads", payloads: [reading.payload] } : reading;
}

interface CheckedItem extends Item {
    readonly check: Uint8Array;
}

function decodeSeveral(items: readonly CheckedItem[], check: Uint8Array, context: BlockContext): BlockReading {
    const { digest } = context;
    const budget = { left: READ_COST_MAX };
    const payloads: Uint8Array[] = [];
    let missing: Need = { keys: false, hour: false, ids: false };
    let guessed = missing;
    for (const item of items) {
        const reading = readItem(item, context, budget, (payload) =>
            equalBytes(itemCheck(payload, digest), item.check),
        );
        if (reading.kind === "damaged") return DAMAGED;
        if (reading.kind === "need") missing = bothNeeds(missing, reading);
        else {
            payloads.push(reading.payload);
            guessed = bothNeeds(guessed, reading.guessed);
        }
    }
    if (payloads.length < items.length) return { kind: "need", ...missing };
    if (equalBytes(blockCheck(payloads, digest), check)) return { kind: "payloads", payloads };
    return needs(guessed) ? { kind: "need", ...guessed } : DAMAGED;
}

/** Exactly `count` items that fill `content`, or undefined. */
function readSeveral(content: Uint8Array, count: number): readonly CheckedItem[] | undefined {
    if (count < 2 || count > ITEMS_MAX) return undefined;
    const items: CheckedItem[] = [];
    let offset = 0;
    while (items.length < count) {
        const size = itemSizeAt(content, offset);
        const start = offset + (size < 0x80 ? 1 : 2);
        offset = start + size;
        if (size < ITEM_OVERHEAD || offset > content.length) return undefined;
        items.push({
            head: headAt(content, start),
            check: content.subarray(start + HEAD_SIZE, start + ITEM_OVERHEAD),
            content: content.subarray(start + ITEM_OVERHEAD, offset),
        });
    }
    return offset === content.length ? items : undefined;
}

/** 0, which no item has, for what is not the shortest form of a size. */
function itemSizeAt(content: Uint8Array, at: number): number {
    const [low = 0, high = 0] = content.subarray(at, at + 2);
    if (low < 0x80) return low;
    return high > 0 && high < 0x80 ? (low & 0x7f) | (high << 7) : 0;
}

/** Of another domain than payloads, so that a damaged head never makes a payload of a part. */
function partCheck(content: Uint8Array, digest: Blake3): Uint8Array {
    return digest(concatBytes(PART_DOMAIN, content)).slice(0, CHECK_SIZE);
}

function headAt(bytes: Uint8Array, at: number): number {
    return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function u16(value: number): Uint8Array {
    return Uint8Array.of(value >> 8, value);
}

function u32(value: number): Uint8Array {
    return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function varint(value: number): Uint8Array {
    if (value > ITEM_SIZE_MAX) throw new RangeError(`an item has at most ${ITEM_SIZE_MAX} bytes, not ${value}`);
    return value < 0x80 ? Uint8Array.of(value) : Uint8Array.of((value & 0x7f) | 0x80, value >> 7);
}
