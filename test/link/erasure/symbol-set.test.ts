import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makePrng } from "../../../src/base/prng.ts";
import { SYMBOL_SIZE_MAX, SymbolSet } from "../../../src/link/erasure/symbol-set.ts";
import { repairSymbol, SOURCES_MAX, SYMBOL_IDS, sourceSymbols } from "../../../src/link/erasure/symbols.ts";
import { slowBodies, slowSymbol } from "../../support/link-twin/symbols.ts";

function symbolOf(body: Uint8Array, size: number, id: number): Uint8Array {
    const sources = sourceSymbols(body, size);
    return sources[id] ?? repairSymbol(sources, size, id);
}

function setOf(body: Uint8Array, size: number, ids: readonly number[]): SymbolSet {
    const set = new SymbolSet({ count: Math.ceil(body.length / size), size });
    for (const id of ids) set.add(id, symbolOf(body, size, id));
    return set;
}

function randomBody(length: number, seed: number): Uint8Array {
    const random = makePrng(seed);
    return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** Every way to take `count` of the numbers from `from` up to `end`. */
function* choices(count: number, from: number, end: number): Generator<readonly number[]> {
    if (count === 0) yield [];
    else for (let id = from; id < end; id++) for (const rest of choices(count - 1, id + 1, end)) yield [id, ...rest];
}

/** A body, a size and as many different ids as it has symbols, in any order. */
const ARRIVALS = fc
    .record({ count: fc.integer({ min: 1, max: SOURCES_MAX }), size: fc.integer({ min: 1, max: 24 }) })
    .chain(({ count, size }) =>
        fc.record({
            size: fc.constant(size),
            body: fc.uint8Array({ minLength: (count - 1) * size + 1, maxLength: count * size }),
            ids: fc.uniqueArray(fc.nat(SYMBOL_IDS - 1), { minLength: count, maxLength: count }),
        }),
    );

describe("any k different symbols give the block", () => {
    it.each([
        { count: 1, end: SYMBOL_IDS },
        { count: 2, end: SYMBOL_IDS },
        { count: 3, end: 40 },
        { count: 4, end: 16 },
        { count: 6, end: 14 },
    ])("for every choice of $count below $end", ({ count, end }) => {
        const body = randomBody(count * 2 - 1, count);
        const symbols = Array.from({ length: end }, (_, id) => symbolOf(body, 2, id));
        let failed = 0;
        let tried = 0;
        for (const ids of choices(count, 0, end)) {
            const set = new SymbolSet({ count, size: 2 });
            for (const id of ids) set.add(id, symbols[id] ?? new Uint8Array());
            const [likeliest = new Uint8Array()] = set.solve();
            tried++;
            if (!sameBytes(likeliest, body)) failed++;
        }
        expect(tried).toBeGreaterThan(100);
        expect(failed).toBe(0);
    });

    it("for random choices, and as the twin has it", () => {
        fc.assert(
            fc.property(ARRIVALS, ({ size, body, ids }) => {
                const bodies = setOf(body, size, ids).solve();
                expect(bodies).toContainEqual(body);
                expect(bodies.length).toBeLessThanOrEqual(2);
                if (ids.includes(Math.ceil(body.length / size) - 1)) expect(bodies).toEqual([body]);
            }),
            { numRuns: 300 },
        );
        fc.assert(
            fc.property(ARRIVALS, ({ size, body, ids }) => {
                const slow = new Map(ids.map((id) => [id, slowSymbol(body, size, id)]));
                expect(setOf(body, size, ids).solve()).toEqual(slowBodies(slow, size));
            }),
            { numRuns: 5 },
        );
    });
});

describe("a set of symbols", () => {
    it("counts what it gains and gives nothing before it is whole", () => {
        const body = randomBody(50, 1);
        const set = new SymbolSet({ count: 5, size: 10 });
        for (const [held, id] of [9, 0, 30, 2].entries()) {
            expect([set.rank, set.missing, set.isWhole]).toEqual([held, 5 - held, false]);
            expect(set.add(id, symbolOf(body, 10, id))).toBe("gained");
            expect(set.add(id, symbolOf(body, 10, id))).toBe("known");
            expect(set.solve()).toEqual([]);
        }
        expect(set.add(4, symbolOf(body, 10, 4))).toBe("gained");
        expect(set.add(1, symbolOf(body, 10, 1))).toBe("known");
        expect([set.rank, set.missing, set.isWhole]).toEqual([5, 0, true]);
        expect(set.solve()).toEqual([body]);
        expect([0, 1, 2, 3, 4, 9].map((id) => set.source(id) !== undefined)).toEqual([
            true,
            false,
            true,
            false,
            true,
            false,
        ]);
    });

    it("is made again from its symbols at any moment", () => {
        fc.assert(
            fc.property(ARRIVALS, fc.nat(SOURCES_MAX), ({ size, body, ids }, held) => {
                const before = setOf(body, size, ids.slice(0, held));
                const after = new SymbolSet(before);
                for (const [id, bytes] of before.symbols()) expect(after.add(id, bytes)).toBe("gained");
                expect([...after.symbols()]).toEqual([...before.symbols()]);
                for (const id of ids.slice(held)) after.add(id, symbolOf(body, size, id));
                expect(after.solve()).toEqual(setOf(body, size, ids).solve());
            }),
        );
    });

    it("keeps its own copy of what it is given", () => {
        const frame = Uint8Array.of(1, 2, 3, 4);
        const set = new SymbolSet({ count: 1, size: 4 });
        set.add(0, frame);
        frame.fill(0);
        expect(set.solve()).toEqual([Uint8Array.of(1, 2, 3, 4)]);
    });

    it("refuses symbols that cannot be of this block, and keeps no more than the block has", () => {
        const set = new SymbolSet({ count: 3, size: 4 });
        const misfits: readonly (readonly [number, number])[] = [
            ...[-1, 0.5, Number.NaN, SYMBOL_IDS, 2 ** 32].map((id) => [id, 4] as const),
            ...[0, 1, 3, 159].flatMap((id) => [0, 3, 5, 4096].map((size) => [id, size] as const)),
            [2, 0],
            [2, 5],
        ];
        for (const [id, size] of misfits) expect(set.add(id, new Uint8Array(size))).toBe("misfit");
        expect(set.rank).toBe(0);
        for (let id = 0; id < SYMBOL_IDS; id++) expect(set.add(id, new Uint8Array(4))).not.toBe("misfit");
        expect([...set.symbols()].length).toBe(3);
    });

    it("is not made for impossible blocks", () => {
        for (const count of [0, -1, 1.5, SOURCES_MAX + 1, Number.NaN]) {
            expect(() => new SymbolSet({ count, size: 4 })).toThrow(RangeError);
        }
        for (const size of [0, -1, 1.5, SYMBOL_SIZE_MAX + 1, Number.NaN]) {
            expect(() => new SymbolSet({ count: 2, size })).toThrow(RangeError);
        }
        expect(() => repairSymbol([new Uint8Array(4)], 4, 0)).toThrow(RangeError);
        expect(() => repairSymbol([new Uint8Array(4)], 4, SYMBOL_IDS)).toThrow(RangeError);
    });
});

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
    return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
