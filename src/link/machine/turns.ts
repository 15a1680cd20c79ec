import type { Millis } from "../../base/time.ts";
import type { AckFrame } from "../frame/control.ts";
import type { LinkFrame } from "../frame/frame.ts";
import { LEFT_MAX } from "../frame/limits.ts";
import type { LinkEffect } from "../link.ts";
import { SLOTS_SPARE } from "./answers.ts";
import type { Channel } from "./channel.ts";
import type { Departures } from "./departures.ts";
import type { Neighbours } from "./neighbours.ts";
import { OPEN_MAX, RESUME_MS } from "./options.ts";
import type { Outbox } from "./outbox.ts";
import type { LinkTiming } from "./timing.ts";
import type { Transfer } from "./transfer.ts";

/** Questions into an empty valley before everything that waits is given back to the relay. */
export const LONELY_ASKS_MAX = 4;

/** Silent rounds in a row that look like loss; from then on each pause is twice as long as the one before. */
const SILENCES_BEFORE_BACKOFF = 4;
const BACKOFF_MS_MAX = 60_000;

/** After a frame that the modem could not send, in milliseconds. */
const UNSENT_PAUSE_MS = 1_000;

/** A neighbour that waits for its disk is asked again after so long, in milliseconds. */
const KEPT_PAUSE_MS = 1_500;

/** Frames of a turn where several stations talk, and of one after a turn that nobody answered. */
const SHARED_FRAMES = 32;
const PROBE_FRAMES = 8;

/** Share of a turn that long transfers get when short ones would fill it. */
const LONG_SHARE = 0.25;

type Phase =
    | { readonly kind: "free"; readonly notBefore: Millis }
    /** Frames of this turn, in order. */
    | { readonly kind: "sending"; queue: Transfer[]; sent: number }
    | {
          kind: "listening";
          until: Millis;
          /** When everybody who may answer had his slot: done ones may, too. */
          readonly slotsEnd: Millis;
          readonly awaiting: Set<number>;
          answered: boolean;
      };

export interface TurnsParts {
    readonly timing: LinkTiming;
    readonly neighbours: Neighbours;
    readonly channel: Channel;
    readonly outbox: Outbox;
    readonly departures: Departures;
    readonly node: number;
    readonly random: () => number;
}

/**
 * The sending side: one turn after the other. In a turn go the symbols that somebody lacks, of as many transfers as there
 * are; then everybody answers, and the answers make the next turn. Silence is met with a small question, ever more seldom.
 */
export class Turns {
    readonly #parts: TurnsParts;
    #phase: Phase = { kind: "free", notBefore: Number.NEGATIVE_INFINITY };
    #flying: { readonly frame: LinkFrame; readonly transfer: Transfer | undefined } | undefined;
    #silences = 0;
    /** Whether the last turn was. */
    #wasAnswered = true;
    /** Times that this turn was announced. */
    #announced = 0;
    #lonelyAsks = 0;
    #resumesAt: Millis | undefined;

    constructor(parts: TurnsParts) {
        this.#parts = parts;
    }

    get isListening(): boolean {
        return this.#phase.kind === "listening";
    }

    /** In the middle of a turn the channel is ours. */
    get isSending(): boolean {
        return this.#phase.kind === "sending";
    }

