import { equalBytes } from "../../base/bytes.ts";
import { syndromesFor } from "./decode.ts";
import {
    COUNT_MODULUS,
    decodeMessage,
    type Ending,
    encodeMessage,
    LISTED_MAX,
    type Message,
    WANTS_MAX,
} from "./message.ts";
import { Search } from "./search.ts";
import { indexIds, makeShortOf, ROOT, type ShortHash, type ShortIds } from "./short-ids.ts";
import { merge, type Sketch, sketchOf } from "./sketch.ts";

/** Syndromes in a first message: with the count they fill one LoRa frame of 222 bytes. */
export const FIRST_SYNDROMES_MAX = 54;
/** Questions that one meeting answers, so that a neighbour cannot make us compute without end. */
const ANSWERS_MAX = 2_048;

export interface ReconcilerOptions {
    /** All message ids to compare, 16 bytes each, no two alike, at most 2^20 of them. Not copied: they must not change. */
    readonly ids: readonly Uint8Array[];
    /** The same at both ends, fresh for every meeting; 8 bytes for `halfSipHash`. */
    readonly salt: Uint8Array;
    readonly hash: ShortHash;
    /** How many differences are to be expected; a good guess saves rounds, a bad one costs 4 bytes a difference. */
    readonly expected?: number;
}

/** What one message brought. */
export interface Step {
    /** To be sent to the neighbour, in order. */
    readonly replies: readonly Uint8Array[];
    /** Ids that the neighbour lacks. It is to be given what they stand for; it may hold some of them already. */
    readonly missingThere: readonly Uint8Array[];
    /** Short ids of what we lack. The neighbour has been asked for them in `replies`. */
    readonly missingHere: readonly number[];
    /** Set when this side's part is over. After "partial", meet again under another salt: what was found stays found. */
    readonly outcome: "complete" | "partial" | undefined;
    /** The bytes were no message of ours, or none that was waited for. */
    readonly ignored: boolean;
}

/** One end of the comparison of two sets of ids. Pure; never throws on what a neighbour sends. docs/sketch.md. */
export interface Reconciler {
    /** The messages that begin a meeting. Either end begins, or both. */
    start(): readonly Uint8Array[];
    /** Also after the outcome: the other end may still ask and want. */
    handle(bytes: Uint8Array): Step;
    /** What was sent last, for a neighbour that stays silent. Receiving a message twice does no harm. */
    again(): readonly Uint8Array[];
    /** The short id of any id under this meeting's salt, to tell which of `missingHere` has arrived. */
    shortOf(id: Uint8Array): number;
    /** Own ids with one short id; they are listed to the neighbour, the first 13 of them. */
    readonly collided: readonly Uint8Array[];
}

export function makeReconciler(options: ReconcilerOptions): Reconciler {
    return new End(options);
}

type Told = Partial<Step>;

class End implements Reconciler {
    readonly shortOf: (id: Uint8Array) => number;
    readonly collided: readonly Uint8Array[];
    readonly #own: ShortIds;
    readonly #all: readonly Uint8Array[];
    readonly #count: number;
    readonly #expected: number;
    #search: Search | undefined;
    #hasStarted = false;
    #hasListed: boolean;
    #answers = 0;
    #last: readonly Uint8Array[] = [];
    /** How our own search ended. */
    #outcome: Step["outcome"];

    constructor({ ids, salt, hash, expected = 0 }: ReconcilerOptions) {
        this.#own = indexIds(ids, makeShortOf(hash, salt));
        this.#all = ids;
        this.#count = this.#own.shorts.length % COUNT_MODULUS;
        this.#expected = expected;
        this.shortOf = this.#own.shortOf;
        this.collided = this.#own.collided;
        this.#hasListed = this.collided.length === 0;
    }

    start(): readonly Uint8Array[] {
        return this.#begin(this.#expected);
    }

    again(): readonly Uint8Array[] {
        return this.#last;
    }

    handle(bytes: Uint8Array): Step {
        const message = decodeMessage(bytes);
        const told = message === undefined ? undefined : this.#told(message);
        const ignored = told === undefined;
        return { replies: [], missingThere: [], missingHere: [], outcome: undefined, ignored, ...told };
    }

