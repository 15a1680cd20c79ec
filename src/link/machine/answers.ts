import type { Millis } from "../../base/time.ts";
import { type AckEntry, entrySize } from "../frame/ack-entries.ts";
import { ACK_OVERHEAD, type AckFrame } from "../frame/control.ts";
import { ALIASES } from "../frame/limits.ts";
import type { Assemblies } from "./assemblies.ts";
import type { Blocks } from "./blocks.ts";
import type { Neighbours } from "./neighbours.ts";
import { SETTLE_MS, TURNAROUND_MS } from "./options.ts";
import type { LinkTiming } from "./timing.ts";

/** Things to tell one asker at once; more are left to its next question. */
export const SUBJECTS_MAX = 64;

/** Slots for those who are not known, when everybody is asked. */
export const SLOTS_SPARE = 2;

/** The end of a block is told so often unasked: once more than needed if nothing is lost. */
const TELLS = 2;

/** Losses above which one answer more is sent at once, to save the asker a round. */
const LOSS_FOR_COPY = [0.1, 0.2, 0.33];

/** Answers at once without pause, and then one for each interval: any frame can provoke one. */
const ANSWERS_AT_ONCE = 24;
const ANSWER_EVERY_MS = 1_000;

/** What one sender is to be told. */
interface Asker {
    /** When its turn is over. */
    askedAt: Millis;
    /** The answer's slot if it is not by rank. */
    slot: number | undefined;
    /** When the depot last spoke of what it is told. */
    settledAt: Millis;
    isDue: boolean;
    /** Blocks by check, and how often more their end is told. */
    readonly checks: Map<number, number>;
    readonly slots: Set<number>;
    /** Blocks that it asked about by name; whoever has nothing of them says so. */
    readonly polled: Set<number>;
    /** Blocks whose end was told often enough. */
    readonly told: Set<number>;
}

export interface AnswersParts {
    readonly timing: LinkTiming;
    readonly neighbours: Neighbours;
    readonly blocks: Blocks;
    readonly assemblies: Assemblies;
    readonly node: number;
    readonly random: () => number;
    /** Whether we want a turn of our own; asked once for each answer, to the one who asked. */
    readonly wantsTurn: (asker: number) => boolean;
}

/** When to answer whom, and with what. One answer covers everything that its asker has under way. */
export class Answers {
    readonly #parts: AnswersParts;
    readonly #askers = new Map<number, Asker>();
    /** Further frames of the answer that is being sent. */
    #queue: AckFrame[] = [];
    #tokens = ANSWERS_AT_ONCE;
    #tokensAt: Millis = 0;

    constructor(parts: AnswersParts) {
        this.#parts = parts;
    }

    /** Those who told its end often enough wait to be asked. */
    isTold(alias: number, check: number): boolean {
        const asker = this.#askerOf(alias);
        return !asker.checks.has(check) && asker.told.has(check);
    }

    /** A frame of a turn that ends then; a poll says whom it asks, and so who answers in which slot. */
    heardTurn(alias: number, endsAt: Millis, whom: number | undefined): void {
        const asker = this.#askerOf(alias);
        const { neighbours, random } = this.#parts;
        // Who asks everybody knows nobody, and those who are there may not know each other.
        const anybody = Math.floor(random() * (neighbours.heardOf().length + SLOTS_SPARE));
        asker.slot = whom === undefined ? undefined : whom === 0 ? anybody : bitsBelow(whom, neighbours.alias);
        asker.askedAt = endsAt;
        asker.isDue = true;
    }

    about(
        alias: number,
        subject: { readonly check: number; readonly polled?: true } | { readonly slot: number },
    ): void {
        const asker = this.#askerOf(alias);
        if ("slot" in subject) {
            asker.slots.add(subject.slot);
            return;
        }
        if (asker.checks.size >= SUBJECTS_MAX) forgetFirst(asker.checks);
        asker.checks.delete(subject.check);
        asker.checks.set(subject.check, TELLS);
        if (subject.polled && asker.polled.size < SUBJECTS_MAX) asker.polled.add(subject.check);
    }

    /** The depot spoke of these blocks: whoever asked about them is told at once. */
    settled(checks: readonly number[], now: Millis): void {
        for (const asker of this.#askers.values()) {
            if (!checks.some((check) => asker.checks.has(check))) continue;
            asker.settledAt = now;
            asker.isDue = true;
        }
    }

