import { blake3 } from "@noble/hashes/blake3.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBlock } from "../../../src/link/block/block.ts";
import { PAYLOAD_SIZE_MAX } from "../../../src/link/block/item.ts";
import { KeyBook } from "../../../src/link/block/key-book.ts";
import { PARTS_MAX, type Part } from "../../../src/link/block/part.ts";
import { GATHERED_BYTES_MAX, GATHERINGS_MAX, PartShelf, splitIntoParts } from "../../../src/link/block/part-shelf.ts";

const CONTEXT = { keys: new KeyBook(), hour: undefined, messageIdsWith: () => [], digest: blake3 };

function partsOf(payload: Uint8Array, blockSizeMax: number): readonly Part[] {
    const blocks = splitIntoParts(payload, blockSizeMax, blake3) ?? [];
    return blocks.map((block) => {
        expect(block.length).toBeLessThanOrEqual(blockSizeMax);
        const reading = decodeBlock(block, CONTEXT);
        if (reading.kind !== "part") throw new Error(`read as ${reading.kind}`);
        return reading.part;
    });
}

function noise(size: number, seed: number): Uint8Array {
    return Uint8Array.from({ length: size }, (_, at) => (at * 7 + seed * 31) >> (at % 3));
}

describe("parts", () => {
    it("of any payload come together in any order", () => {
        const sizes = fc.integer({ min: 1, max: PAYLOAD_SIZE_MAX });
        const orders = fc.array(fc.nat(), { minLength: PARTS_MAX, maxLength: PARTS_MAX });
        fc.assert(
            fc.property(sizes, fc.integer({ min: 110, max: 1_000 }), orders, (size, blockSizeMax, order) => {
                const payload = noise(size, 1);
                const parts = partsOf(payload, blockSizeMax)
                    .map((part, at) => ({ part, at: order[at] ?? 0 }))
                    .sort((a, b) => a.at - b.at);
                const shelf = new PartShelf(blake3);
                const shelved = parts.map(({ part }) => shelf.add(part));
                expect(shelved.pop()).toEqual({ kind: "payload", payload });
                for (const each of shelved) expect(each).toEqual({ kind: "kept" });
                expect(shelf.fill()).toEqual({ gatherings: 0, bytes: 0 });
            }),
            { numRuns: 60 },
        );
    });

    it("are not made where more than 255 or an empty one would come of it", () => {
        expect(splitIntoParts(new Uint8Array(256), 20, blake3)).toBeUndefined();
        expect(splitIntoParts(new Uint8Array(255), 20, blake3)).toHaveLength(255);
        expect(splitIntoParts(new Uint8Array(9), 19, blake3)).toBeUndefined();
        expect(splitIntoParts(new Uint8Array(0), 100, blake3)).toBeUndefined();
        expect(splitIntoParts(new Uint8Array(PAYLOAD_SIZE_MAX + 1), 1_000, blake3)).toBeUndefined();
    });

    it("that are no such payload together are forgotten, so that the true ones may come", () => {
        const [first, second] = partsOf(noise(100, 1), 70);
        if (!first || !second) throw new Error("too few parts");
        const shelf = new PartShelf(blake3);
        expect(shelf.add({ ...first, bytes: noise(first.bytes.length, 9) }).kind).toBe("kept");
        expect(shelf.add(first).kind).toBe("duplicate");
        expect(shelf.add(second).kind).toBe("damaged");
        expect(shelf.add({ ...first, bytes: noise(100, 9) }).kind).toBe("kept");
        expect(shelf.add(second).kind).toBe("damaged");
        expect(shelf.add(second).kind).toBe("kept");
        expect(shelf.add(first)).toEqual({ kind: "payload", payload: noise(100, 1) });
    });
});

describe("a shelf", () => {
    it("lets go what gained nothing for longest", () => {
        const shelf = new PartShelf(blake3);
        const all = Array.from({ length: GATHERINGS_MAX + 1 }, (_, seed) => partsOf(noise(300, seed), 119));
        const [oldest = [], second = []] = all;
        for (const parts of all.slice(0, GATHERINGS_MAX)) for (const part of parts.slice(0, 1)) shelf.add(part);
        // Now the second is the one that gained nothing for longest.
        for (const part of oldest.slice(1, 2)) shelf.add(part);
        for (const part of all.at(-1)?.slice(0, 1) ?? []) shelf.add(part);
        expect(shelf.fill().gatherings).toBe(GATHERINGS_MAX);
        expect(oldest.slice(2).map((part) => shelf.add(part).kind)).toEqual(["payload"]);
        expect(second.slice(1).map((part) => shelf.add(part).kind)).toEqual(["kept", "kept"]);
    });

    it("holds so many bytes and no more", () => {
        const shelf = new PartShelf(blake3);
        for (let seed = 0; seed < 20; seed++) {
            for (const part of partsOf(noise(PAYLOAD_SIZE_MAX, seed), 5_000).slice(1)) {
                shelf.add(part);
                expect(shelf.fill().bytes).toBeLessThanOrEqual(GATHERED_BYTES_MAX);
            }
        }
        expect(shelf.fill().bytes).toBeGreaterThan(GATHERED_BYTES_MAX / 2);
    });
});
