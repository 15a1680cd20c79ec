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
import { makeSearch, type Search } from "./search.ts";
import { indexIds, makeShortOf, ROOT, type ShortHash } from "./short-ids.ts";
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

type Told = Partial<Step>;

export function makeReconciler({ ids, salt, hash, expected = 0 }: ReconcilerOptions): Reconciler {
    const own = indexIds(ids, makeShortOf(hash, salt));
    const count = own.shorts.length % COUNT_MODULUS;
    let search: Search | undefined;
    let hasStarted = false;
    let hasListed = own.collided.length === 0;
    let answers = 0;
    let last: readonly Uint8Array[] = [];

    const ownSketch = (syndromes: number): Sketch => sketchOf(own.shorts, { from: 0, to: syndromes });

    function sent(messages: readonly Message[]): readonly Uint8Array[] {
        const listed: readonly Message[] = hasListed ? [] : [{ kind: "list", ids: own.collided.slice(0, LISTED_MAX) }];
        hasListed = true;
        last = [...listed, ...messages].map(encodeMessage);
        return last;
    }

    function begin(differences: number): readonly Uint8Array[] {
        hasStarted = true;
        const syndromes = differences === 0 ? 1 : Math.min(syndromesFor(differences), FIRST_SYNDROMES_MAX);
        return sent([{ kind: "digest", count, sketch: ownSketch(syndromes) }]);
    }

    function onDigest({ count: theirs, sketch }: Message & { kind: "digest" }): Told | undefined {
        if (search !== undefined) return undefined;
        const surplus = signed(theirs - count);
        const mine = ownSketch(sketch.length);
        if (surplus === 0 && isZero(merge(mine, sketch))) return over([]);
        if (theirs === 0 && isZero(sketch)) return over(ids);
        if (!theyLook(surplus, mine, sketch)) return lookFrom(sketch, surplus);
        if (hasStarted) return {};
        // Syndromes that came already are a start for us; only a bare digest is better answered with our own.
        if (sketch.length > 1) return lookFrom(sketch, surplus);
        return { replies: begin(count === 0 ? 0 : Math.max(surplus, expected)) };
    }

    function lookFrom(sketch: Sketch, surplus: number): Told {
        search = makeSearch(own, { surplus, expected });
        search.take(ROOT, 0, sketch);
        return look(search);
    }

    /** Who has more looks for the differences, since what it has too much it can send without being asked. */
    function theyLook(surplus: number, mine: Sketch, theirs: Sketch): boolean {
        if (surplus !== 0) return surplus > 0;
        return hasStarted && (mine[0] ?? 0) > (theirs[0] ?? 0);
    }

    function over(missingThere: readonly Uint8Array[]): Told {
        return { replies: sent(wants([], "complete")), missingThere, outcome: "complete" };
    }

    function look(search: Search): Told {
        const { found, next } = search.advance();
        const missingHere = found.filter((short) => own.idsOf(short).length === 0);
        const ending = typeof next === "string" ? next : "goes_on";
        const asks: readonly Message[] = typeof next === "string" ? [] : [{ kind: "ask", ...next }];
        return {
            replies: sent([...wants(missingHere, ending), ...asks]),
            missingThere: found.flatMap(own.idsOf),
            missingHere,
            outcome: ending === "goes_on" ? undefined : ending,
        };
    }

    function onAsk({ node, from, to }: Message & { kind: "ask" }): Told | undefined {
        if (!hasStarted || answers >= ANSWERS_MAX) return undefined;
        answers++;
        return { replies: sent([{ kind: "more", node, from, sketch: sketchOf(own.below(node), { from, to }) }]) };
    }

    function onMore({ node, from, sketch }: Message & { kind: "more" }): Told | undefined {
        return search?.take(node, from, sketch) ? look(search) : undefined;
    }

    function onWant({ shorts, ending }: Message & { kind: "want" }): Told {
        const missingThere = [...new Set(shorts)].flatMap(own.idsOf);
        return { missingThere, outcome: ending === "goes_on" ? undefined : ending };
    }

    function onList(listed: readonly Uint8Array[]): Told {
        const missingHere = listed.filter((id) => !has(id)).map(own.shortOf);
        return missingHere.length === 0 ? {} : { replies: sent(wants(missingHere, "goes_on")), missingHere };
    }

    function has(id: Uint8Array): boolean {
        return own.idsOf(own.shortOf(id)).some((known) => equalBytes(known, id));
    }

    function told(message: Message): Told | undefined {
        switch (message.kind) {
            case "digest":
                return onDigest(message);
            case "ask":
                return onAsk(message);
            case "more":
                return onMore(message);
            case "want":
                return onWant(message);
            case "list":
                return onList(message.ids);
        }
    }

    return {
        start: () => begin(expected),
        handle(bytes) {
            const message = decodeMessage(bytes);
            const step = message === undefined ? undefined : told(message);
            return {
                replies: [],
                missingThere: [],
                missingHere: [],
                outcome: undefined,
                ignored: step === undefined,
                ...step,
            };
        },
        again: () => last,
        shortOf: own.shortOf,
        collided: own.collided,
    };
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
