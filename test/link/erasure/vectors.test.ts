import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../src/base/encoding.ts";
import { inverse, multiply } from "../../../src/link/erasure/field.ts";
import { SymbolSet } from "../../../src/link/erasure/symbol-set.ts";
import { repairSymbol, sourceSymbols } from "../../../src/link/erasure/symbols.ts";
import { slowMultiply, symbolVectors } from "../../support/link-twin/symbols.ts";

/** `vitest run -u` writes the file anew from the twin: a change of the protocol, and only that. */
const FILE = "../../vectors/link/symbols.json";

it("multiplies as the twin does, and has every inverse", () => {
    const differing: string[] = [];
    for (let a = 0; a < 256; a++) {
        for (let b = 0; b < 256; b++) if (multiply(a, b) !== slowMultiply(a, b)) differing.push(`${a}·${b}`);
        if (a > 0 && multiply(a, inverse(a)) !== 1) differing.push(`1/${a}`);
    }
    expect(differing).toEqual([]);
    expect(() => inverse(0)).toThrow(RangeError);
});

describe("the vectors of symbols", () => {
    it("are what the twin makes", async () => {
        await expect(`${JSON.stringify(symbolVectors(), null, 2)}\n`).toMatchFileSnapshot(FILE);
    });

    it("are what the code makes and reads", () => {
        const { cases } = JSON.parse(readFileSync(new URL(FILE, import.meta.url), "utf8")) as ReturnType<
            typeof symbolVectors
        >;
        expect(cases.length).toBeGreaterThan(9);
        for (const { size, count, body, symbols, bodies } of cases) {
            const sources = sourceSymbols(fromHex(body) ?? new Uint8Array(), size);
            expect(sources.length).toBe(count);
            const set = new SymbolSet({ count, size });
            for (const { id, bytes } of symbols) {
                const made = sources[id] ?? repairSymbol(sources, size, id);
                expect(toHex(made)).toBe(bytes);
                expect(set.add(id, made)).toBe("gained");
            }
            expect(set.solve().map(toHex)).toEqual(bodies);
            expect(bodies).toContain(body);
        }
    });
});
