import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makePrng } from "../../../src/base/prng.ts";
import { decode, differencesShownBy, syndromesFor } from "../../../src/link/sketch/decode.ts";
import { invert, multiply, square } from "../../../src/link/sketch/field.ts";
import { merge, readSketch, sketchOf, toggle, writeSketch } from "../../../src/link/sketch/sketch.ts";
import { twinDecode, twinMultiply, twinSketch } from "../../support/sketch-twin.ts";

const ELEMENT = fc.oneof(fc.integer({ min: 1, max: 0xffff_ffff }), fc.integer({ min: 1, max: 64 }));
const SETS = fc.uniqueArray(ELEMENT, { maxLength: 64 });

function ascending(values: Iterable<number>): readonly number[] {
    return [...values].sort((a, b) => a - b);
}

/** Distinct numbers that look like short ids. */
function elements(random: () => number, count: number): readonly number[] {
    const set = new Set<number>();
    while (set.size < count) set.add(1 + Math.floor(random() * 0xffff_ffff));
    return [...set];
}

describe("the field", () => {
    it("multiplies, squares and inverts as the twin does", () => {
        fc.assert(
            fc.property(ELEMENT, ELEMENT, (a, b) => {
                expect(multiply(a, b) >>> 0).toBe(twinMultiply(a, b));
                expect(square(a) >>> 0).toBe(twinMultiply(a, a));
                expect(twinMultiply(a, invert(a) >>> 0)).toBe(1);
            }),
            { numRuns: 300 },
        );
    });

    it("keeps zero", () => expect([multiply(0, 7), multiply(7, 0), square(0), invert(0)]).toEqual([0, 0, 0, 0]));
});

describe("a sketch", () => {
    it("is the twin's, from any syndrome on", () => {
        fc.assert(
            fc.property(fc.uniqueArray(ELEMENT, { maxLength: 6 }), fc.nat(50), fc.nat(8), (set, from, size) => {
                const run = { from, to: from + size };
                expect([...sketchOf(set, run)]).toEqual(twinSketch(set, from, from + size));
            }),
            { numRuns: 60 },
        );
    });

    it("takes in and gives back one element at a time, and merges by XOR", () => {
        fc.assert(
            fc.property(SETS, SETS, ELEMENT, (one, other, element) => {
                const [a, b] = [sketchOf(one, { from: 0, to: 9 }), sketchOf(other, { from: 0, to: 9 })];
                const difference = [...one.filter((e) => !other.includes(e)), ...other.filter((e) => !one.includes(e))];
                expect(merge(a, b)).toEqual(sketchOf(difference, { from: 0, to: 9 }));
                const changed = a.slice();
                toggle(changed, element);
                expect(changed).toEqual(merge(a, sketchOf([element], { from: 0, to: 9 })));
                toggle(changed, element);
                expect(changed).toEqual(a);
                expect(readSketch(writeSketch(a))).toEqual(a);
            }),
        );
    });
});

describe("decoding", () => {
    it("finds every set that its syndromes can show", () => {
        fc.assert(
            fc.property(SETS, fc.nat(5), (set, spare) => {
                const sketch = sketchOf(set, { from: 0, to: syndromesFor(set.length) + spare });
                expect(decode(sketch)).toEqual(ascending(set));
            }),
            { numRuns: 150 },
        );
    });

    it("finds what trying all sets finds", () => {
        fc.assert(
            fc.property(fc.uniqueArray(ELEMENT, { minLength: 4, maxLength: 9 }), fc.nat(3), (candidates, size) => {
                const set = candidates.slice(0, size);
                const sketch = sketchOf(set, { from: 0, to: 4 });
                const all = twinDecode([...sketch], candidates, 3).map(ascending);
                expect(all).toEqual([decode(sketch)]);
            }),
            { numRuns: 15 },
        );
    });

    it("says so when there is too much to show, in 2,000 random trials of all sizes", () => {
        const random = makePrng(7);
        const wrong: string[] = [];
        for (let trial = 0; trial < 2_000; trial++) {
            const syndromes = 1 + Math.floor(random() * 24);
            const size = differencesShownBy(syndromes) + 1 + Math.floor(random() * 30);
            const sketch = sketchOf(elements(random, size), { from: 0, to: syndromes });
            if (decode(sketch) !== undefined) wrong.push(`${size} in ${syndromes}`);
        }
        expect(wrong).toEqual([]);
    });

    it("gives only sets with exactly these syndromes, whatever the bytes", () => {
        fc.assert(
            fc.property(fc.array(fc.nat(0xffff_ffff), { maxLength: 64 }), fc.nat(3), (numbers, kind) => {
                const mask = [0, 1, 0xff, 0xffff_ffff][kind] ?? 0;
                const sketch = Uint32Array.from(numbers, (number) => number & mask);
                const set = decode(sketch);
                if (set === undefined) return;
                expect(set.length).toBeLessThanOrEqual(sketch.length);
                expect(sketchOf(set, { from: 0, to: sketch.length })).toEqual(sketch);
            }),
            { numRuns: 300 },
        );
    });

    it("knows of each number of syndromes what it shows", () => {
        const sizes = Array.from({ length: 65 }, (_, size) => size);
        expect(sizes.filter((size) => differencesShownBy(syndromesFor(size)) < size)).toEqual([]);
        expect(sizes.filter((size) => differencesShownBy(syndromesFor(size) - 1) >= size)).toEqual([]);
    });
});
