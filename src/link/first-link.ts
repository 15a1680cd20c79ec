import { makePrng } from "../base/prng.ts";
import type { Millis } from "../base/time.ts";
import { decodeFirstFrame, encodeFirstFrame, type FirstFrame } from "./first-frame.ts";
import { FirstInbound } from "./first-inbound.ts";
import {
    type FirstLinkOptions,
    type FirstTiming,
    FRAME_SIZE_MIN,
    firstTimingOf,
    TURNAROUND_MS,
} from "./first-options.ts";
import { earliest, FirstOutbound } from "./first-outbound.ts";
import type { Link, LinkEffect, LinkEvent } from "./link.ts";

/** However busy the channel sounds, a frame of ours waits no longer than this for silence, in milliseconds. */
const HOLD_MS_MAX = 20_000;

/** Makes the first link (docs/first-link.md). Throws for a frame size that it cannot use. */
export function makeFirstLink(options: FirstLinkOptions): Link {
    if (options.frameSizeMax < FRAME_SIZE_MIN)
        throw new Error(`frames of ${options.frameSizeMax} bytes are too small, ${FRAME_SIZE_MIN} is the least`);
    return new FirstLink(options);
}

/** Joins the two sides over one half-duplex channel: one frame at a time, answers first, silence for others' turns. */
class FirstLink implements Link {
    readonly #timing: FirstTiming;
    readonly #random: () => number;
    readonly #outbound: FirstOutbound;
    readonly #inbound: FirstInbound;
    #source: number;
    /** Which side waits for `transmitted`. */
    #onAir: "data" | "ack" | undefined;
    /** Others are talking until then, as far as their frames tell. */
    #holdData: Millis = Number.NEGATIVE_INFINITY;
    #holdAcks: Millis = Number.NEGATIVE_INFINITY;

    constructor(options: FirstLinkOptions) {
        this.#timing = firstTimingOf(options);
        this.#random = makePrng(options.seed);
        this.#source = options.source & 0xffff;
        const parts = { options, timing: this.#timing, random: this.#random };
        this.#outbound = new FirstOutbound(parts);
        this.#inbound = new FirstInbound(parts);
    }

    handle(event: LinkEvent, now: Millis): readonly LinkEffect[] {
        const effects = [...this.#take(event, now), ...this.#outbound.tick(now), ...this.#inbound.tick(now)];
        const frame = this.#onAir === undefined ? this.#next(now) : undefined;
        if (!frame) return effects;
        this.#onAir = frame.kind;
        return [
            ...effects,
            { kind: "transmit", frame: encodeFirstFrame(frame), purpose: frame.kind === "data" ? "data" : "answer" },
        ];
    }

    deadline(): Millis | undefined {
        const timers = [this.#outbound.deadline(), this.#inbound.deadline()];
        return earliest(this.#onAir === undefined ? [...timers, this.#ackAt(), this.#dataAt()] : timers);
    }

    #take(event: LinkEvent, now: Millis): readonly LinkEffect[] {
        switch (event.kind) {
            case "offer":
                return this.#outbound.offer(event.offer, event.payload, now);
            case "withdraw":
                this.#outbound.withdraw(event.offer);
                return [];
            case "frame":
                return this.#onFrame(event.bytes, now);
            case "settled":
                this.#inbound.settled(event.delivery, event.verdict, now);
                return [];
            case "transmitted":
                if (this.#onAir === "data") this.#outbound.transmitted(event.sent, now);
                this.#onAir = undefined;
                return [];
            case "tick":
                return [];
        }
    }

    #onFrame(bytes: Uint8Array, now: Millis): readonly LinkEffect[] {
        const decoded = decodeFirstFrame(bytes);
        if (!decoded.ok)
            return [{ kind: "count", what: decoded.error === "damaged" ? "frame_damaged" : "frame_unknown" }];
        const frame = decoded.value;
        if (frame.source === this.#source) {
            // An echo, or a neighbour that drew the same number: only in the second case it matters that we draw again.
            this.#source = Math.floor(this.#random() * 0x10000);
            return [{ kind: "count", what: "frame_own" }];
        }
        this.#outbound.heardSomebody();
        this.#hold(frame, now);
        if (frame.kind === "data") return this.#inbound.onData(frame, now);
        this.#inbound.onOtherAck(frame);
        return this.#outbound.onAck(frame, now);
    }

    /** Leaves the channel to whom it belongs next: the same sender, whoever answers, or anybody. */
    #hold(frame: FirstFrame, now: Millis): void {
        if (frame.kind === "ack") this.#holdData = now + TURNAROUND_MS + this.#random() * 2 * this.#timing.slotMs;
        else if (frame.asks) {
            this.#holdAcks = now;
            this.#holdData = now + this.#timing.listenMs * (1 + this.#random() / 4);
        } else {
            this.#holdAcks = now + this.#timing.nextFrameMs;
            this.#holdData = this.#holdAcks + this.#random() * 2 * this.#timing.slotMs;
        }
    }

    #next(now: Millis): FirstFrame | undefined {
        const [ackAt, dataAt] = [this.#ackAt(), this.#dataAt()];
        if (ackAt !== undefined && ackAt <= now) return this.#inbound.next(this.#source, now);
        if (dataAt !== undefined && dataAt <= now) return this.#outbound.next(this.#source, now);
        return undefined;
    }

    #ackAt(): Millis | undefined {
        return afterHold(this.#inbound.readyAt(), this.#holdAcks);
    }

    #dataAt(): Millis | undefined {
        return afterHold(this.#outbound.readyAt(), this.#holdData);
    }
}

function afterHold(readyAt: Millis | undefined, hold: Millis): Millis | undefined {
    return readyAt === undefined ? undefined : Math.max(readyAt, Math.min(hold, readyAt + HOLD_MS_MAX));
}

/** What a frame is, for people and budgets; "other" for anything that this link does not speak. */
export function firstFrameKind(bytes: Uint8Array): "data" | "ack" | "other" {
    const decoded = decodeFirstFrame(bytes);
    return decoded.ok ? decoded.value.kind : "other";
}
