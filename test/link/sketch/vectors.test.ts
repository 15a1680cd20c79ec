import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../src/base/encoding.ts";
import { decode } from "../../../src/link/sketch/decode.ts";
import { multiply } from "../../../src/link/sketch/field.ts";
import { halfSipHash } from "../../../src/link/sketch/half-siphash.ts";
import { decodeMessage, encodeMessage } from "../../../src/link/sketch/message.ts";
import { indexIds, makeShortOf } from "../../../src/link/sketch/short-ids.ts";
import { readSketch, sketchOf, writeSketch } from "../../../src/link/sketch/sketch.ts";
import { numberedId, sketchVectors } from "../../support/sketch-vectors.ts";
import { meet } from "./meet.ts";

const FILE = join(import.meta.dirname, "../../vectors/link/sketch.json");
const vectors: ReturnType<typeof sketchVectors> = JSON.parse(readFileSync(FILE, "utf8"));

function bytesOf(hex: string): Uint8Array {
    const bytes = fromHex(hex);
    if (bytes === undefined) throw new Error(`not hexadecimal: ${hex}`);
    return bytes;
}

describe("test/vectors/link/sketch.json", () => {
    // After a change of the format on purpose: vitest with --update writes the file anew.
    it("is what the twin makes", () =>
        expect(`${JSON.stringify(sketchVectors(), null, 1)}\n`).toMatchFileSnapshot(FILE));

    it.each(vectors.field)("multiplies $a by $b", ({ a, b, product }) => {
        expect(multiply(Number(a), Number(b)) >>> 0).toBe(Number(product));
    });

    it.each(vectors.hash)("hashes $message", ({ salt, message, hash }) => {
        expect(halfSipHash(bytesOf(salt), bytesOf(message))).toBe(Number(hash));
    });

    it.each(vectors.sketches)("makes and decodes a sketch of $syndromes", ({ elements, syndromes, bytes }) => {
        const sketch = sketchOf(elements.map(Number), { from: 0, to: syndromes });
        expect(toHex(writeSketch(sketch))).toBe(bytes);
        expect(decode(sketch)).toEqual(elements.map(Number));
    });

    it.each(vectors.undecodable)("does not guess what $syndromes syndromes cannot show", ({ bytes }) => {
        expect(decode(readSketch(bytesOf(bytes)) ?? new Uint32Array(0))).toBeUndefined();
    });

    it("refuses what is no message", () => {
        expect(vectors.refused.filter((hex) => decodeMessage(bytesOf(hex)) !== undefined)).toEqual([]);
    });

    it("lists ids that collide", () => {
        const { salt, ids, shorts, list } = vectors.collision;
        const own = indexIds(ids.map(bytesOf), makeShortOf(halfSipHash, bytesOf(salt)));
        expect([...own.shorts]).toEqual([Number(shorts[0])]);
        expect(own.collided.map(toHex)).toEqual(ids);
        expect(toHex(encodeMessage({ kind: "list", ids: own.collided }))).toBe(list);
    });

    it.each(vectors.meetings)("holds the meeting: $name", ({ salt, near, far, transcript }) => {
        const met = meet({ near: near.map(numberedId), far: far.map(numberedId), salt: bytesOf(salt) });
        expect(met.lines.map(({ from, bytes }) => ({ from, bytes: toHex(bytes) }))).toEqual(
            transcript.map(({ from, bytes }) => ({ from, bytes })),
        );
        for (const { bytes } of transcript) {
            const message = decodeMessage(bytesOf(bytes));
            expect(message && toHex(encodeMessage(message))).toBe(bytes);
        }
    });

    it("holds what the reference implementation of the hash publishes", () => {
        const at = (size: number) => vectors.hash.find(({ message }) => message.length === 2 * size)?.hash;
        expect([at(0), at(1), at(4), at(15)]).toEqual(["0x5b9f35a9", "0xb85a4727", "0x89466e2a", "0x972bfe74"]);
    });
});
