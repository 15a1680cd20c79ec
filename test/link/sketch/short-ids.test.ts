import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/encoding.ts";
import { halfSipHash } from "../../../src/link/sketch/half-siphash.ts";
import { IDS_MAX, indexIds, makeShortOf, rangeOf } from "../../../src/link/sketch/short-ids.ts";
import { twinShort } from "../../support/sketch-twin.ts";

const ID = fc.uint8Array({ minLength: 16, maxLength: 16 });
const IDS = fc.uniqueArray(ID, { maxLength: 40, selector: toHex });
const SALT = fc.uint8Array({ minLength: 8, maxLength: 8 });

/** Short ids of a few values only, so that they collide; the last is the highest there is. */
const FEW = [1, 2, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];
const fewShorts = (id: Uint8Array): number => FEW[(id[0] ?? 0) % FEW.length] ?? 1;

function hexes(ids: readonly Uint8Array[]): readonly string[] {
    return ids.map(toHex).sort();
}

describe("short ids", () => {
    it("are the twin's under every salt, and messages of every size hash", () => {
        fc.assert(
            fc.property(SALT, fc.uint8Array({ maxLength: 40 }), (salt, id) => {
                expect(makeShortOf(halfSipHash, salt)(id)).toBe(twinShort(salt, id));
            }),
            { numRuns: 200 },
        );
    });

    it("are never zero", () => expect(makeShortOf(() => 0, new Uint8Array(8))(new Uint8Array(16))).toBe(1));

    it("are unsigned whatever the hash gives", () => {
        expect(makeShortOf(() => -1, new Uint8Array(8))(new Uint8Array(16))).toBe(0xffff_ffff);
    });

    it("lead back to their ids, also where they collide", () => {
        fc.assert(
            fc.property(IDS, (ids) => {
                const own = indexIds(ids, fewShorts);
                for (const short of [...FEW, 0, 77]) {
                    const expected = ids.filter((id) => fewShorts(id) === short);
                    expect(hexes(own.idsOf(short))).toEqual(hexes(expected));
                    expect(own.has(short)).toBe(expected.length > 0);
                }
                const shared = ids.filter((id) => own.idsOf(fewShorts(id)).length > 1);
                expect(hexes(own.collided)).toEqual(hexes(shared));
                expect([...own.shorts]).toEqual([...new Set(ids.map(fewShorts))].sort((a, b) => a - b));
            }),
        );
    });

    it("are parted by the halves of a node without gap or overlap", () => {
        fc.assert(
            fc.property(IDS, fc.integer({ min: 1, max: 2 ** 14 - 1 }), (ids, node) => {
                const own = indexIds(ids, makeShortOf(halfSipHash, new Uint8Array(8)));
                const halves = [...own.below(2 * node), ...own.below(2 * node + 1)];
                expect(halves).toEqual([...own.below(node)]);
                expect(own.below(1)).toEqual(own.shorts);
                expect(rangeOf(2 * node).next).toBe(rangeOf(2 * node + 1).first);
            }),
        );
    });

    it("are not made for more ids than fit", () => {
        const id = new Uint8Array(16);
        const many = Array.from({ length: IDS_MAX + 1 }, () => id);
        expect(() => indexIds(many, () => 1)).toThrow(RangeError);
    });
});
