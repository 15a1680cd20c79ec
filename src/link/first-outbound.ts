import { equalBytes } from "../base/bytes.ts";
import type { Millis } from "../base/time.ts";
import { type AckFrame, DATA_OVERHEAD, type DataFrame, inBitmap, TRANSFER_SIZE } from "./first-frame.ts";
import { type FirstLinkOptions, type FirstTiming, payloadSizeMaxOf, TURNAROUND_MS } from "./first-options.ts";
import type { LinkEffect } from "./link.ts";

/** Offers that wait or are under way at once. */
export const OFFERS_MAX = 8;

/** Rounds in a row that nobody answered before an offer has failed. At 30 % loss each way that is one offer in 3,000. */
export const SILENT_ROUNDS_MAX = 12;

/** The same while nobody is known to be there: the relay will ask again, and airtime is scarce. */
export const LONELY_ROUNDS_MAX = 4;

/** Rounds altogether, answered or not: a neighbour that asks for ever does not keep us sending for ever. */
export const ROUNDS_MAX = 48;

/** So many silent rounds in a row look like loss; from then on each pause is twice as long as the one before. */
const ROUNDS_BEFORE_BACKOFF = 3;

/** Longest pause between two questions that nobody answers, in milliseconds. */
const BACKOFF_MS_MAX = 60_000;

/** After the modem could not send a frame, the next try waits this long, in milliseconds. */
const UNSENT_PAUSE_MS = 1_000;

/** One payload on its way out. */
interface Transfer {
    readonly offer: number;
    readonly payload: Uint8Array;
    readonly id: Uint8Array;
    readonly total: number;
    /** What this round has still to send, in order. */
    toSend: number[];
    /** Not before this. */
    dueAt: Millis;
    rounds: number;
    silentRounds: number;
    framesSent: number;
    heard: Answers;
}

/** What neighbours said in one round. */
interface Answers {
    /** The fullest bitmap: completing one neighbour is enough. */
    best: Uint8Array | undefined;
    rejected: boolean;
    later: boolean;
}

export interface OutboundParts {
    readonly options: FirstLinkOptions;
    readonly timing: FirstTiming;
    readonly random: () => number;
}

/**
 * The sending side: all fragments, then listen, then only what the fullest neighbour lacks. Silence is met with a single
 * fragment that asks again, ever more seldom. One transfer at a time; the others get their turn during its pauses.
 */
export class FirstOutbound {
    readonly #parts: OutboundParts;
    #transfers: Transfer[] = [];
    /** The transfer whose round is on; it listens when `#listenUntil` is set. */
    #active: Transfer | undefined;
    #listenUntil: Millis | undefined;
    #flying: { readonly transfer: Transfer; readonly index: number } | undefined;
    /** The last transfer died of silence and nothing was heard since: ask with one fragment before spending airtime. */
    #lonely = false;

    constructor(parts: OutboundParts) {
        this.#parts = parts;
    }