    #told(message: Message): Told | undefined {
        switch (message.kind) {
            case "digest":
                return this.#onDigest(message);
            case "ask":
                return this.#onAsk(message);
            case "more":
                return this.#onMore(message);
            case "want":
                return this.#onWant(message);
            case "list":
                return this.#onList(message.ids);
        }
    }

    #onDigest({ count, sketch }: Message & { kind: "digest" }): Told | undefined {
        if (this.#search !== undefined) return undefined;
        const surplus = signed(count - this.#count);
        const mine = this.#sketch(sketch.length);
        if (surplus === 0 && isZero(merge(mine, sketch))) return this.#over([]);
        if (count === 0 && isZero(sketch)) return this.#over(this.#all);
        const isTheirTurn = this.#theyLook(surplus, mine, sketch);
        if (isTheirTurn && this.#hasStarted) return {};
        // Syndromes that came already are a start for us; only a bare digest is better answered with our own.
        if (isTheirTurn && sketch.length === 1) return { replies: this.#begin(this.#guess(surplus)) };
        this.#search = new Search(this.#own, { surplus, expected: this.#expected });
        this.#search.take(ROOT, 0, sketch);
        return this.#look(this.#search);
    }

    /** Who has more looks for the differences, since what it has too much it can send without being asked. */
    #theyLook(surplus: number, mine: Sketch, theirs: Sketch): boolean {
        if (surplus !== 0) return surplus > 0;
        return this.#hasStarted && (mine[0] ?? 0) > (theirs[0] ?? 0);
    }

    /** Differences to prepare for; to a set that is empty all is different, which the shortest digest says. */
    #guess(surplus: number): number {
        return this.#own.shorts.length === 0 ? 0 : Math.max(surplus, this.#expected);
    }

    #begin(differences: number): readonly Uint8Array[] {
        this.#hasStarted = true;
        const syndromes = differences === 0 ? 1 : Math.min(syndromesFor(differences), FIRST_SYNDROMES_MAX);
        return this.#sent([{ kind: "digest", count: this.#count, sketch: this.#sketch(syndromes) }]);
    }

    #over(missingThere: readonly Uint8Array[]): Told {
        return { replies: this.#sent(wants([], "complete")), missingThere, outcome: "complete" };
    }

    #look(search: Search): Told {
        const { found, next } = search.advance();
        const missingHere = found.filter((short) => !this.#own.has(short));
        const isOver = next === "complete" || next === "partial";
        const asks: readonly Message[] = isOver ? [] : [{ kind: "ask", ...next }];
        this.#outcome = isOver ? next : undefined;
        const replies = this.#sent([...wants(missingHere, isOver ? next : "goes_on"), ...asks]);
        return { replies, missingThere: found.flatMap(this.#own.idsOf), missingHere, outcome: this.#outcome };
    }

    #onAsk({ node, from, to }: Message & { kind: "ask" }): Told | undefined {
        if (!this.#hasStarted || this.#answers >= ANSWERS_MAX) return undefined;
        this.#answers++;
        const sketch = sketchOf(this.#own.below(node), { from, to });
        return { replies: this.#sent([{ kind: "more", node, from, sketch }]) };
    }

    #onMore({ node, from, sketch }: Message & { kind: "more" }): Told | undefined {
        if (this.#search?.take(node, from, sketch)) return this.#look(this.#search);
        // The neighbour missed how it ended.
        return this.#outcome === undefined ? undefined : { replies: this.#last, outcome: this.#outcome };
    }

    #onWant({ shorts, ending }: Message & { kind: "want" }): Told {
        const missingThere = [...new Set(shorts)].flatMap(this.#own.idsOf);
        return { missingThere, outcome: ending === "goes_on" ? undefined : ending };
    }

    #onList(ids: readonly Uint8Array[]): Told {
        const missingHere = ids.filter((id) => !this.#holds(id)).map(this.shortOf);
        return { replies: wants(missingHere, "goes_on").map(encodeMessage), missingHere };
    }

    #holds(id: Uint8Array): boolean {
        return this.#own.idsOf(this.shortOf(id)).some((known) => equalBytes(known, id));
    }

    #sketch(syndromes: number): Sketch {
        return sketchOf(this.#own.shorts, { from: 0, to: syndromes });
    }

    /** Ids that share a short id go along with whatever is sent first. */
    #sent(messages: readonly Message[]): readonly Uint8Array[] {
        const listed: readonly Message[] = this.#hasListed
            ? []
            : [{ kind: "list", ids: this.collided.slice(0, LISTED_MAX) }];
        this.#hasListed = true;
        this.#last = [...listed, ...messages].map(encodeMessage);
        return this.#last;
    }
}

/** No message at all for nothing to say; else as many as it takes, of which the last one carries the ending. */
function wants(shorts: readonly number[], ending: Ending): readonly Message[] {
    if (shorts.length === 0 && ending === "goes_on") return [];
    const messages: Message[] = [];
    for (let at = 0; at === 0 || at < shorts.length; at += WANTS_MAX) {
        const isLast = at + WANTS_MAX >= shorts.length;
        const part = Uint32Array.from(shorts.slice(at, at + WANTS_MAX));
        messages.push({ kind: "want", ending: isLast ? ending : "goes_on", shorts: part });
    }
    return messages;
}

function signed(difference: number): number {
    const rest = (difference + COUNT_MODULUS) % COUNT_MODULUS;
    return rest < COUNT_MODULUS / 2 ? rest : rest - COUNT_MODULUS;
}

function isZero(sketch: Sketch): boolean {
    return sketch.every((syndrome) => syndrome === 0);
}
