import type { Millis } from "../../base/time.ts";
import type { AckFrame, PollFrame, TeachFrame } from "../frame/control.ts";
import { polledMax, taughtMax } from "../frame/control.ts";
import type { LinkFrame } from "../frame/frame.ts";
import { LEFT_MAX, SLOTS } from "../frame/limits.ts";
import type { LinkEffect } from "../link.ts";
import { framesToSend } from "../loss-plan.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Neighbours } from "./neighbours.ts";
import { type LinkTiming, OPEN_MAX, RESUME_MS, SETTLE_MS, TURNAROUND_MS } from "./options.ts";
import { isBrief, type Outbox } from "./outbox.ts";
import type { Transfer } from "./transfer.ts";

/** Rounds of one transfer, answered or not: nobody keeps us sending for ever. */
export const ROUNDS_MAX = 64;

/** Questions into an empty valley before everything that waits is given back to the relay. */
export const LONELY_ASKS_MAX = 4;

/** Silent rounds in a row that look like loss; from then on each pause is twice as long as the one before. */
const SILENCES_BEFORE_BACKOFF = 4;
const BACKOFF_MS_MAX = 60_000;

/** After a frame that the modem could not send, in milliseconds. */
const UNSENT_PAUSE_MS = 1_000;

/** A neighbour that waits for its disk is asked again after so long, in milliseconds. */
const KEPT_PAUSE_MS = 1_500;

/** What one more round costs, in frames: for time more than for airtime. More where its answer may be lost. */
function roundCost(loss: number): number {
    return 0.3 + 6 * loss;
}

/** Share of a turn that long transfers get when short ones would fill it. */
const LONG_SHARE = 0.25;

type Phase =
    | { readonly kind: "free"; readonly notBefore: Millis }
    /** Frames of this turn, in order. */
    | { readonly kind: "sending"; readonly queue: Transfer[]; isFirst: boolean }
    | { kind: "listening"; until: Millis; readonly awaiting: Set<number>; answered: boolean };

export interface TurnsParts {
    readonly timing: LinkTiming;
    readonly neighbours: Neighbours;
    readonly knowledge: Knowledge;
    readonly outbox: Outbox;
    readonly node: number;
    readonly random: () => number;
}

/**
 * The sending side: one turn after the other. In a turn go the symbols that somebody lacks, of as many transfers as there
 * are; then everybody answers, and the answers make the next turn. Silence is met with a small question, ever more seldom.
 */
export class Turns {
    readonly #parts: TurnsParts;
    #open: Transfer[] = [];
    /** Parts that everybody has, while other parts of their payload are under way. */
    #resting: Transfer[] = [];
    readonly #toTeach = new Set<Transfer>();
    readonly #taught = new WeakSet<Transfer>();
    #phase: Phase = { kind: "free", notBefore: Number.NEGATIVE_INFINITY };
    #flying: { readonly frame: LinkFrame; readonly transfer: Transfer | undefined } | undefined;
    #nextSlot = 0;
    #silences = 0;
    #lonelyAsks = 0;
    #resumesAt: Millis | undefined;

    constructor(parts: TurnsParts) {
        this.#parts = parts;
        this.#nextSlot = Math.floor(parts.random() * SLOTS);
    }

    get isListening(): boolean {
        return this.#phase.kind === "listening";
    }

    /** In the middle of a turn the channel is ours. */
    get isSending(): boolean {
        return this.#phase.kind === "sending";
    }