    offer(offer: number, payload: Uint8Array, now: Millis): readonly LinkEffect[] {
        const sizeMax = payloadSizeMaxOf(this.#parts.options.frameSizeMax);
        if (payload.length === 0 || payload.length > sizeMax)
            return [{ kind: "failed", offer, detail: `the link carries 1 to ${sizeMax} bytes, not ${payload.length}` }];
        if (this.#transfers.length >= OFFERS_MAX)
            return [{ kind: "failed", offer, detail: `the link already works on ${OFFERS_MAX} payloads` }];
        const total = Math.ceil(payload.length / (this.#parts.options.frameSizeMax - DATA_OVERHEAD));
        this.#transfers.push({
            offer,
            payload,
            id: this.#parts.options.digest(payload).slice(0, TRANSFER_SIZE),
            total,
            toSend: this.#lonely ? [0] : Array.from({ length: total }, (_, index) => index),
            dueAt: now,
            rounds: 0,
            silentRounds: 0,
            framesSent: 0,
            heard: nothingHeard(),
        });
        return [];
    }

    withdraw(offer: number): void {
        const transfer = this.#transfers.find((each) => each.offer === offer);
        if (transfer) this.#end(transfer);
    }

    /** Somebody is there. */
    heardSomebody(): void {
        this.#lonely = false;
    }

    onAck(ack: AckFrame, now: Millis): readonly LinkEffect[] {
        const effects: LinkEffect[] = [];
        for (const transfer of this.#transfers.filter(({ id }) => equalBytes(id, ack.transfer))) {
            if (ack.status === "stored") {
                const { offer, framesSent } = transfer;
                effects.push({ kind: "acknowledged", offer, framesSent });
                this.#end(transfer);
            } else this.#note(transfer, ack, now);
        }
        return effects;
    }

    /** When a frame wants to go out; undefined while none does. */
    readyAt(): Millis | undefined {
        if (this.#listenUntil !== undefined) return undefined;
        if (this.#active) return this.#active.dueAt;
        return earliest(this.#transfers.map(({ dueAt }) => dueAt));
    }

    /** The frame whose time has come. Say `transmitted` before asking again. */
    next(source: number, now: Millis): DataFrame | undefined {
        if (this.#listenUntil !== undefined) return undefined;
        this.#active ??= this.#transfers.find(({ dueAt }) => dueAt <= now);
        const transfer = this.#active;
        const index = transfer?.toSend[0];
        if (!transfer || index === undefined || transfer.dueAt > now) return undefined;
        this.#flying = { transfer, index };
        const { id, total, payload } = transfer;
        const size = Math.ceil(payload.length / total);
        const fragment = payload.subarray(index * size, (index + 1) * size);
        return { kind: "data", source, transfer: id, index, total, fragment, asks: transfer.toSend.length === 1 };
    }

    transmitted(sent: boolean, now: Millis): void {
        const flying = this.#flying;
        this.#flying = undefined;
        if (!flying || flying.transfer !== this.#active) return;
        const { transfer, index } = flying;
        transfer.dueAt = sent ? now : now + UNSENT_PAUSE_MS;
        if (!sent) return;
        transfer.framesSent++;
        transfer.toSend = transfer.toSend.filter((each) => each !== index);
        if (transfer.toSend.length === 0) this.#listenUntil = now + this.#parts.timing.listenMs;
    }

    tick(now: Millis): readonly LinkEffect[] {
        const transfer = this.#active;
        if (!transfer || this.#listenUntil === undefined || this.#listenUntil > now) return [];
        this.#listenUntil = undefined;
        this.#active = undefined;
        return this.#closeRound(transfer, now);
    }

    deadline(): Millis | undefined {
        return this.#listenUntil;
    }

    #note(transfer: Transfer, ack: AckFrame, now: Millis): void {
        const { heard } = transfer;
        if (ack.status === "rejected") heard.rejected = true;
        if (ack.status === "later") heard.later = true;
        if (ack.status === "partial") {
            if (ack.total !== transfer.total) return;
            if (missing(transfer, ack.bitmap).length <= missing(transfer, heard.best).length) heard.best = ack.bitmap;
        }
        if (transfer !== this.#active) {
            // A late answer in a pause: no use in waiting longer.
            transfer.dueAt = Math.min(transfer.dueAt, now);
            if (ack.status === "partial") this.#resume(transfer);
        } else if (this.#listenUntil !== undefined) {
            const soon = now + TURNAROUND_MS + this.#parts.timing.slotMs;
            this.#listenUntil = Math.min(this.#listenUntil, soon);
        }
    }

    /** Decides by what was heard: go on, ask again later, or give up. */
    #closeRound(transfer: Transfer, now: Millis): readonly LinkEffect[] {
        const { offer, heard } = transfer;
        transfer.rounds++;
        if (heard.best === undefined && heard.rejected) {
            this.#end(transfer);
            return [{ kind: "rejected", offer }];
        }
        if (heard.best === undefined && heard.later)
            return this.#fail(transfer, "a neighbour heard it all but has no room for it now");
        if (transfer.rounds >= ROUNDS_MAX) return this.#fail(transfer, `not complete after ${ROUNDS_MAX} rounds`);
        if (heard.best) {
            // A neighbour that has it all is busy storing it.
            transfer.dueAt = missing(transfer, heard.best).length > 0 ? now : now + this.#pauseMs(1);
            this.#resume(transfer);
            return [];
        }
        transfer.silentRounds++;
        const roundsMax = this.#lonely ? LONELY_ROUNDS_MAX : SILENT_ROUNDS_MAX;
        if (transfer.silentRounds >= roundsMax) {
            this.#lonely = true;
            return this.#fail(transfer, `no neighbour answered ${roundsMax} times`);
        }
        transfer.toSend = [transfer.rounds % transfer.total];
        transfer.dueAt = now + this.#pauseMs(transfer.silentRounds);
        return [];
    }

    /** Sends what the fullest neighbour lacks; a single fragment as a question where it lacks nothing. */
    #resume(transfer: Transfer): void {
        const lacking = missing(transfer, transfer.heard.best);
        transfer.toSend = lacking.length > 0 ? lacking : [transfer.rounds % transfer.total];
        transfer.silentRounds = 0;
        transfer.heard = nothingHeard();
    }

    #pauseMs(silentRounds: number): Millis {
        const { random, timing } = this.#parts;
        const doublings = Math.max(0, silentRounds - ROUNDS_BEFORE_BACKOFF);
        return Math.min(BACKOFF_MS_MAX, (timing.listenMs / 2) * 2 ** doublings) * (0.5 + random());
    }

    #fail(transfer: Transfer, detail: string): readonly LinkEffect[] {
        this.#end(transfer);
        return [{ kind: "failed", offer: transfer.offer, detail }];
    }

    #end(transfer: Transfer): void {
        this.#transfers = this.#transfers.filter((each) => each !== transfer);
        if (this.#active !== transfer) return;
        this.#active = undefined;
        this.#listenUntil = undefined;
    }
}

function nothingHeard(): Answers {
    return { best: undefined, rejected: false, later: false };
}

function missing({ total }: Transfer, bitmap: Uint8Array | undefined): number[] {
    const all = Array.from({ length: total }, (_, index) => index);
    return bitmap ? all.filter((index) => !inBitmap(bitmap, index)) : all;
}

export function earliest(times: readonly (Millis | undefined)[]): Millis | undefined {
    let best: Millis | undefined;
    for (const time of times) if (time !== undefined && (best === undefined || time < best)) best = time;
    return best;
}
