import { type AckFrame, type PollFrame, polledMax, type TeachFrame, taughtMax } from "../frame/control.ts";
import { SLOTS } from "../frame/limits.ts";
import type { LinkEffect } from "../link.ts";
import { framesToSend } from "../loss-plan.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Neighbours } from "./neighbours.ts";
import { OPEN_MAX } from "./options.ts";
import { isBrief, type Outbox } from "./outbox.ts";
import type { LinkTiming } from "./timing.ts";
import type { Transfer } from "./transfer.ts";

/** Questions about one transfer without a frame of it in between: nobody keeps us asking for ever. */
export const ROUNDS_MAX = 64;

export interface DeparturesParts {
    readonly timing: LinkTiming;
    readonly neighbours: Neighbours;
    readonly knowledge: Knowledge;
    readonly outbox: Outbox;
    readonly node: number;
    readonly random: () => number;
}

/** The transfers that are under way, and what the neighbours said of them. */
export class Departures {
    readonly #parts: DeparturesParts;
    #open: Transfer[] = [];
    /** Parts that everybody has, while other parts of their payload are under way. */
    #resting: Transfer[] = [];
    readonly #toTeach = new Set<Transfer>();
    readonly #taught = new WeakSet<Transfer>();
    #nextSlot: number;

    constructor(parts: DeparturesParts) {
        this.#parts = parts;
        this.#nextSlot = Math.floor(parts.random() * SLOTS);
    }

    get open(): readonly Transfer[] {
        return this.#open;
    }

    get mustTeach(): boolean {
        return this.#toTeach.size > 0;
    }

    all(): readonly Transfer[] {
        return [...this.#open, ...this.#resting];
    }

    /** Takes up what waits, as far as there is room. `shortOnly` gives those that fit one frame, newly opened. */
    fill(shortOnly = false): readonly Transfer[] {
        const opened = this.#parts.outbox.open(shortOnly ? 1 : OPEN_MAX - this.#open.length, shortOnly);
        this.#open.push(...opened);
        return opened;
    }

    /** Whether the answer is about anything of ours. */
    hear({ node, entries }: AckFrame): boolean {
        let concernsUs = false;
        for (const entry of entries) {
            const transfer = this.#named(entry);
            if (!transfer) continue;
            concernsUs = true;
            if (entry.kind !== "partial") this.#parts.neighbours.prove(node);
            this.#hear(node, transfer, entry);
        }
        return concernsUs;
    }

    #named(entry: AckFrame["entries"][number]): Transfer | undefined {
        if (entry.kind !== "partial") return this.all().find(({ check }) => check === entry.check);
        if (entry.alias !== this.#parts.neighbours.alias) return undefined;
        return this.#open.find(({ slot }) => slot === entry.slot);
    }

    /** How many symbols of a transfer the next turn should send. */
    framesFor(transfer: Transfer): number {
        const { neighbours } = this.#parts;
        const listeners = neighbours
            .active()
            .map(({ node, lossThere }) => ({ missing: transfer.missingAt(node), loss: lossThere }))
            .filter(({ missing }) => missing > 0);
        return listeners.length === 0
            ? 0
            : framesToSend({ listeners, roundCost: roundCost(Math.max(...listeners.map(({ loss }) => loss))) });
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
            for (const other of this.all()) if (isPartOfSame(other, transfer)) other.hear(node, entry);
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
        const instead = other === "apart" ? [] : [other];
        this.#open = this.#open.flatMap((each) => (each === transfer ? instead : [each]));
        this.#toTeach.delete(transfer);
    }

    /** Ends what is over, and says how. */
    finish(): readonly LinkEffect[] {
        const effects: LinkEffect[] = [];
        for (const transfer of this.all()) {
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

    /** Gives everything back. */
    giveUp(detail: string): readonly LinkEffect[] {
        const { outbox } = this.#parts;
        const offers = outbox.all();
        for (const transfer of this.all()) this.#close(transfer);
        for (const offer of offers) outbox.end(offer);
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

    /** Receivers tell old transfers from new ones by their slots, so that open ones lie close together. */
    hasSlot(transfer: Transfer, count: number): boolean {
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

    /** What somebody needs to read what it has. */
    teachFrame(): TeachFrame | undefined {
        const { neighbours, knowledge, outbox, timing, node } = this.#parts;
        const [transfer] = this.#toTeach;
        if (!transfer) return undefined;
        this.#toTeach.delete(transfer);
        this.#taught.add(transfer);
        const routingKeys = outbox.keysOf(transfer).slice(0, taughtMax(timing.frameSizeMax));
        return { kind: "teach", alias: neighbours.alias, node, hour: knowledge.hour, routingKeys };
    }

    /** Asks about what is not over; undefined when all is. */
    pollFrame(): PollFrame | undefined {
        const { neighbours, timing, node } = this.#parts;
        const undone = this.all().filter((transfer) => !this.#isDone(transfer));
        const asked = undone
            .sort((a, b) => a.rounds - b.rounds)
            .slice(0, Math.min(OPEN_MAX, polledMax(timing.frameSizeMax)));
        if (asked.length === 0) return undefined;
        const blocks = asked.map((transfer) => {
            transfer.rounds++;
            const { count, symbolSize, check } = transfer;
            return { slot: this.#slotOf(transfer), count, symbolSize, check };
        });
        const silent = neighbours.active().filter((each) => asked.some((transfer) => !transfer.isDoneBy(each.node)));
        const whom = silent.reduce((mask, { alias }) => mask | (1 << alias), 0);
        return { kind: "poll", alias: neighbours.alias, node, whom, blocks };
    }

    withdraw(offer: number): void {
        const { outbox } = this.#parts;
        outbox.end(offer);
        for (const transfer of this.all()) {
            if (transfer.offers.every((each) => outbox.payload(each) === undefined)) this.#close(transfer);
        }
    }
}

/**
 * What one more round costs, in frames: for time more than for airtime, as measured (bench/link). More where its answer
 * may be lost, and less again where so much is lost that airtime is dearer than time.
 */
function roundCost(loss: number): number {
    return 0.3 + 25 * loss * (1 - loss) ** 2;
}

function isPartOfSame(a: Transfer, b: Transfer): boolean {
    return a !== b && a.isPart && b.isPart && a.offers[0] === b.offers[0];
}
