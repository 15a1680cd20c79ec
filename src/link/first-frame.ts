import { concatBytes } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import { crc32 } from "./crc32.ts";

/**
 * The frames of the first link, byte for byte as in docs/first-link.md. Numbers are big endian.
 *
 *     data  version|kind 1 · source 2 · transfer 8 · index 1 · total 1 · fragment 1..n · CRC-32 4
 *     ack   version|kind 1 · source 2 · transfer 8 · total 1 · status 1 · bitmap 0..32   · CRC-32 4
 */
export type FirstFrame = DataFrame | AckFrame;

export interface DataFrame {
    readonly kind: "data";
    /** Drawn anew by each sender at its start; tells own frames from others'. 0..65535. */
    readonly source: number;
    /** The first 8 bytes of the payload's digest: the name of the transfer and the check of the whole. */
    readonly transfer: Uint8Array;
    /** 0..total-1. */
    readonly index: number;
    /** 1..255 fragments, all of `ceil(size / total)` bytes but the last. */
    readonly total: number;
    readonly fragment: Uint8Array;
    /** The last frame of a round: the sender now listens. */
    readonly asks: boolean;
}

export interface AckFrame {
    readonly kind: "ack";
    readonly source: number;
    readonly transfer: Uint8Array;
    readonly total: number;
    readonly status: AckStatus;
    /** With "partial": bit `i % 8` of byte `i / 8` is set when fragment `i` is here. Empty otherwise. */
    readonly bitmap: Uint8Array;
}

/** "stored" is said only after the bytes are durable. */
export type AckStatus = "partial" | "stored" | "rejected" | "later";

export type FirstFrameError = "damaged" | "unknown";

export const TRANSFER_SIZE = 8;
export const FRAGMENTS_MAX = 255;

/** No LoRa packet is longer, in bytes. */
const FRAME_SIZE_MAX = 255;

/** Bytes of a data frame beside its fragment. */
export const DATA_OVERHEAD = 17;

/** The longest ack in bytes: a bitmap of 255 fragments. */
export const ACK_SIZE_MAX = 17 + 32;

const VERSION = 1;
const CHECK_SIZE = 4;
const KINDS = { data: 1, asking: 2, ack: 3 } as const;
const STATUSES: readonly AckStatus[] = ["partial", "stored", "rejected", "later"];

export function encodeFirstFrame(frame: FirstFrame): Uint8Array {
    const kind = frame.kind === "ack" ? KINDS.ack : frame.asks ? KINDS.asking : KINDS.data;
    const head = Uint8Array.of((VERSION << 4) | kind, frame.source >> 8, frame.source & 0xff);
    const body =
        frame.kind === "ack"
            ? concatBytes(Uint8Array.of(frame.total, STATUSES.indexOf(frame.status)), frame.bitmap)
            : concatBytes(Uint8Array.of(frame.index, frame.total), frame.fragment);
    const bytes = concatBytes(head, frame.transfer, body, new Uint8Array(CHECK_SIZE));
    const view = new DataView(bytes.buffer);
    view.setUint32(bytes.length - CHECK_SIZE, crc32(bytes.subarray(0, -CHECK_SIZE)));
    return bytes;
}

/** "damaged" when the check does not fit or the fields contradict each other; "unknown" for another version or kind. */
export function decodeFirstFrame(bytes: Uint8Array): Result<FirstFrame, FirstFrameError> {
    if (bytes.length < DATA_OVERHEAD || bytes.length > FRAME_SIZE_MAX) return err("damaged");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const body = bytes.subarray(0, bytes.length - CHECK_SIZE);
    if (view.getUint32(body.length) !== crc32(body)) return err("damaged");
    const source = view.getUint16(1);
    const transfer = bytes.slice(3, 3 + TRANSFER_SIZE);
    const [first, second] = [view.getUint8(11), view.getUint8(12)];
    const rest = body.slice(13);
    switch (view.getUint8(0)) {
        case (VERSION << 4) | KINDS.data:
        case (VERSION << 4) | KINDS.asking: {
            if (first >= second || rest.length === 0) return err("damaged");
            const asks = (view.getUint8(0) & 0x0f) === KINDS.asking;
            return ok({ kind: "data", source, transfer, index: first, total: second, fragment: rest, asks });
        }
        case (VERSION << 4) | KINDS.ack: {
            const status = STATUSES[second];
            if (status === undefined) return err("unknown");
            const bitmapSize = status === "partial" ? bitmapSizeOf(first) : 0;
            if (first === 0 || rest.length !== bitmapSize || hasStrayBits(rest, first)) return err("damaged");
            return ok({ kind: "ack", source, transfer, total: first, status, bitmap: rest });
        }
        default:
            return err("unknown");
    }
}

export function bitmapOf(total: number, has: (index: number) => boolean): Uint8Array {
    const bitmap = new Uint8Array(bitmapSizeOf(total));
    for (let index = 0; index < total; index++) {
        if (has(index)) bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) | (1 << (index & 7));
    }
    return bitmap;
}

export function inBitmap(bitmap: Uint8Array, index: number): boolean {
    return (((bitmap[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
}

function bitmapSizeOf(total: number): number {
    return Math.ceil(total / 8);
}

/** Bits beyond the last fragment; refused so that each frame has one encoding. */
function hasStrayBits(bitmap: Uint8Array, total: number): boolean {
    return bitmap.length > 0 && total % 8 !== 0 && (bitmap.at(-1) ?? 0) >> (total % 8) !== 0;
}
