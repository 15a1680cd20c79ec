import { toHex } from "../../base/encoding.ts";
import type { Millis } from "../../base/time.ts";
import { blockCheck, decodeBlock } from "../block/block.ts";
import type { Part } from "../block/part.ts";
import { PartShelf } from "../block/part-shelf.ts";
import type { Need } from "../block/readings.ts";
import type { AckEntry, Verdict } from "../frame/ack-entries.ts";
import { uint } from "../frame/numbers.ts";
import type { LinkEffect } from "../link.ts";
import type { Knowledge } from "./knowledge.ts";

/** Blocks whose end is remembered, so that a lost ack costs one small frame. */
export const ENDED_MAX = 512;

/** Payloads that wait for the depot at once; more blocks are answered "later". */
export const DELIVERIES_MAX = 64;

/** Blocks that cannot be read yet. */
export const UNREAD_MAX = 16;

/** "Not now" holds so long, in milliseconds. */
const LATER_MS = 10_000;

/** One or several payloads on their way into the depot, or through. */
interface Block {
    readonly verdicts: (Verdict | undefined)[];
    /** Parts of the payload that this one is, by their checks. */
    readonly parts: Set<number>;
    endedAt: Millis | undefined;
}

/** A block as the code gives it: what it may be, likeliest first. */
interface WholeBlock {
    readonly bodies: readonly Uint8Array[];
    /** Whether it comes from somebody who is known. */
    readonly isNeighbours: boolean;
}

interface Unread extends WholeBlock {
    readonly need: Need;
}

/** What became of the bytes of a whole block. */
export type Read = "read" | "need" | "damaged" | "busy";

/** Whole blocks: read, handed up, and what the depot said. Answers for each by its check. */
export class Blocks {
    readonly #knowledge: Knowledge;
    /** Those of neighbours apart from those of strangers, who push out only each other. */
    readonly #shelves: { readonly known: PartShelf; readonly strange: PartShelf };
    readonly #blocks = new Map<number, Block>();
    readonly #unread = new Map<number, Unread>();
    /** Part's check to part and to the check of the whole payload's block, once that is known. */
    readonly #parts = new Map<
        number,
        { readonly part: Pick<Part, "digest" | "payloadSize" | "number" | "count">; whole: number | undefined }
    >();
    readonly #deliveries = new Map<number, { readonly check: number; readonly item: number }>();
    #deliveryCount = 0;

    constructor(knowledge: Knowledge) {
        this.#knowledge = knowledge;
        this.#shelves = { known: new PartShelf(knowledge.digest), strange: new PartShelf(knowledge.digest) };
    }