    /** Transfers under way. */
    transfers(): readonly Transfer[] {
        return [...this.#open, ...this.#resting];
    }

    /** After a restart, payloads that shared a block wait for each other. */
    offered(now: Millis): void {
        if (this.#phase.kind !== "free") return;
        // Waiting for a silent channel is counted from here.
        if (this.readyAt() === undefined) this.#phase = { kind: "free", notBefore: Math.max(now, this.#phase.notBefore) };
        if (!this.#parts.outbox.remembers || this.#resumesAt !== undefined) return;
        this.#resumesAt = now + RESUME_MS;
        this.#phase = { kind: "free", notBefore: this.#resumesAt };
    }

    /** When a frame wants to go out; undefined while none does. */
    readyAt(): Millis | undefined {
        if (this.#phase.kind === "sending") return Number.NEGATIVE_INFINITY;
        if (this.#phase.kind === "listening") return undefined;
        const hasWork = this.#open.length > 0 || this.#resting.length > 0 || !this.#parts.outbox.isEmpty;
        return hasWork ? this.#phase.notBefore : undefined;
    }

    deadline(): Millis | undefined {
        return this.#phase.kind === "listening" ? this.#phase.until : undefined;
    }

    next(now: Millis): LinkFrame | undefined {
        if (this.#phase.kind === "free") this.#begin();
        return this.#phase.kind === "sending" ? this.#pop(this.#phase) : this.#ask(now);
    }

    /** The frame from `next` is on its way or could not be sent. */
    transmitted(sent: boolean, now: Millis): void {
        const flying = this.#flying;
        this.#flying = undefined;
        if (!flying) return;
        if (!sent) {
            if (flying.transfer) flying.transfer.takeBack(flying.frame);
            this.#phase = { kind: "free", notBefore: now + UNSENT_PAUSE_MS };
            return;
        }
        if (this.#phase.kind === "sending" && this.#phase.queue.length > 0) return;
        this.#listen(now);
    }

    /** Silence: who should have answered and did not. */
    tick(now: Millis): readonly LinkEffect[] {
        const phase = this.#phase;
        if (phase.kind !== "listening" || now < phase.until) return [];
        for (const node of phase.awaiting) this.#parts.neighbours.silent(node);
        this.#silences = phase.answered ? 0 : this.#silences + 1;
        const isLonely = this.#parts.neighbours.active().length === 0;
        this.#lonelyAsks = isLonely ? this.#lonelyAsks + 1 : 0;
        this.#phase = { kind: "free", notBefore: now + this.#pause() };
        if (isLonely && this.#lonelyAsks >= LONELY_ASKS_MAX) return this.#giveUp("no neighbour answers");
        return this.#finish();
    }

    onAck(ack: AckFrame, now: Millis): readonly LinkEffect[] {
        const { alias } = this.#parts.neighbours;
        let concernsUs = false;
        for (const entry of ack.entries) {
            const transfer =
                entry.kind === "partial"
                    ? this.#open.find(({ slot }) => entry.alias === alias && slot === entry.slot)
                    : this.transfers().find(({ check }) => check === entry.check);
            if (!transfer) continue;
            concernsUs = true;
            this.#hear(ack.node, transfer, entry);
        }
        if (concernsUs) this.#answered(ack, now);
        return this.#finish();
    }

    /** Somebody is there after all. */
    heardSomebody(now: Millis): void {
        this.#lonelyAsks = 0;
        if (this.#phase.kind === "free" && this.#phase.notBefore > now && !this.#parts.outbox.remembers)
            this.#phase = { kind: "free", notBefore: now };
        this.#silences = 0;
    }

    withdraw(offer: number): void {
        const { outbox } = this.#parts;
        outbox.end(offer);
        for (const transfer of this.transfers()) {
            if (transfer.offers.every((each) => outbox.payload(each) === undefined)) this.#close(transfer);
        }
    }

    #begin(): void {
        const { outbox } = this.#parts;
        const room = OPEN_MAX - this.#open.length;
        if (room > 0) this.#open.push(...outbox.open(room));
        if (this.#resumesAt !== undefined) outbox.forgetEarlier();
        if (this.#isLonely) return;
        const queue = this.#toTeach.size > 0 ? [] : this.#compose();
        if (queue.length > 0) this.#phase = { kind: "sending", queue, isFirst: true };
    }

    /** What this turn sends: urgent transfers first, but long ones get their share. */
    #compose(): Transfer[] {
        const { burstFramesMax } = this.#parts.timing;
        const wanted = this.#open.map((transfer) => ({ transfer, count: this.#framesFor(transfer) }));
        const take = (long: boolean, most: number): Transfer[] => {
            const queue: Transfer[] = [];
            for (const { transfer, count } of wanted) {
                if ((transfer.urgency === "long") !== long || !this.#hasSlot(transfer, count)) continue;
                for (let frame = 0; frame < count && queue.length < most; frame++) queue.push(transfer);
            }
            return queue;
        };
        const long = take(true, burstFramesMax);
        const reserved = Math.min(long.length, Math.ceil(LONG_SHARE * burstFramesMax));
        const short = take(false, burstFramesMax - reserved);
        return [...short, ...long.slice(0, burstFramesMax - short.length)];
    }

    #framesFor(transfer: Transfer): number {
        const { neighbours } = this.#parts;
        const listeners = neighbours
            .active()
            .map(({ node, lossThere }) => ({ missing: transfer.missingAt(node), loss: lossThere }))
            .filter(({ missing }) => missing > 0);
        return listeners.length === 0
            ? 0
            : framesToSend({ listeners, roundCost: roundCost(Math.max(...listeners.map(({ loss }) => loss))) });
    }

    #pop(turn: Extract<Phase, { readonly kind: "sending" }>): LinkFrame | undefined {
        const { queue, isFirst } = turn;
        turn.isFirst = false;
        this.#squeezeIn(queue);
        const transfer = queue.shift();
        if (!transfer) return undefined;
        const { alias } = this.#parts.neighbours;
        const isAlone = queue.length === 0 && isFirst && transfer.mayGoAlone;
        const frame = isAlone
            ? transfer.wholeFrame(alias)
            : transfer.nextFrame(alias, Math.min(LEFT_MAX, queue.length));
        this.#flying = { frame, transfer };
        return frame;
    }

    /** A short message does not wait for the end of a long turn. */
    #squeezeIn(queue: Transfer[]): void {
        const { outbox } = this.#parts;
        if (queue.length <= LEFT_MAX || this.#open.length >= OPEN_MAX || !outbox.hasShort) return;
        for (const transfer of outbox.open(1, true)) {
            this.#open.push(transfer);
            if (this.#hasSlot(transfer, 1)) queue.unshift(transfer);
        }
    }

    #ask(now: Millis): LinkFrame | undefined {
        const frame = this.#teachFrame() ?? this.#pollFrame();
        if (!frame) {
            // Nothing is left to ask about: everything waits for somebody who is not waited for any more.
            this.#phase = { kind: "free", notBefore: now + KEPT_PAUSE_MS };
            return undefined;
        }
        this.#flying = { frame, transfer: undefined };
        return frame;
    }

    #teachFrame(): TeachFrame | undefined {
        const { neighbours, knowledge, outbox, timing, node } = this.#parts;
        const [transfer] = this.#toTeach;
        if (!transfer) return undefined;
        this.#toTeach.delete(transfer);
        this.#taught.add(transfer);
        const routingKeys = outbox.keysOf(transfer).slice(0, taughtMax(timing.frameSizeMax));
        return { kind: "teach", alias: neighbours.alias, node, hour: knowledge.hour, routingKeys };
    }

    #pollFrame(): PollFrame | undefined {
        const { neighbours, timing, node } = this.#parts;
        const undone = this.transfers().filter((transfer) => !this.#isDone(transfer));
        const asked = undone
            .sort((a, b) => a.rounds - b.rounds)
            .slice(0, Math.min(OPEN_MAX, polledMax(timing.frameSizeMax)));
        if (asked.length === 0) return undefined;
        const blocks = asked.map((transfer) => {
            transfer.rounds++;
            const { count, symbolSize, check } = transfer;
            return { slot: this.#slotOf(transfer), count, symbolSize, check };
        });
        return { kind: "poll", alias: neighbours.alias, node, blocks };
    }

    #listen(now: Millis): void {
        const { neighbours, timing } = this.#parts;
        const active = neighbours.active();
        const awaiting = active.filter(({ node }) => this.#open.some((transfer) => !transfer.isDoneBy(node)));
        for (const transfer of this.#open) transfer.endTurn();
        const answers = Math.max(1, active.length) + 1;
        this.#phase = {
            kind: "listening",
            until: now + TURNAROUND_MS + answers * timing.slotMs + SETTLE_MS,
            awaiting: new Set(awaiting.map(({ node }) => node)),
            answered: false,
        };
    }

    #answered({ node, following }: AckFrame, now: Millis): void {
        const phase = this.#phase;
        if (phase.kind !== "listening") return;
        const { timing } = this.#parts;
        phase.answered = true;
        phase.awaiting.delete(node);
        this.#silences = 0;
        // More of this answer follows at once; talking now would spoil it.
        const quiet = now + (following > 0 ? following * timing.slotMs : 0);
        if (phase.awaiting.size > 0) {
            phase.until = Math.max(phase.until, quiet);
            return;
        }
        const waitsForDisk = this.#open.some((transfer) => transfer.isKeptSomewhere);
        this.#phase = { kind: "free", notBefore: quiet + (waitsForDisk && !this.#hasFresh ? KEPT_PAUSE_MS : 0) };
    }

    #hear(node: number, transfer: Transfer, entry: AckFrame["entries"][number]): void {
        transfer.hear(node, entry);
        if (entry.kind !== "need") {
            this.#share(transfer, node, entry);
            return;
        }
        if (!entry.ids && !this.#taught.has(transfer) && isBrief(transfer)) this.#toTeach.add(transfer);
        else this.#reword(transfer);
    }

    /** A verdict over one part is one over its payload. */
    #share(transfer: Transfer, node: number, entry: AckFrame["entries"][number]): void {
        if (entry.kind === "stored" || entry.kind === "rejected" || entry.kind === "later") {
            for (const other of this.transfers()) if (isPartOfSame(other, transfer)) other.hear(node, entry);
        }
        if (transfer.isPart && this.#isKeptByAll(transfer) && this.#open.includes(transfer)) {
            this.#open = this.#open.filter((each) => each !== transfer);
            this.#resting.push(transfer);
        } else if (this.#resting.includes(transfer) && !this.#isKeptByAll(transfer)) {
            this.#resting = this.#resting.filter((each) => each !== transfer);
            this.#open.push(transfer);
        }
    }

    #reword(transfer: Transfer): void {
        const other = this.#parts.outbox.reword(transfer);
        if (!other) return;
        this.#open = this.#open.map((each) => (each === transfer ? other : each));
        this.#toTeach.delete(transfer);
    }

    #finish(): readonly LinkEffect[] {
        const effects: LinkEffect[] = [];
        for (const transfer of this.transfers()) {
            const tired = transfer.rounds > ROUNDS_MAX;
            if (!this.#isDone(transfer) && !tired) continue;
            for (const [index, offer] of transfer.offers.entries())
                effects.push(...this.#outcome(transfer, index, offer));
            this.#close(transfer);
        }
        return effects;
    }

    #outcome(transfer: Transfer, index: number, offer: number): readonly LinkEffect[] {
        const { outbox, knowledge } = this.#parts;
        const payload = outbox.payload(offer);
        if (payload === undefined) return [];
        outbox.end(offer);
        const verdict = transfer.verdictOn(index);
        if (verdict === "stored") {
            knowledge.learnPayload(payload, { shared: true });
            return [{ kind: "acknowledged", offer, framesSent: transfer.framesSent }];
        }
        if (verdict === "rejected") return [{ kind: "rejected", offer }];
        const detail = verdict === "later" ? "the neighbour cannot take it now" : "too many rounds without an end";
        return [{ kind: "failed", offer, detail }];
    }

    #giveUp(detail: string): readonly LinkEffect[] {
        const { outbox } = this.#parts;
        const offers = outbox.all();
        for (const transfer of this.transfers()) this.#close(transfer);
        for (const offer of offers) outbox.end(offer);
        this.#lonelyAsks = 0;
        this.#silences = 0;
        return offers.map((offer) => ({ kind: "failed", offer, detail }));
    }

    #close(transfer: Transfer): void {
        this.#open = this.#open.filter((each) => each !== transfer && !isPartOfSame(each, transfer));
        this.#resting = this.#resting.filter((each) => each !== transfer && !isPartOfSame(each, transfer));
        this.#toTeach.delete(transfer);
    }

    /** Everybody who is waited for has spoken, and somebody has. */
    #isDone(transfer: Transfer): boolean {
        const active = this.#parts.neighbours.active();
        return transfer.isRuled && active.every(({ node }) => transfer.isDoneBy(node));
    }

    #isKeptByAll(transfer: Transfer): boolean {
        const active = this.#parts.neighbours.active();
        return active.length > 0 && active.every(({ node }) => transfer.isKeptBy(node));
    }

    get #hasFresh(): boolean {
        return (
            this.#toTeach.size > 0 ||
            !this.#parts.outbox.isEmpty ||
            this.#open.some((each) => this.#framesFor(each) > 0)
        );
    }