    /** When an answer wants to go out; undefined while none does. */
    readyAt(now: Millis): Millis | undefined {
        if (this.#queue.length > 0) return now;
        let ready: Millis | undefined;
        for (const [alias, asker] of this.#askers) {
            if (!asker.isDue) continue;
            const at = this.#dueAt(alias, asker);
            if (ready === undefined || at < ready) ready = at;
        }
        return ready === undefined ? undefined : Math.max(ready, this.#rationedUntil(now));
    }

    /** The next frame of an answer that is due; undefined when there is nothing to say after all. */
    next(now: Millis): AckFrame | undefined {
        const queued = this.#queue.shift();
        if (queued) return { ...queued, alias: this.#parts.neighbours.alias };
        for (const [alias, asker] of this.#askers) {
            if (!asker.isDue || this.#dueAt(alias, asker) > now) continue;
            asker.isDue = false;
            this.#parts.neighbours.meter(alias).endTurn();
            const frames = this.#compose(alias, asker, now);
            if (frames.length === 0) continue;
            this.#tokens--;
            this.#queue = frames.slice(1);
            return frames[0];
        }
        return undefined;
    }

    #dueAt(alias: number, asker: Asker): Millis {
        const { neighbours, timing, blocks } = this.#parts;
        const turn = asker.askedAt + TURNAROUND_MS + (asker.slot ?? neighbours.rankFor(alias)) * timing.slotMs;
        const waits = [...asker.checks.keys()].some((check) => blocks.isPending(check));
        const readyAt = waits ? asker.askedAt + SETTLE_MS : asker.settledAt;
        if (readyAt <= turn) return turn;
        // Who missed its turn takes one of its next, so that several who wait for their disks do not talk at once.
        const others = neighbours.active().length - 1;
        const cycle = (others + 1) * timing.slotMs;
        return others > 0 ? turn + Math.ceil((readyAt - turn) / cycle) * cycle : readyAt;
    }

    #compose(alias: number, asker: Asker, now: Millis): AckFrame[] {
        const { neighbours, node, timing } = this.#parts;
        const { loss } = neighbours.meter(alias);
        const copies = neighbours.active().length > 1 ? 0 : LOSS_FOR_COPY.filter((most) => loss > most).length;
        const entries = [...this.#aboutSlots(alias, asker), ...this.#aboutBlocks(asker, copies, now)];
        if (entries.length === 0) return [];
        const packs = packEntries(entries, timing.frameSizeMax - ACK_OVERHEAD);
        const wants = this.#parts.wantsTurn(alias);
        const frames = Array.from({ length: copies + 1 }, () => packs).flat();
        return frames.map((pack, index) => ({
            kind: "ack",
            alias: neighbours.alias,
            node,
            following: Math.min(3, frames.length - 1 - index),
            wants,
            loss,
            entries: pack,
        }));
    }

    #aboutSlots(alias: number, asker: Asker): readonly AckEntry[] {
        const entries = [...asker.slots].flatMap((slot): readonly AckEntry[] => {
            const assembly = this.#parts.assemblies.at(alias, slot);
            if (!assembly || assembly.missing === 0) return [];
            const { check } = assembly;
            if (check !== undefined && asker.polled.has(check)) {
                return [{ kind: "held", check, missing: assembly.missing, held: assembly.held() }];
            }
            return [{ kind: "partial", alias, slot, missing: assembly.missing }];
        });
        asker.slots.clear();
        return entries;
    }

    #aboutBlocks(asker: Asker, copies: number, now: Millis): readonly AckEntry[] {
        const { blocks } = this.#parts;
        const entries: AckEntry[] = [];
        const told = new Set(entries.flatMap((entry) => ("check" in entry ? [entry.check] : [])));
        for (const [check, tells] of [...asker.checks]) {
            const about = blocks.entries(check, now);
            entries.push(...about);
            if (about.length === 0 && asker.polled.has(check) && !told.has(check) && !this.#isHalfHere(check)) {
                entries.push({ kind: "none", check });
            }
            const isOver = about.every(({ kind }) => kind !== "kept" && kind !== "need");
            if (isOver && (tells <= 1 || copies > 0)) {
                asker.checks.delete(check);
                remember(asker.told, check);
            }
            if (isOver && tells > 1 && copies === 0) asker.checks.set(check, tells - 1);
        }
        asker.polled.clear();
        return entries;
    }

    #isHalfHere(check: number): boolean {
        return this.#parts.assemblies.all().some((assembly) => assembly.check === check);
    }

    #askerOf(alias: number): Asker {
        const known = this.#askers.get(alias & (ALIASES - 1));
        if (known) return known;
        const asker: Asker = {
            askedAt: 0,
            slot: undefined,
            settledAt: Number.NEGATIVE_INFINITY,
            isDue: false,
            checks: new Map(),
            slots: new Set(),
            polled: new Set(),
            told: new Set(),
        };
        this.#askers.set(alias & (ALIASES - 1), asker);
        return asker;
    }

    #rationedUntil(now: Millis): Millis {
        const earned = Math.floor((now - this.#tokensAt) / ANSWER_EVERY_MS);
        if (earned > 0) {
            this.#tokens = Math.min(ANSWERS_AT_ONCE, this.#tokens + earned);
            this.#tokensAt = this.#tokens === ANSWERS_AT_ONCE ? now : this.#tokensAt + earned * ANSWER_EVERY_MS;
        }
        return this.#tokens > 0 ? Number.NEGATIVE_INFINITY : this.#tokensAt + ANSWER_EVERY_MS;
    }
}

function bitsBelow(mask: number, end: number): number {
    let count = 0;
    for (let bit = 0; bit < end; bit++) count += (mask >> bit) & 1;
    return count;
}

/** As many entries a frame as fit. */
function packEntries(entries: readonly AckEntry[], sizeMax: number): readonly (readonly AckEntry[])[] {
    const packs: AckEntry[][] = [];
    let room = 0;
    for (const entry of entries) {
        const size = entrySize(entry);
        if (size > room || packs.length === 0) {
            packs.push([]);
            room = sizeMax;
        }
        packs.at(-1)?.push(entry);
        room -= size;
    }
    return packs;
}

function remember(told: Set<number>, check: number): void {
    for (const oldest of told) {
        if (told.size < SUBJECTS_MAX) break;
        told.delete(oldest);
    }
    told.add(check);
}

function forgetFirst(map: Map<number, number>): void {
    const [first] = map.keys();
    if (first !== undefined) map.delete(first);
}
