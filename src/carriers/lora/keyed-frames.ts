import { blake3 } from "@noble/hashes/blake3.js";
import type { UnixSeconds } from "../../base/time.ts";
import { decodeFrame } from "../../link/frame/frame.ts";
import { type FrameGuard, makeFrameGuard, type NetworkKeys } from "../../link/network-key.ts";
import { NODE_BITS } from "../../link/replay-window.ts";

/** Numbers reserved at once: one write to the card for so many frames. */
export const COUNTERS_RESERVED = 1_000;

/** More are reserved when no more than this are left, so that no frame has to wait for the disk. */
const COUNTERS_LEFT_MIN = COUNTERS_RESERVED / 2;

/** So many frames after a start tell the whole counter: any of them may be lost, and an ack may be all that is sent. */
const LONG_AFTER_START = 16;

/** The clock may lift the counter up to here and no further, as a wrong one could use all numbers up. */
const CLOCK_COUNTER_MAX = 2 ** 30;

/** The clock counts from here: 2025-01-01. */
const CLOCK_FROM: UnixSeconds = 1_735_689_600;

/** What a network key needs from one life of the gateway to the next. */
export interface NetworkMemory {
    /** The end of what earlier lives reserved; undefined where nothing is known. */
    counter(): number | undefined;
    /** All numbers below `end` count as used from now on: resolves once that is durable, rejects when it is not. */
    reserve(end: number): Promise<void>;
    /** The guard's snapshot. */
    loadPeers(): Uint8Array | undefined;
    /** Never rejects: what is not kept can be replayed once. */
    savePeers(peers: Uint8Array): Promise<void>;
}

export interface NetworkOptions {
    readonly keys: NetworkKeys;
    readonly memory: NetworkMemory;
}

export interface KeyedFramesOptions extends NetworkOptions {
    readonly node: number;
    /** The wall clock at the start. */
    readonly wall: UnixSeconds;
    readonly onNamesake: () => void;
}

/** The guard of one radio: no number goes on the air before it is durably taken. */
export class KeyedFrames {
    /** For the link. Room is left for the long trailer in every frame. */
    readonly guard: FrameGuard;
    readonly #memory: NetworkMemory;
    /** Numbers below it are durably ours. */
    #reservedEnd: number;
    #reserving: Promise<boolean> | undefined;

    constructor({ keys, memory, node, wall, onNamesake }: KeyedFramesOptions) {
        const counter = firstCounter(memory.counter(), wall);
        const inner = makeFrameGuard({ keys, nodeId: node, counter, mac: (key, message) => blake3(message, { key }) });
        const peers = memory.loadPeers();
        if (peers) inner.restore(peers);
        this.#memory = memory;
        this.#reservedEnd = counter;
        let longLeft = LONG_AFTER_START;
        this.guard = {
            ...inner,
            overhead: inner.overheadLong,
            get counter() {
                return inner.counter;
            },
            seal: (frame) => inner.seal(frame, longLeft-- > 0 || isHello(frame) ? "long" : "short"),
            open(bytes) {
                const opened = inner.open(bytes);
                if (opened.ok && opened.value.nodeId === (node & NODE_BITS)) onNamesake();
                return opened;
            },
        };
    }

    /** Whether every frame sealed so far may be sent; false when the disk cannot take it down. */
    async mayTransmit(): Promise<boolean> {
        const { counter } = this.guard;
        if (counter + COUNTERS_LEFT_MIN > this.#reservedEnd) this.#reserving ??= this.#reserve(counter);
        if (counter <= this.#reservedEnd) return true;
        await this.#reserving;
        return counter <= this.#reservedEnd;
    }

    async keepPeers(): Promise<void> {
        await this.#memory.savePeers(this.guard.snapshot());
    }

    async #reserve(counter: number): Promise<boolean> {
        const end = counter + COUNTERS_RESERVED;
        try {
            await this.#memory.reserve(end);
            this.#reservedEnd = end;
            return true;
        } catch {
            return false;
        } finally {
            this.#reserving = undefined;
        }
    }
}

/** The frame without its trailer, unchecked: for names in logs. */
export function withoutTrailer(bytes: Uint8Array, { overheadLong }: FrameGuard): Uint8Array {
    const isLong = ((bytes[bytes.length - SHORT_COUNTER_AT] ?? 0) & 0x80) !== 0;
    return bytes.subarray(0, Math.max(0, bytes.length - (isLong ? overheadLong : overheadLong - 2)));
}

/** Where the lower half of the counter begins, from the end of a frame. */
const SHORT_COUNTER_AT = 6;

/**
 * Never a number twice. A depot that was lost or brought back from a copy would begin too low, and everybody would take
 * its frames for replayed ones; so the clock, at one number a second, lifts the counter over whatever was used.
 */
function firstCounter(reserved: number | undefined, wall: UnixSeconds): number {
    return Math.max(reserved ?? 0, Math.min(CLOCK_COUNTER_MAX, Math.max(0, wall - CLOCK_FROM)));
}

function isHello(frame: Uint8Array): boolean {
    const decoded = decodeFrame(frame);
    return decoded.ok && decoded.frame.kind === "hello";
}