    /** Tries each reading of a block that has come whole. */
    read(
        { bodies, isNeighbours }: WholeBlock,
        now: Millis,
    ): { readonly read: Read; readonly check: number; readonly effects: readonly LinkEffect[] } {
        let need: Need | undefined;
        const check = checkOf(bodies[0]);
        if (this.#blocks.has(check)) return { read: "read", check, effects: [] };
        if (this.#deliveries.size >= DELIVERIES_MAX) return { read: "busy", check, effects: [] };
        for (const body of bodies) {
            const reading = decodeBlock(body, this.#knowledge);
            if (reading.kind === "payloads")
                return { read: "read", check, effects: this.#deliver(check, reading.payloads) };
            if (reading.kind === "part")
                return { read: "read", check, effects: this.#shelve(check, { part: reading.part, isNeighbours }, now) };
            if (reading.kind === "need") need ??= reading;
        }
        this.#unread.delete(check);
        if (!need) return { read: "damaged", check, effects: [] };
        this.#keepUnread(check, { bodies: bodies.map((body) => body.slice()), isNeighbours, need });
        return { read: "need", check, effects: [] };
    }

    /** Something was learned: what could not be read may be readable now. */
    readAgain(now: Millis): readonly LinkEffect[] {
        return [...this.#unread.values()].flatMap((unread) => this.read(unread, now).effects);
    }

    /** The depot spoke. Tells the check of the block that is settled by it, and those of its parts. */
    settled(delivery: number, verdict: Verdict, now: Millis): readonly number[] {
        const named = this.#deliveries.get(delivery);
        this.#deliveries.delete(delivery);
        const block = named && this.#blocks.get(named.check);
        if (!named || !block) return [];
        block.verdicts[named.item] = verdict;
        if (block.verdicts.includes(undefined)) return [];
        block.endedAt = now;
        return [named.check, ...block.parts];
    }

    isKnown(check: number): boolean {
        return this.#blocks.has(check) || this.#unread.has(check) || this.#partIsHere(check);
    }

    /** Whether the verdict over a block is still out, so that an answer had better wait a little. */
    isPending(check: number): boolean {
        const block = this.#blocks.get(this.#parts.get(check)?.whole ?? check);
        return block !== undefined && block.endedAt === undefined;
    }

    /** What to say of the block; nothing when it is not known. */
    entries(check: number, now: Millis): readonly AckEntry[] {
        this.#forgetLater(now);
        const unread = this.#unread.get(check);
        if (unread) return [{ kind: "need", check, ...unread.need }];
        const part = this.#parts.get(check);
        if (part && part.whole === undefined) return this.#partIsHere(check) ? [{ kind: "kept", check }] : [];
        const block = this.#blocks.get(part?.whole ?? check);
        if (!block) return [];
        if (block.endedAt === undefined) return [{ kind: "kept", check }];
        return verdictEntries(check, block.verdicts);
    }

    #deliver(check: number, payloads: readonly Uint8Array[]): readonly LinkEffect[] {
        this.#unread.delete(check);
        this.#makeRoom();
        this.#blocks.set(check, { verdicts: payloads.map(() => undefined), parts: new Set(), endedAt: undefined });
        return payloads.map((payload, item) => {
            this.#knowledge.learnPayload(payload, { shared: true });
            const delivery = ++this.#deliveryCount;
            this.#deliveries.set(delivery, { check, item });
            return { kind: "deliver", delivery, payload: payload.slice() };
        });
    }

    #shelve(
        check: number,
        { part, isNeighbours }: { readonly part: Part; readonly isNeighbours: boolean },
        now: Millis,
    ): readonly LinkEffect[] {
        if (this.#parts.size >= ENDED_MAX) this.#forgetFirst(this.#parts);
        this.#parts.set(check, { part: { ...part, digest: part.digest.slice() }, whole: undefined });
        const shelved = (isNeighbours ? this.#shelves.known : this.#shelves.strange).add(part);
        if (shelved.kind !== "payload")
            return shelved.kind === "damaged" ? [{ kind: "count", what: "block_damaged" }] : [];
        const { payload } = shelved;
        const whole = uint(blockCheck([payload], this.#knowledge.digest), 0, 4);
        const effects = this.#blocks.has(whole) ? [] : this.#deliver(whole, [payload]);
        const name = toHex(part.digest);
        for (const [partCheck, note] of this.#parts) {
            if (toHex(note.part.digest) !== name) continue;
            note.whole = whole;
            this.#blocks.get(whole)?.parts.add(partCheck);
        }
        this.#forgetLater(now);
        return effects;
    }

    #partIsHere(check: number): boolean {
        const note = this.#parts.get(check);
        if (!note) return false;
        return note.whole === undefined
            ? this.#shelves.known.holds(note.part) || this.#shelves.strange.holds(note.part)
            : this.#blocks.has(note.whole);
    }

    #keepUnread(check: number, unread: Unread): void {
        if (this.#unread.size >= UNREAD_MAX) this.#forgetFirst(this.#unread);
        this.#unread.set(check, unread);
    }

    /** Only ended blocks may go: a verdict that is still out will be asked for. Deliveries are bounded, so there is always one. */
    #makeRoom(): void {
        if (this.#blocks.size < ENDED_MAX) return;
        for (const [check, { endedAt }] of this.#blocks) {
            if (endedAt === undefined) continue;
            this.#blocks.delete(check);
            return;
        }
    }

    #forgetLater(now: Millis): void {
        for (const [check, { verdicts, endedAt }] of this.#blocks) {
            if (endedAt !== undefined && verdicts.includes("later") && now >= endedAt + LATER_MS)
                this.#blocks.delete(check);
        }
    }

    #forgetFirst(map: Map<number, unknown>): void {
        const [first] = map.keys();
        if (first !== undefined) map.delete(first);
    }
}

/** One entry where all items fared alike. */
function verdictEntries(check: number, verdicts: readonly (Verdict | undefined)[]): readonly AckEntry[] {
    const [first] = verdicts;
    const same = verdicts.every((verdict) => verdict === first);
    if (same && first) return [{ kind: first, check, item: 0 }];
    return verdicts.flatMap((verdict, index) => (verdict ? [{ kind: verdict, check, item: index + 1 }] : []));
}

/** The check that a block claims; 0 of one that is too short to have any. */
export function checkOf(body: Uint8Array | undefined): number {
    return body ? uint(body, 2, 4) : 0;
}
