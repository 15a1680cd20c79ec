import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../src/base/encoding.ts";
import { crc32 } from "../../src/link/crc32.ts";
import {
    ACK_SIZE_MAX,
    type AckFrame,
    bitmapOf,
    DATA_OVERHEAD,
    type DataFrame,
    decodeFirstFrame,
    encodeFirstFrame,
    FRAGMENTS_MAX,
    inBitmap,
} from "../../src/link/first-frame.ts";

const source = fc.integer({ min: 0, max: 0xffff });
const transfer = fc.uint8Array({ minLength: 8, maxLength: 8 });
const total = fc.integer({ min: 1, max: FRAGMENTS_MAX });

const dataFrame: fc.Arbitrary<DataFrame> = fc
    .record({
        kind: fc.constant("data" as const),
        source,
        transfer,
        total,
        index: fc.nat(FRAGMENTS_MAX - 1),
        fragment: fc.uint8Array({ minLength: 1, maxLength: 255 - DATA_OVERHEAD }),
        asks: fc.boolean(),
    })
    .map((frame) => ({ ...frame, index: frame.index % frame.total }));

const ackFrame: fc.Arbitrary<AckFrame> = fc
    .record({
        source,
        transfer,
        total,
        status: fc.constantFrom("partial" as const, "stored" as const, "rejected" as const, "later" as const),
        bits: fc.infiniteStream(fc.boolean()),
    })
    .map(({ bits, ...rest }) => {
        const all = Array.from({ length: rest.total }, () => bits.next().value === true);
        const bitmap =
            rest.status === "partial" ? bitmapOf(rest.total, (index) => all[index] === true) : new Uint8Array(0);
        return { kind: "ack", ...rest, bitmap };
    });

const anyFrame = fc.oneof(dataFrame, ackFrame);

/** A frame with a right check around a wrong body. */
function withCheck(body: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(body.length + 4);
    bytes.set(body);
    new DataView(bytes.buffer).setUint32(body.length, crc32(body));
    return bytes;
}

describe("the frames of the first link", () => {
    it("come back as they went", () => {
        fc.assert(
            fc.property(anyFrame, (frame) => {
                expect(decodeFirstFrame(encodeFirstFrame(frame))).toEqual({ ok: true, value: frame });
            }),
        );
    });

    it("keep their sizes", () => {
        fc.assert(
            fc.property(anyFrame, (frame) => {
                const { length } = encodeFirstFrame(frame);
                if (frame.kind === "data") expect(length).toBe(DATA_OVERHEAD + frame.fragment.length);
                else expect(length).toBeLessThanOrEqual(ACK_SIZE_MAX);
            }),
        );
    });

    it("have one encoding each, whatever the bytes", () => {
        const body = fc
            .tuple(fc.integer({ min: 0x10, max: 0x14 }), fc.uint8Array({ minLength: 12, maxLength: 60 }))
            .map(([first, rest]) => withCheck(Uint8Array.of(first, ...rest)));
        fc.assert(
            fc.property(fc.oneof(body, fc.uint8Array({ maxLength: 300 })), (bytes) => {
                const decoded = decodeFirstFrame(bytes);
                if (decoded.ok) expect(toHex(encodeFirstFrame(decoded.value))).toBe(toHex(bytes));
            }),
            { numRuns: 2_000 },
        );
    });

    it("are damaged when any bits change", () => {
        fc.assert(
            fc.property(anyFrame, fc.nat(), fc.integer({ min: 1, max: 255 }), (frame, where, flip) => {
                const bytes = encodeFirstFrame(frame);
                const at = where % bytes.length;
                bytes[at] = (bytes[at] ?? 0) ^ flip;
                expect(decodeFirstFrame(bytes)).toEqual({ ok: false, error: "damaged" });
            }),
        );
    });

    it("are damaged when cut or grown", () => {
        fc.assert(
            fc.property(anyFrame, fc.nat(), (frame, cut) => {
                const bytes = encodeFirstFrame(frame);
                expect(decodeFirstFrame(bytes.subarray(0, cut % bytes.length)).ok).toBe(false);
                expect(decodeFirstFrame(Uint8Array.of(...bytes, 0)).ok).toBe(false);
            }),
        );
    });

    it("of another version, kind or status are unknown, not damaged", () => {
        const good = { kind: "data", source: 1, transfer: new Uint8Array(8), index: 0, total: 1, asks: true } as const;
        const body = encodeFirstFrame({ ...good, fragment: Uint8Array.of(1) }).slice(0, -4);
        for (const first of [0x00, 0x14, 0x21, 0xff]) {
            body[0] = first;
            expect(decodeFirstFrame(withCheck(body))).toEqual({ ok: false, error: "unknown" });
        }
        const ack = { kind: "ack", source: 1, transfer: new Uint8Array(8), total: 9, status: "stored" } as const;
        const ackBody = encodeFirstFrame({ ...ack, bitmap: new Uint8Array(0) }).slice(0, -4);
        ackBody[12] = 4;
        expect(decodeFirstFrame(withCheck(ackBody))).toEqual({ ok: false, error: "unknown" });
    });

    it("check with the CRC-32 that everybody knows", () => {
        expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
    });

    it("count fragments from the lowest bit", () => {
        const bitmap = bitmapOf(10, (index) => index === 0 || index === 9);
        expect(toHex(bitmap)).toBe("0102");
        expect([0, 1, 8, 9].map((index) => inBitmap(bitmap, index))).toEqual([true, false, false, true]);
    });
});
