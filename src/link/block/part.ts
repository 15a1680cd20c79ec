import { concatBytes } from "../../base/bytes.ts";
import { PAYLOAD_SIZE_MAX } from "./item.ts";

/** First bytes of BLAKE3 of the whole payload. */
export const PART_DIGEST_SIZE = 8;
export const PARTS_MAX = 255;
/** Digest, size, number and count before the bytes of a part. */
export const PART_OVERHEAD = PART_DIGEST_SIZE + 5;

/** A piece of a payload that is too large for one block. */
export interface Part {
    /** 8 bytes. */
    readonly digest: Uint8Array;
    /** Of the whole payload, in bytes: up to PAYLOAD_SIZE_MAX. */
    readonly payloadSize: number;
    /** 0 to count - 1. */
    readonly number: number;
    readonly count: number;
    /** At least one. */
    readonly bytes: Uint8Array;
}

export function writePart({ digest, payloadSize, number, count, bytes }: Part): Uint8Array {
    const size = Uint8Array.of(payloadSize >> 16, payloadSize >> 8, payloadSize);
    return concatBytes(digest, size, Uint8Array.of(number, count), bytes);
}

/** Undefined when no sender writes such a part. Byte fields are views. */
export function readPart(content: Uint8Array): Part | undefined {
    const [high = 0, middle = 0, low = 0, number = 0, count = 0] = content.subarray(PART_DIGEST_SIZE, PART_OVERHEAD);
    const payloadSize = (high << 16) | (middle << 8) | low;
    const bytes = content.subarray(PART_OVERHEAD);
    // Every other part has at least one byte too.
    if (bytes.length < 1 || number >= count || bytes.length + count - 1 > payloadSize) return undefined;
    if (payloadSize > PAYLOAD_SIZE_MAX) return undefined;
    return { digest: content.subarray(0, PART_DIGEST_SIZE), payloadSize, number, count, bytes };
}
