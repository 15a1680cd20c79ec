import { concatBytes } from "../../base/bytes.ts";
import { CONTROL_TYPES, type ControlFrame, decodeControl, encodeControl } from "./control.ts";
import { FRAME_SIZE_MAX, LEFT_MAX, SINGLE_HEADER_SIZE, SYMBOL_HEADER_SIZE, VERSION } from "./limits.ts";

/** What each frame on the air is; docs/link.md, section 1. */
export type LinkFrame = SingleFrame | SourceFrame | RepairFrame | ControlFrame;

/** A block that fits one frame; its sender listens now. */
export interface SingleFrame {
    readonly kind: "single";
    /** 0..15, the sender's short name. */
    readonly alias: number;
    readonly block: Uint8Array;
}

interface SymbolFrame {
    readonly alias: number;
    /** 0..15, the transfer's name at its sender. */
    readonly slot: number;
    /** Source symbols of the block, 1..32. */
    readonly count: number;
    /** Frames that the sender still sends before it listens; 3 means three or more. */
    readonly left: number;
    readonly symbol: Uint8Array;
}

export interface SourceFrame extends SymbolFrame {
    readonly kind: "source";
    /** 0..count − 1. */
    readonly index: number;
}

export interface RepairFrame extends SymbolFrame {
    readonly kind: "repair";
    /** 0..31; with `left` it names the repair symbol. */
    readonly number: number;
}

export type DecodedFrame =
    | { readonly ok: true; readonly frame: LinkFrame }
    | { readonly ok: false; readonly error: "damaged" | "unknown" };

const KINDS = ["single", "source", "repair", "control"] as const;

export function encodeFrame(frame: LinkFrame): Uint8Array {
    switch (frame.kind) {
        case "single":
            return concatBytes(Uint8Array.of(firstByte("single", frame.alias)), frame.block);
        case "source":
            return encodeSymbol(frame, frame.index);
        case "repair":
            return encodeSymbol(frame, frame.number);
        default:
            return concatBytes(Uint8Array.of(firstByte("control", frame.alias)), encodeControl(frame));
    }
}

/** Any bytes from the air. Symbols and blocks are views into `bytes`. */
export function decodeFrame(bytes: Uint8Array): DecodedFrame {
    const first = bytes[0];
    if (first === undefined || bytes.length > FRAME_SIZE_MAX) return damaged;
    if (first >> 6 !== VERSION) return unknown;
    const alias = first & 15;
    const kind = KINDS[(first >> 4) & 3] ?? "control";
    if (kind === "control") return decodeControl(bytes.subarray(1), alias);
    if (kind === "single") {
        return bytes.length > SINGLE_HEADER_SIZE
            ? frameOf({ kind, alias, block: bytes.subarray(SINGLE_HEADER_SIZE) })
            : damaged;
    }
    return bytes.length > SYMBOL_HEADER_SIZE ? decodeSymbol(kind, alias, bytes) : damaged;
}

/** What a frame wants, from its first two bytes and whatever follows: a network key's trailer does not matter. */
export function roleOf(bytes: Uint8Array): "asks" | "answers" | "introduces" {
    if (KINDS[((bytes[0] ?? 0) >> 4) & 3] !== "control") return "asks";
    const type = CONTROL_TYPES[(bytes[1] ?? 0) >> 4];
    if (type === "hello") return "introduces";
    return type === "ack" ? "answers" : "asks";
}

/** The id of a repair symbol in the code of a block of `count` source symbols. */
export function repairId({ count, number, left }: Pick<RepairFrame, "count" | "number" | "left">): number {
    return count + number * (LEFT_MAX + 1) + left;
}

function decodeSymbol(kind: "source" | "repair", alias: number, bytes: Uint8Array): DecodedFrame {
    const word = ((bytes[1] ?? 0) << 8) | (bytes[2] ?? 0);
    const slot = word >> 12;
    const count = ((word >> 7) & 31) + 1;
    const number = (word >> 2) & 31;
    const left = word & 3;
    const symbol = bytes.subarray(SYMBOL_HEADER_SIZE);
    if (kind === "repair") return frameOf({ kind, alias, slot, count, number, left, symbol });
    return number < count ? frameOf({ kind, alias, slot, count, index: number, left, symbol }) : damaged;
}

function encodeSymbol(frame: SourceFrame | RepairFrame, number: number): Uint8Array {
    const word = (frame.slot << 12) | ((frame.count - 1) << 7) | (number << 2) | frame.left;
    return concatBytes(Uint8Array.of(firstByte(frame.kind, frame.alias), word >> 8, word & 255), frame.symbol);
}

function firstByte(kind: (typeof KINDS)[number], alias: number): number {
    return (VERSION << 6) | (KINDS.indexOf(kind) << 4) | alias;
}

function frameOf(frame: LinkFrame): DecodedFrame {
    return { ok: true, frame };
}

const damaged: DecodedFrame = { ok: false, error: "damaged" };
const unknown: DecodedFrame = { ok: false, error: "unknown" };
