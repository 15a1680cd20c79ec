import { decode, syndromesFor } from "./decode.ts";
import { COUNT_MODULUS, SYNDROMES_MAX } from "./message.ts";
import { DEPTH_MAX, depthOf, ROOT, rangeOf, type ShortIds } from "./short-ids.ts";
import { merge, type Run, type Sketch, sketchOf, toggle } from "./sketch.ts";

/**
 * Syndromes known after each asking. Each step about doubles, so that guessing too low costs three bytes and a round, never
 * syndromes; the last but one shows 40 differences within 200 bytes.
 */
const STEPS: readonly number[] = [5, 11, 22, 40];
/** The counts tell whether the differences are even or odd, so that one syndrome more shows nothing new. */
const GROWTH_MIN = 2;
/** Half of what did not fit into 64 syndromes rarely fits into less. */
const FIRST_OF_HALF = 40;
/** Questions of one search; about 24,000 differences are found with them. */
const ASKS_MAX = 1_024;

/** A part of the short ids whose differences are not known yet, and what is known of the sketch of these. */
interface Open {
    readonly node: number;
    readonly sketch: Sketch;
}

/** `next`: what to ask of the neighbour, or how the search ended. */
export interface Advance {
    readonly found: readonly number[];
    readonly next: Question | "complete" | "partial";
}

export interface Question extends Run {
    readonly node: number;
}

/** Finds the short ids that only one of two sets has, from syndromes of the neighbour's set that come when asked for. */
export class Search {
    readonly #own: ShortIds;
    /** How many more short ids the neighbour has than we, as far as the counts in the digests tell. */
    readonly #surplus: number;
    /** Syndromes of everything below which it is not worth asking. */
    readonly #least: number;
    /** What is open, leftmost last. All but the last are right halves that hold the sketch of their parent. */
    readonly #stack: Open[] = [{ node: ROOT, sketch: new Uint32Array(0) }];
    /** What is waited for: at first a digest, which brings any number of syndromes of everything. */
    #question: Question | undefined = { node: ROOT, from: 0, to: SYNDROMES_MAX };
    #asks = 0;
    /** The surplus that the differences found so far explain. */
    #explained = 0;

    constructor(own: ShortIds, { surplus, expected }: { readonly surplus: number; readonly expected: number }) {
        this.#own = own;
        this.#surplus = surplus;
        // With equal counts two differ at least, and four cost little more.
        this.#least = Math.min(syndromesFor(Math.max(expected, Math.abs(surplus) || 4)), SYNDROMES_MAX);
    }

    /** False when these syndromes are not what was asked for last. */
    take(node: number, from: number, sketch: Sketch): boolean {
        const question = this.#question;
        const open = this.#stack.at(-1);
        if (open === undefined || question?.node !== node || question.from !== from) return false;
        const isDigest = node === ROOT && from === 0;
        if (isDigest ? sketch.length > question.to : from + sketch.length !== question.to) return false;
        this.#question = undefined;
        const ours = sketchOf(this.#own.below(node), { from, to: from + sketch.length });
        this.#stack.pop();
        this.#stack.push({ node, sketch: Uint32Array.of(...open.sketch, ...merge(sketch, ours)) });
        return true;
    }

    /** Goes as far as it can without asking. Costs at most a decoding for each of the 15 depths. */
    advance(): Advance {
        const all: number[] = [];
        for (let open = this.#stack.at(-1); open !== undefined; open = this.#stack.at(-1)) {
            const found = this.#differencesOf(open);
            if (found === undefined) {
                const next = this.#onward(open);
                if (next !== undefined) return { found: all, next };
            } else {
                this.#settle(found);
                all.push(...found);
            }
        }
        return { found: all, next: this.#isWhole(this.#explained) ? "complete" : "partial" };
    }

    /** What a node differs in, if its syndromes show it and nothing contradicts it. */
    #differencesOf({ node, sketch }: Open): readonly number[] | undefined {
        const found = sketch.length === 0 ? undefined : decode(sketch);
        const { first, next } = rangeOf(node);
        if (found === undefined || found.some((short) => short < first || short >= next)) return undefined;
        return node !== ROOT || this.#isWhole(this.#surplusOf(found)) ? found : undefined;
    }

    #surplusOf(found: readonly number[]): number {
        return found.reduce((sum, short) => sum + (this.#own.has(short) ? -1 : 1), 0);
    }

    #isWhole(explained: number): boolean {
        return (explained - this.#surplus) % COUNT_MODULUS === 0;
    }

    /** A right half is what its parent differs in, less what was found in the left half. */
    #settle(found: readonly number[]): void {
        this.#stack.pop();
        this.#explained += this.#surplusOf(found);
        for (const { sketch } of this.#stack) for (const short of found) toggle(sketch, short);
    }

    /** What to do about a part that its syndromes do not show; undefined when its halves are to be looked at. */
    #onward({ node, sketch }: Open): Advance["next"] | undefined {
        if (sketch.length < SYNDROMES_MAX) return this.#ask(node, sketch.length);
        if (depthOf(node) === DEPTH_MAX) return "partial";
        this.#stack.pop();
        this.#stack.push({ node: 2 * node + 1, sketch }, { node: 2 * node, sketch: new Uint32Array(0) });
        return undefined;
    }

    #ask(node: number, known: number): Advance["next"] {
        if (this.#asks >= ASKS_MAX) return "partial";
        this.#asks++;
        const next = { node, from: known, to: node === ROOT ? this.#enough(known) : enoughOfHalf(known) };
        this.#question = next;
        return next;
    }

    #enough(known: number): number {
        if (known < this.#least) return this.#least;
        return STEPS.find((step) => step >= known + GROWTH_MIN) ?? SYNDROMES_MAX;
    }
}

function enoughOfHalf(known: number): number {
    return known < FIRST_OF_HALF ? FIRST_OF_HALF : SYNDROMES_MAX;
}
