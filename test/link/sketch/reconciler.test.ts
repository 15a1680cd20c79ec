import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/encoding.ts";
import { halfSipHash } from "../../../src/link/sketch/half-siphash.ts";
import { MESSAGE_SIZE_MAX } from "../../../src/link/sketch/message.ts";
import { twinTranscript } from "../../support/sketch-meeting-twin.ts";
import { COLLIDING, numberedId, SALT } from "../../support/sketch-vectors.ts";
import { type Islands, islands, type Met, meet } from "./meet.ts";

const FRAME_SIZE = 222;
const SHARED = 10_000;

/** What `at` lacks of `from`, in hex, ascending. */
function missing(from: readonly Uint8Array[], at: readonly Uint8Array[]): string[] {
    const held = new Set(at.map(toHex));
    return from
        .map(toHex)
        .filter((id) => !held.has(id))
        .sort();
}

/** Holds both sides to the truth: each gives exactly what the other lacks. */
function expectAllKnown({ near, far }: Islands, met: Met): void {
    expect(met.nearGives.map(toHex).sort()).toEqual(missing(near, far));
    expect(met.farGives.map(toHex).sort()).toEqual(missing(far, near));
    expect(met.outcomes).toEqual({ near: "complete", far: "complete" });
    expect(met.ignored).toBe(0);
    expect(Math.max(...met.lines.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(MESSAGE_SIZE_MAX);
}

describe("two depots of 10,000 envelopes", () => {
    it.each([
        { near: 0, far: 0, bytesMax: 8 },
        { near: 1, far: 0, bytesMax: 16 },
        { near: 0, far: 1, bytesMax: 16 },
        { near: 5, far: 5, bytesMax: 64 },
        { near: 10, far: 0, bytesMax: 64 },
        { near: 0, far: 10, bytesMax: 64 },
        { near: 3, far: 7, bytesMax: 64 },
        { near: 20, far: 20, bytesMax: 200 },
        { near: 40, far: 0, bytesMax: 200 },
        { near: 0, far: 40, bytesMax: 200 },
        { near: 13, far: 27, bytesMax: 200 },
    ])("with $near and $far of their own know them after $bytesMax bytes", ({ near, far, bytesMax }) => {
        const both = islands(near * 100 + far, { shared: SHARED - near, near, far });
        const met = meet(both);
        expectAllKnown(both, met);
        expect(near + far === 0 ? met.bytes : met.bytesToKnow).toBeLessThanOrEqual(bytesMax);
    });

    it.each([
        [1, 16],
        [10, 64],
        [40, 200],
    ])("know %i differences after %i bytes, however these are shared out", (differences, bytesMax) => {
        for (let near = 0; near <= differences; near++) {
            const both = islands(near, { shared: 100, near, far: differences - near });
            expect(meet(both).bytesToKnow).toBeLessThanOrEqual(bytesMax);
        }
    });

    it("know 40 differences after one frame, when about so many were expected", () => {
        const both = islands(4, { shared: SHARED - 20, near: 20, far: 20 });
        const met = meet(both, { expected: 45 });
        expectAllKnown(both, met);
        expect(met.lines[0]?.bytes.length).toBe(met.bytesToKnow);
        expect(met.bytesToKnow).toBeLessThanOrEqual(FRAME_SIZE);
    });
});

describe("any two depots", () => {
    const COUNTS = fc.record({ shared: fc.nat(300), near: fc.nat(40), far: fc.nat(40) });
    const STARTS = fc.constantFrom("near" as const, "far" as const, "both" as const);

    it("learn what they differ in, whoever begins and whatever they expect", () => {
        fc.assert(
            fc.property(fc.nat(), COUNTS, STARTS, fc.nat(60), (seed, counts, starts, expected) => {
                const both = islands(seed, counts);
                expectAllKnown(both, meet(both, { starts, expected }));
            }),
            { numRuns: 60 },
        );
    });

    it("say what the twin says that knows both sides", () => {
        fc.assert(
            fc.property(fc.nat(), fc.nat(6), fc.nat(12), fc.nat(12), (seed, shared, near, far) => {
                const both = islands(seed, { shared: shared + 1, near, far });
                const said = meet(both).lines.map(({ from, bytes }) => `${from} ${toHex(bytes)}`);
                expect(said).toEqual(twinTranscript(both).map(({ from, bytes }) => `${from} ${bytes}`));
            }),
            { numRuns: 25 },
        );
    });

    it.each([
        { shared: 0, near: 100, far: 0 },
        { shared: 0, near: 0, far: 100 },
        { shared: 0, near: 0, far: 0 },
    ])("need no sketch when one has nothing: $near and $far", (counts) => {
        const both = islands(1, counts);
        const met = meet(both);
        expectAllKnown(both, met);
        expect(met.bytes).toBeLessThanOrEqual(13);
    });
});

describe("many differences", () => {
    it.each([
        { shared: 1_000, near: 50, far: 50, perDifference: 7 },
        { shared: 3_000, near: 1_000, far: 0, perDifference: 7 },
        { shared: 3_000, near: 500, far: 500, perDifference: 8 },
        { shared: 0, near: 1_500, far: 1_500, perDifference: 8 },
    ])("of $near and $far are found by halves", ({ perDifference, ...counts }) => {
        const both = islands(11, counts);
        const met = meet(both);
        expectAllKnown(both, met);
        // Asking for what the looking side lacks is counted here, except for its last message.
        expect(met.bytesToKnow / (counts.near + counts.far)).toBeLessThan(perDifference);
    });
});

describe("short ids that collide", () => {
    const [one, other] = [numberedId(COLLIDING[0]), numberedId(COLLIDING[1])];
    const rest = Array.from({ length: 50 }, (_, index) => numberedId(index));
    const others = (count: number) => Array.from({ length: count }, (_, index) => numberedId(1_000 + index));

    it.each([
        ["near has both, far one", [one, other], [one]],
        ["near has both, far the other", [one, other], [other]],
        ["near has both, far none", [one, other], []],
        ["far has both, near one", [other], [one, other]],
        ["both have both", [one, other], [one, other]],
    ])("in one depot get through: %s", (_, near, far) => {
        for (const extra of [0, 3]) {
            const both = { near: [...rest, ...near, ...others(extra)], far: [...rest, ...far], salt: SALT };
            const [needNear, needFar] = [missing(both.near, both.far), missing(both.far, both.near)];
            const met = meet(both);
            // Both ids of a short id may be given where one was missing.
            expect(met.nearGives.map(toHex)).toEqual(expect.arrayContaining(needNear));
            expect(met.farGives.map(toHex)).toEqual(expect.arrayContaining(needFar));
            expect(met.outcomes).toEqual({ near: "complete", far: "complete" });
        }
    });

    it("between the depots get through under the next salt", () => {
        const both = { near: [...rest, one], far: [...rest, other], salt: SALT };
        expect(meet(both).nearGives).toEqual([]);
        const next = { ...both, salt: SALT.toReversed() };
        expectAllKnown(next, meet(next));
    });

    it("are all that a useless hash gives, and the meeting still ends", () => {
        const both = islands(2, { shared: 30, near: 5, far: 5 });
        const met = meet(both, { hash: (salt, id) => (halfSipHash(salt, id) & 7) + 1 });
        expect(met.outcomes).toEqual({ near: "complete", far: "complete" });
    });
});
