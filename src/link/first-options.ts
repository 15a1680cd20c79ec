import type { Millis } from "../base/time.ts";
import { ACK_SIZE_MAX, DATA_OVERHEAD, FRAGMENTS_MAX } from "./first-frame.ts";

export interface FirstLinkOptions {
    /** 0..65535, at best drawn anew at each start; a collision with a neighbour is noticed and mended. */
    readonly source: number;
    /** Feeds the jitter; different in each gateway, or they answer in step. */
    readonly seed: number;
    /** BLAKE3; the first 8 bytes name a transfer and check the whole payload. */
    readonly digest: (payload: Uint8Array) => Uint8Array;
    /** Largest frame in bytes, `FRAME_SIZE_MIN` or more. */
    readonly frameSizeMax: number;
    /** How long a frame of `size` bytes keeps the channel busy. */
    readonly airtimeMs: (size: number) => Millis;
}

/** Below this a frame is nearly all overhead, and an ack of 255 fragments would not fit. */
export const FRAME_SIZE_MIN = 64;

/** Largest payload in bytes, whatever the frame size. */
export const PAYLOAD_SIZE_MAX = 16 * 1024;

/** From the end of a frame until the modem that heard it can answer, in milliseconds. */
export const TURNAROUND_MS = 50;

/** Time for the serial line and for the fsync that comes before "stored", in milliseconds. */
const ANSWER_SPARE_MS = 1_000;

/** Acks of several neighbours spread over so many slots of a small ack each. */
export const ACK_SLOTS = 3;

const SMALL_ACK_SIZE = 20;

/** The times that follow from the speed of the channel. */
export interface FirstTiming {
    /** Airtime of a small ack. */
    readonly slotMs: Millis;
    /** How long a sender listens after the last frame of a round. */
    readonly listenMs: Millis;
    /** How long after a frame the next one of the same sender may end. */
    readonly nextFrameMs: Millis;
}

export function firstTimingOf({ airtimeMs, frameSizeMax }: FirstLinkOptions): FirstTiming {
    const slotMs = airtimeMs(SMALL_ACK_SIZE);
    return {
        slotMs,
        listenMs: TURNAROUND_MS + ACK_SLOTS * slotMs + airtimeMs(ACK_SIZE_MAX) + ANSWER_SPARE_MS,
        nextFrameMs: 2 * TURNAROUND_MS + airtimeMs(frameSizeMax),
    };
}

/** What a link with frames of this size can carry, in bytes. */
export function payloadSizeMaxOf(frameSizeMax: number): number {
    return Math.min(PAYLOAD_SIZE_MAX, FRAGMENTS_MAX * (frameSizeMax - DATA_OVERHEAD));
}
