import { invert, loadFactor, multiply, square, timesFactor } from "./field.ts";
import { rootsOf } from "./polynomial.ts";
import { type Sketch, sketchOf } from "./sketch.ts";

/**
 * From this many syndromes on a full sketch is believed. About one in n! of all sequences of n syndromes belongs to a set of
 * n elements, and 15! is above 2^40; a shorter sketch must have one syndrome to spare, which makes it one in 2^32 or less.
 */
const FULL_FROM = 15;

/** How many differences a sketch of `syndromes` syndromes is believed to show. */
export function differencesShownBy(syndromes: number): number {
    return syndromes < FULL_FROM ? syndromes - 1 : syndromes;
}

/** The smallest number of syndromes that shows `differences`. */
export function syndromesFor(differences: number): number {
    return differences < FULL_FROM ? differences + 1 : differences;
}

/**
 * The elements of a sketch, ascending; undefined when it holds more than it can show. What is given has exactly these
 * syndromes. If more differ than the sketch has syndromes, a wrong set comes out with a chance below 2^-32.
 */
export function decode(sketch: Sketch): readonly number[] | undefined {
    const locator = locatorOf(sketch);
    const degree = locator.length - 1;
    if (degree > differencesShownBy(sketch.length)) return undefined;
    if (degree === 0) return sketch.every((syndrome) => syndrome === 0) ? [] : undefined;
    // The reciprocal polynomial has the elements themselves as roots. An element is never zero.
    const reciprocal = locator.reverse();
    if (reciprocal[0] === 0) return undefined;
    const elements = rootsOf(reciprocal)
        ?.map((root) => root >>> 0)
        .sort((a, b) => a - b);
    if (elements === undefined) return undefined;
    const again = sketchOf(elements, { from: 0, to: sketch.length });
    return again.every((syndrome, index) => syndrome === sketch[index]) ? elements : undefined;
}

/** s1, s2, s3 … s2n from the odd ones: in characteristic 2, s2i is the square of si. */
function allSyndromes(sketch: Sketch): Int32Array {
    const all = new Int32Array(2 * sketch.length);
    for (let index = 0; index < all.length; index++) {
        const isOdd = index % 2 === 0;
        all[index] = isOdd ? (sketch[index / 2] as number) : square(all[(index - 1) / 2] as number);
    }
    return all;
}

/**
 * Berlekamp and Massey: the shortest recurrence of the syndromes, 1 + c1·z + … + cL·z^L with L + 1 coefficients. Every
 * second discrepancy is zero because of the squares, so only every second step is made.
 */
function locatorOf(sketch: Sketch): Int32Array {
    const syndromes = allSyndromes(sketch);
    const size = syndromes.length + 2;
    const current = new Int32Array(size);
    let previous = new Int32Array(size);
    current[0] = 1;
    previous[0] = 1;
    let length = 0;
    let previousInverse = 1;
    let shift = 1;
    for (let step = 0; step < syndromes.length; step += 2, shift += 2) {
        const discrepancy = discrepancyAt(step, { syndromes, current, length });
        if (discrepancy === 0) continue;
        const before = current.slice();
        loadFactor(multiply(discrepancy, previousInverse));
        for (let i = shift; i < size; i++) {
            current[i] = (current[i] as number) ^ timesFactor(previous[i - shift] as number);
        }
        if (2 * length > step) continue;
        length = step + 1 - length;
        previous = before;
        previousInverse = invert(discrepancy);
        shift = 0;
    }
    return current.slice(0, length + 1);
}

function discrepancyAt(
    step: number,
    { syndromes, current, length }: { syndromes: Int32Array; current: Int32Array; length: number },
): number {
    let sum = syndromes[step] as number;
    for (let i = 1; i <= length; i++) {
        const coefficient = current[i] as number;
        if (coefficient !== 0) sum ^= multiply(coefficient, syndromes[step - i] as number);
    }
    return sum;
}
