import { decode, syndromesFor } from "./decode.ts";
import { COUNT_MODULUS, SYNDROMES_MAX } from "./message.ts";
import { DEPTH_MAX, depthOf, ROOT, rangeOf, type ShortIds } from "./short-ids.ts";
import { merge, type Run, type Sketch, sketchOf, toggle } from "./sketch.ts";

/**
 * Syndromes of everything known after each asking. Each step about doubles, so that guessing too low wastes two bytes and a
 * round, never syndromes; the last but one still shows 40 differences within 200 bytes.
 */
const STEPS: readonly number[] = [2, 5, 11, 22, 40, SYNDROMES_MAX];
/** Half of what did not fit into 64 syndromes rarely fits into less. */
const STEP_OF_HALF = 40;
/** Questions of one search; about 30,000 differences are found with them. */
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
export interface Search {
    /** False when these syndromes are not what was asked for last. */
    take(node: number, from: number, sketch: Sketch): boolean;
    /** Goes as far as it can without asking. Costs at most a decoding for each of the 15 depths. */
    advance(): Advance;
}

/** The first question ever is for a digest: any number of syndromes of everything. */
export function makeSearch(
    own: ShortIds,
    { surplus, expected }: { readonly surplus: number; readonly expected: number },
): Search {
    const stack: Open[] = [{ node: ROOT, sketch: new Uint32Array(0) }];
    // With equal counts two differ at least, and four cost little more.
    const least = syndromesFor(Math.max(expected, Math.abs(surplus) || 4));
    let question: Question = { node: ROOT, from: 0, to: SYNDROMES_MAX };
    let asks = 0;
    let tally = 0;

    /** The neighbour's surplus that `found` accounts for. */
    const surplusOf = (found: readonly number[]): number =>
        found.reduce((sum, short) => sum + (own.idsOf(short).length > 0 ? -1 : 1), 0);

    const isWhole = (sum: number): boolean => (sum - surplus) % COUNT_MODULUS === 0;

    /** What a node differs in, if its syndromes show it and nothing contradicts it. */
    function differencesOf({ node, sketch }: Open): readonly number[] | undefined {
        const found = sketch.length === 0 ? undefined : decode(sketch);
        const { first, next } = rangeOf(node);
        if (found === undefined || found.some((short) => short < first || short >= next)) return undefined;
        return node !== ROOT || isWhole(surplusOf(found)) ? found : undefined;
    }

    /** What is still open are right halves, each with the sketch of its parent: less what the left gave, it is their own. */
    function settle(found: readonly number[]): void {
        stack.pop();
        tally += surplusOf(found);
        for (const { sketch } of stack) for (const short of found) toggle(sketch, short);
    }

    function split({ node, sketch }: Open): void {
        stack.pop();
        stack.push({ node: 2 * node + 1, sketch }, { node: 2 * node, sketch: new Uint32Array(0) });
    }

    function ask({ node, sketch }: Open): Question {
        asks++;
        question = { node, from: sketch.length, to: enoughFor(node, sketch.length) };
        return question;
    }

    function enoughFor(node: number, known: number): number {
        if (node === ROOT && known < least) return Math.min(least, SYNDROMES_MAX);
        const floor = node === ROOT ? 0 : STEP_OF_HALF;
        return STEPS.find((step) => step > known && step >= floor) ?? SYNDROMES_MAX;
    }

    /** What to do about a part that its syndromes do not show; undefined when its halves are to be looked at. */
    function onward(open: Open): Advance["next"] | undefined {
        if (open.sketch.length < SYNDROMES_MAX) return asks < ASKS_MAX ? ask(open) : "partial";
        if (depthOf(open.node) === DEPTH_MAX) return "partial";
        split(open);
        return undefined;
    }

    return {
        take(node, from, sketch) {
            const open = stack.at(-1);
            const { to } = question;
            if (open === undefined || node !== question.node || from !== question.from) return false;
            // A digest brings as many syndromes as its sender saw fit; later ones come as they were asked for.
            if (from === 0 && node === ROOT ? sketch.length > to : from + sketch.length !== to) return false;
            const difference = merge(sketch, sketchOf(own.below(node), { from, to: from + sketch.length }));
            stack.pop();
            stack.push({ node, sketch: Uint32Array.of(...open.sketch, ...difference) });
            return true;
        },

        advance() {
            const all: number[] = [];
            for (let open = stack.at(-1); open !== undefined; open = stack.at(-1)) {
                const found = differencesOf(open);
                if (found === undefined) {
                    const next = onward(open);
                    if (next !== undefined) return { found: all, next };
                } else {
                    settle(found);
                    all.push(...found);
                }
            }
            return { found: all, next: isWhole(tally) ? "complete" : "partial" };
        },
    };
}