    /** After a restart, payloads that shared a block wait for each other. */
    offered(now: Millis): void {
        if (this.#phase.kind !== "free") return;
        // Waiting for a silent channel is counted from here.
        if (this.readyAt() === undefined)
            this.#phase = { kind: "free", notBefore: Math.max(now, this.#phase.notBefore) };
        if (!this.#parts.outbox.remembers || this.#resumesAt !== undefined) return;
        this.#resumesAt = now + RESUME_MS;
        this.#phase = { kind: "free", notBefore: this.#resumesAt };
    }

    /** When a frame wants to go out; undefined while none does. */
    readyAt(): Millis | undefined {
        if (this.#phase.kind === "sending") return Number.NEGATIVE_INFINITY;
        if (this.#phase.kind === "listening") return undefined;
        const hasWork = this.#parts.departures.all().length > 0 || !this.#parts.outbox.isEmpty;
        return hasWork ? this.#phase.notBefore : undefined;
    }

    deadline(): Millis | undefined {
        return this.#phase.kind === "listening" ? this.#phase.until : undefined;
    }

    next(now: Millis): LinkFrame | undefined {
        if (this.#phase.kind === "free") {
            this.#parts.channel.begin();
            this.#begin();
        }
        if (
            this.#phase.kind === "sending" &&
            this.#phase.sent === 0 &&
            this.#mustAnnounce(this.#phase.queue.length, now)
        ) {
            return this.#announce(this.#phase.queue.length);
        }
        if (this.#phase.kind === "sending" && !this.#goesOn(this.#phase)) {
            this.#listen(now);
            return undefined;
        }
        return this.#phase.kind === "sending" ? this.#pop(this.#phase) : this.#ask(now);
    }

    /** The frame from `next` is on its way or could not be sent. */
    transmitted(sent: boolean, now: Millis): void {
        const flying = this.#flying;
        this.#flying = undefined;
        if (!flying) return;
        if (!sent) {
            if (flying.transfer) flying.transfer.takeBack(flying.frame);
            // What was sent of this turn is asked about, or a modem that stops in every turn would send for ever.
            if (this.#phase.kind === "sending" && this.#phase.sent > 0) this.#listen(now);
            else this.#phase = { kind: "free", notBefore: now + UNSENT_PAUSE_MS };
            return;
        }
        if (this.#phase.kind === "sending" && flying.transfer) this.#phase.sent++;
        if (this.#phase.kind === "sending" && this.#phase.queue.length > 0) return;
        this.#listen(now);
    }

    /** Silence: who should have answered and did not. */
    tick(now: Millis): readonly LinkEffect[] {
        const phase = this.#phase;
        if (phase.kind !== "listening" || now < phase.until) return [];
        for (const node of phase.awaiting) this.#parts.neighbours.silent(node);
        this.#silences = phase.answered ? 0 : this.#silences + 1;
        this.#wasAnswered = phase.answered;
        const isLonely = this.#parts.neighbours.active().length === 0;
        this.#lonelyAsks = isLonely ? this.#lonelyAsks + 1 : 0;
        this.#phase = { kind: "free", notBefore: now + Math.max(this.#pause(), this.#parts.channel.yieldMs) };
        if (isLonely && this.#lonelyAsks >= LONELY_ASKS_MAX) return this.#giveUp();
        return this.#parts.departures.finish();
    }

    onAck(ack: AckFrame, now: Millis): readonly LinkEffect[] {
        const { departures } = this.#parts;
        if (departures.hear(ack)) this.#answered(ack, now);
        return departures.finish();
    }

    /** The valley is not empty, whoever that was. */
    heardAnybody(): void {
        this.#lonelyAsks = 0;
    }

    /** Somebody is there after all. */
    heardSomebody(now: Millis): void {
        this.#lonelyAsks = 0;
        if (this.#phase.kind === "free" && this.#phase.notBefore > now && !this.#parts.outbox.remembers)
            this.#phase = { kind: "free", notBefore: now };
        this.#silences = 0;
    }

    #begin(): void {
        const { departures, outbox } = this.#parts;
        departures.fill();
        if (this.#resumesAt !== undefined) outbox.forgetEarlier();
        const mustAsk = departures.open.some((transfer) => transfer.mustAsk);
        if (this.#isLonely || departures.mustTeach || mustAsk) return;
        const queue = this.#compose();
        this.#announced = 0;
        if (queue.length > 0) this.#phase = { kind: "sending", queue, sent: 0 };
    }

    /** Before the first frame of a turn; twice before a long one, as whoever missed it may talk into all of it. */
    #mustAnnounce(frames: number, now: Millis): boolean {
        const times = frames > PROBE_FRAMES ? 2 : 1;
        return this.#announced++ < times && this.#parts.channel.isContested(now);
    }

    #announce(frames: number): LinkFrame {
        const { neighbours, node } = this.#parts;
        const frame = { kind: "turn", alias: neighbours.alias, node, frames } as const;
        this.#flying = { frame, transfer: undefined };
        return frame;
    }

    #giveUp(): readonly LinkEffect[] {
        this.#lonelyAsks = 0;
        this.#silences = 0;
        return this.#parts.departures.giveUp("no neighbour answers");
    }

    /** What this turn sends: urgent transfers first, but long ones get their share. */
    #compose(): Transfer[] {
        const { timing, departures } = this.#parts;
        const burstFramesMax = Math.min(timing.burstFramesMax, this.#framesMax);
        const wanted = departures.open.map((transfer) => ({ transfer, count: departures.framesFor(transfer) }));
        const take = (long: boolean, most: number): Transfer[] => {
            const queue: Transfer[] = [];
            for (const { transfer, count } of wanted) {
                if ((transfer.urgency === "long") !== long || !departures.hasSlot(transfer, count)) continue;
                for (let frame = 0; frame < count && queue.length < most; frame++) queue.push(transfer);
            }
            return queue;
        };
        const long = take(true, burstFramesMax);
        const reserved = Math.min(long.length, Math.ceil(LONG_SHARE * burstFramesMax));
        const short = take(false, burstFramesMax - reserved);
        return [...short, ...long.slice(0, burstFramesMax - short.length)];
    }

    /** Where several talk, two may begin at once and not notice: the shorter their turns, the less is lost by that. */
    get #framesMax(): number {
        if (this.#parts.neighbours.active().length <= 1) return Number.POSITIVE_INFINITY;
        return this.#wasAnswered ? SHARED_FRAMES : PROBE_FRAMES;
    }

    /** Whether anything of the turn is left: what was withdrawn or is over in the meantime costs no airtime. */
    #goesOn(turn: Extract<Phase, { readonly kind: "sending" }>): boolean {
        turn.queue = turn.queue.filter((transfer) => this.#parts.departures.open.includes(transfer));
        return turn.queue.length > 0;
    }

    #pop(turn: Extract<Phase, { readonly kind: "sending" }>): LinkFrame | undefined {
        const { queue, sent } = turn;
        this.#squeezeIn(queue);
        const transfer = queue.shift();
        if (!transfer) return undefined;
        const { alias } = this.#parts.neighbours;
        const isAlone = queue.length === 0 && sent === 0 && transfer.mayGoAlone;
        const frame = isAlone
            ? transfer.wholeFrame(alias)
            : transfer.nextFrame(alias, Math.min(LEFT_MAX, queue.length));
        this.#flying = { frame, transfer };
        return frame;
    }

    /** A short message does not wait for the end of a long turn. */
    #squeezeIn(queue: Transfer[]): void {
        const { outbox, departures } = this.#parts;
        if (queue.length <= LEFT_MAX || departures.open.length >= OPEN_MAX || !outbox.hasShort) return;
        for (const transfer of departures.fill(true)) if (departures.hasSlot(transfer, 1)) queue.unshift(transfer);
    }

    #ask(now: Millis): LinkFrame | undefined {
        const { departures } = this.#parts;
        const frame = departures.teachFrame() ?? departures.pollFrame();
        if (!frame) {
            // Nothing is left to ask about: everything waits for somebody who is not waited for any more.
            this.#phase = { kind: "free", notBefore: now + KEPT_PAUSE_MS };
            return undefined;
        }
        this.#flying = { frame, transfer: undefined };
        return frame;
    }

    #listen(now: Millis): void {
        const { neighbours, timing, departures } = this.#parts;
        const active = neighbours.active();
        const awaiting = active.filter(({ node }) => departures.all().some((transfer) => !transfer.isDoneBy(node)));
        for (const transfer of departures.open) transfer.endTurn();
        const answers = active.length > 0 ? active.length + 1 : neighbours.heardOf().length + SLOTS_SPARE + 1;
        this.#phase = {
            kind: "listening",
            until: now + timing.answerWindowMs(answers),
            slotsEnd: active.length > 1 ? now + timing.answerDelayMs + active.length * timing.slotMs : now,
            awaiting: new Set(awaiting.map(({ node }) => node)),
            answered: false,
        };
    }

    #answered({ node, following }: AckFrame, now: Millis): void {
        const phase = this.#phase;
        if (phase.kind !== "listening") return;
        const { timing, departures, channel } = this.#parts;
        phase.answered = true;
        this.#wasAnswered = true;
        phase.awaiting.delete(node);
        this.#silences = 0;
        // More of this answer follows at once; talking now would spoil it.
        const quiet = Math.max(phase.slotsEnd, now + following * timing.slotMs);
        if (phase.awaiting.size > 0) {
            phase.until = Math.max(phase.until, quiet);
            return;
        }
        const waitsForDisk = departures.open.some((transfer) => transfer.isKeptSomewhere);
        const pause = waitsForDisk && !this.#hasFresh ? KEPT_PAUSE_MS : 0;
        this.#phase = { kind: "free", notBefore: quiet + Math.max(pause, channel.yieldMs) };
    }

    get #hasFresh(): boolean {
        const { departures, outbox } = this.#parts;
        return (
            departures.mustTeach || !outbox.isEmpty || departures.open.some((each) => departures.framesFor(each) > 0)
        );
    }

    get #isLonely(): boolean {
        return this.#parts.neighbours.active().length === 0;
    }

    #pause(): Millis {
        const { timing, random, neighbours } = this.#parts;
        if (this.#silences === 0) return 0;
        const base = timing.slotMs * 2 * (0.5 + random()) * Math.max(1, neighbours.heardOf().length);
        // Nobody there yet, or talking all at once: patience helps sooner.
        const patience = this.#isLonely || neighbours.active().length > 1 ? 1 : SILENCES_BEFORE_BACKOFF;
        const doublings = Math.max(0, this.#silences - patience);
        return Math.min(BACKOFF_MS_MAX, base * 2 ** doublings);
    }
}