    get #isLonely(): boolean {
        return this.#parts.neighbours.active().length === 0;
    }

    #pause(): Millis {
        const { timing, random } = this.#parts;
        if (this.#silences === 0) return 0;
        const base = timing.slotMs * 2 * (0.5 + random());
        const doublings = Math.max(0, this.#silences - SILENCES_BEFORE_BACKOFF);
        return Math.min(BACKOFF_MS_MAX, base * 2 ** doublings);
    }

    /** Receivers tell old transfers from new ones by their slots, so that open ones lie close together. */
    #hasSlot(transfer: Transfer, count: number): boolean {
        if (count === 0 || transfer.slot !== undefined) return count > 0;
        if (!this.#windowIsOpen) return false;
        this.#slotOf(transfer);
        return true;
    }

    get #windowIsOpen(): boolean {
        const slots = this.#open.flatMap(({ slot }) => slot ?? []);
        return slots.every((slot) => (this.#nextSlot - slot + SLOTS) % SLOTS < SLOTS / 2);
    }

    #slotOf(transfer: Transfer): number {
        if (transfer.slot !== undefined) return transfer.slot;
        if (!this.#windowIsOpen) return this.#nextSlot;
        transfer.slot = this.#nextSlot;
        this.#nextSlot = (this.#nextSlot + 1) % SLOTS;
        return transfer.slot;
    }
}

function isPartOfSame(a: Transfer, b: Transfer): boolean {
    return a !== b && a.isPart && b.isPart && a.offers[0] === b.offers[0];
}
