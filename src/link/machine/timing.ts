import type { Millis } from "../../base/time.ts";
import { ACK_OVERHEAD, TURN_FRAME_SIZE } from "../frame/control.ts";
import { type LinkOptions, SETTLE_MS, TURNAROUND_MS } from "./options.ts";

/** One sender's turn: at most so many frames, and no longer than this unless it is `BURST_FRAMES_LEAST` frames. */
const BURST_FRAMES_MAX = 64;
const BURST_FRAMES_LEAST = 4;
const BURST_MS_MAX = 30_000;

/** A usual ack, for slots. */
const ACK_SIZE = ACK_OVERHEAD + 8;

/** Frames up to this size are small ones, in bytes. */
const SMALL_SIZE_MAX = 48;

/** Of so many frames the quickest counts: the others waited for the law, the channel or a disk. */
const GAPS_REMEMBERED = 8;

/** A modem that takes longer than this for a frame was waiting for something else, in milliseconds. */
const GAP_MS_MAX = 4_000;

/**
 * What follows from the speed of the channel and of the modem. A module behind a slow serial line takes longer for a frame
 * than its airtime, and neighbours have modems like ours: what our own frames take is measured.
 */
export class LinkTiming {
    /** What the network key adds to each frame, in bytes. */
    readonly trailer: number;
    /** Largest frame without trailer, in bytes. */
    readonly frameSizeMax: number;
    readonly #airtimeMs: (size: number) => Millis;
    readonly #sizeMax: number;
    readonly #smallGaps: Millis[] = [];
    readonly #fullGaps: Millis[] = [];

    constructor({ airtimeMs, frameSizeMax, guard }: LinkOptions) {
        this.trailer = guard?.overhead ?? 0;
        this.frameSizeMax = frameSizeMax - this.trailer;
        this.#airtimeMs = airtimeMs;
        this.#sizeMax = frameSizeMax;
    }

    /** A frame of ours took so long from our wish to its end. */
    measured(size: number, tookMs: Millis): void {
        const gapMs = tookMs - this.#airtimeMs(size);
        if (gapMs < 0 || gapMs > GAP_MS_MAX) return;
        const gaps = size <= SMALL_SIZE_MAX ? this.#smallGaps : size > this.#sizeMax / 2 ? this.#fullGaps : undefined;
        gaps?.push(gapMs);
        if (gaps && gaps.length > GAPS_REMEMBERED) gaps.shift();
    }

    get burstFramesMax(): number {
        const frames = Math.floor(BURST_MS_MAX / this.#airtimeMs(this.#sizeMax));
        return Math.min(BURST_FRAMES_MAX, Math.max(BURST_FRAMES_LEAST, frames));
    }

    /** A frame as long as any, with the gap behind it. */
    get frameMs(): Millis {
        return this.#airtimeMs(this.#sizeMax) + this.#fullGapMs;
    }

    /** One answer of usual size, with the gap behind it. */
    get slotMs(): Millis {
        return this.#airtimeMs(ACK_SIZE + this.trailer) + this.#smallGapMs;
    }

    /** A moment to begin a turn in: the next one who wants to hears it. */
    get stepMs(): Millis {
        return this.#airtimeMs(TURN_FRAME_SIZE + this.trailer) + 2 * this.#smallGapMs;
    }

    /** From the end of a turn of ours until the first answer can begin: the last frame has to come out of their modem. */
    get answerDelayMs(): Millis {
        return TURNAROUND_MS + (this.#fullGapMs - TURNAROUND_MS) + (this.#smallGapMs - TURNAROUND_MS);
    }

    /** From the end of a turn until so many have answered, with time for their disks. */
    answerWindowMs(answers: number): Millis {
        return this.answerDelayMs + answers * this.slotMs + SETTLE_MS;
    }

    get #smallGapMs(): Millis {
        return Math.max(TURNAROUND_MS, quickest(this.#smallGaps));
    }

    get #fullGapMs(): Millis {
        return Math.max(this.#smallGapMs, quickest(this.#fullGaps));
    }
}

function quickest(gaps: readonly Millis[]): Millis {
    return gaps.length === 0 ? 0 : Math.min(...gaps);
}
