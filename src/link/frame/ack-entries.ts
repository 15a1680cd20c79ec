import { concatBytes } from "../../base/bytes.ts";
import { SYMBOLS_MAX } from "./limits.ts";
import { checkBytes, uint } from "./numbers.ts";

/** One thing that an ack says; docs/link.md, section 5. */
export type AckEntry =
    /** `item` 0 means the whole block, else one of several, counted from 1. */
    | { readonly kind: Verdict; readonly check: number; readonly item: number }
    /** Whole, but the verdict is not known yet. Ask again. */
    | { readonly kind: "kept"; readonly check: number }
    /** Nothing is held of this block. */
    | { readonly kind: "none"; readonly check: number }
    | {
          readonly kind: "need";
          readonly check: number;
          readonly keys: boolean;
          readonly hour: boolean;
          readonly ids: boolean;
      }
    /** So many symbols are missing of the transfer that the data sender calls `slot`. */
    | { readonly kind: "partial"; readonly alias: number; readonly slot: number; readonly missing: number }
    /** The answer to a poll: which source symbols are here, and how many symbols of any kind are missing. */
    | { readonly kind: "held"; readonly check: number; readonly missing: number; readonly held: readonly boolean[] };

/** Durable here, refused for ever, or not now. */
export type Verdict = "stored" | "rejected" | "later";

const CODES = ["stored", "rejected", "later", "need", "partial", "held", "none", "kept"] as const;
const CHECK_SIZE = 4;

/** Ties a check to what is said of it: 2^32 divided by the golden ratio, so that each first byte gives another mask. */
const MASK_FACTOR = 0x9e3779b1;

const NEED_KEYS = 1;
const NEED_HOUR = 2;
const NEED_IDS = 4;

export function encodeEntries(entries: readonly AckEntry[]): Uint8Array {
    return concatBytes(...entries.map(entryBytes));
}

/** Bytes that `entry` takes in an ack frame. */
export function entrySize(entry: AckEntry): number {
    return entryBytes(entry).length;
}

export function decodeEntries(bytes: Uint8Array): readonly AckEntry[] | undefined {
    const entries: AckEntry[] = [];
    for (let offset = 0; offset < bytes.length; ) {
        const read = decodeEntry(bytes.subarray(offset));
        if (!read) return undefined;
        entries.push(read.entry);
        offset += read.size;
    }
    return entries;
}

function entryBytes(entry: AckEntry): Uint8Array {
    const low = lowBits(entry);
    const head = (CODES.indexOf(entry.kind) << 5) | low;
    if (entry.kind === "partial") return Uint8Array.of(head, (entry.alias << 4) | entry.slot);
    const named = concatBytes(Uint8Array.of(head), checkBytes(masked(entry.check, head)));
    return entry.kind === "held" ? concatBytes(named, Uint8Array.of(entry.missing), bitmap(entry.held)) : named;
}

/** A damaged first byte names another block, so that no "later" ever reads as "stored". */
function masked(check: number, head: number): number {
    return (check ^ Math.imul(head, MASK_FACTOR)) >>> 0;
}

function lowBits(entry: AckEntry): number {
    switch (entry.kind) {
        case "need":
            return (entry.keys ? NEED_KEYS : 0) | (entry.hour ? NEED_HOUR : 0) | (entry.ids ? NEED_IDS : 0);
        case "partial":
            return entry.missing - 1;
        case "held":
            return entry.held.length - 1;
        case "kept":
        case "none":
            return 0;
        default:
            return entry.item;
    }
}

function decodeEntry(bytes: Uint8Array): { readonly entry: AckEntry; readonly size: number } | undefined {
    const head = bytes[0] ?? 0;
    const kind = CODES[head >> 5] ?? "kept";
    const low = head & 31;
    if (kind === "partial") {
        const name = bytes[1];
        return name === undefined
            ? undefined
            : { entry: { kind, alias: name >> 4, slot: name & 15, missing: low + 1 }, size: 2 };
    }
    const size = 1 + CHECK_SIZE;
    if (bytes.length < size) return undefined;
    const check = masked(uint(bytes, 1, CHECK_SIZE), head);
    if (kind === "held") return decodeHeld(bytes, { check, count: low + 1 });
    if (kind === "need") {
        const [keys, hour, ids] = [(low & NEED_KEYS) > 0, (low & NEED_HOUR) > 0, (low & NEED_IDS) > 0];
        return { entry: { kind, check, keys, hour, ids }, size };
    }
    if (kind === "kept" || kind === "none") return { entry: { kind, check }, size };
    return { entry: { kind, check, item: low }, size };
}

function decodeHeld(bytes: Uint8Array, { check, count }: { readonly check: number; readonly count: number }) {
    const start = 2 + CHECK_SIZE;
    const size = start + Math.ceil(count / 8);
    const missing = bytes[1 + CHECK_SIZE] ?? 0;
    if (bytes.length < size || missing > SYMBOLS_MAX) return undefined;
    const held = Array.from(
        { length: count },
        (_, index) => (((bytes[start + (index >> 3)] ?? 0) >> (index & 7)) & 1) === 1,
    );
    return { entry: { kind: "held", check, missing, held } as const, size };
}

function bitmap(held: readonly boolean[]): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(held.length / 8));
    for (const [index, here] of held.entries())
        if (here) bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (1 << (index & 7));
    return bytes;
}
