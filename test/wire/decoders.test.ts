import { blake3 } from "@noble/hashes/blake3.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBundleFile, encodeBundleFile } from "../../src/wire/bundle-file.ts";
import type { DecodeError } from "../../src/wire/error.ts";
import { decodeInnerEnvelope, encodeInnerEnvelope } from "../../src/wire/inner-envelope.ts";
import { decodeOuterEnvelope, encodeOuterEnvelope } from "../../src/wire/outer-envelope.ts";
import {
    decodeWirePayload,
    encodeMessagePayload,
    encodeTombstonePayload,
    wireErrorText,
} from "../../src/wire/payload.ts";
import { decodeSubmitBody, encodeSubmitBody, submitBodyErrorText } from "../../src/wire/submit-body.ts";
import { decodeTombstone, encodeTombstone } from "../../src/wire/tombstone.ts";
import { damaged, innerEnvelopes, outerEnvelopes, tombstones } from "../support/arbitraries.ts";

const RUNS = { numRuns: 400 };
const noise = fc.uint8Array({ maxLength: 600 });
const frames = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 });

/** Where a decoder stopped lies in its input, in a field that has a name. */
function expectPlace(error: DecodeError, bytes: Uint8Array): void {
    expect(error.field).toMatch(/^[a-z_.]+$/);
    expect(error.offset).toBeGreaterThanOrEqual(0);
    expect(error.offset).toBeLessThanOrEqual(bytes.length);
}

describe("what is encoded decodes to the same", () => {
    it("outer envelopes, whatever follows them", () => {
        fc.assert(
            fc.property(outerEnvelopes, noise, (outer, tail) => {
                const bytes = encodeOuterEnvelope(outer);
                expect(decodeOuterEnvelope(bytes)).toEqual({ ok: true, value: outer });
                expect(decodeOuterEnvelope(Uint8Array.from([...bytes, ...tail]))).toEqual({ ok: true, value: outer });
            }),
        );
    });

    it("inner envelopes", () => {
        fc.assert(
            fc.property(innerEnvelopes, (inner) => {
                expect(decodeInnerEnvelope(encodeInnerEnvelope(inner))).toEqual({ ok: true, value: inner });
            }),
        );
    });

    it("payloads of both kinds", () => {
        fc.assert(
            fc.property(outerEnvelopes, tombstones, (outer, tombstone) => {
                expect(decodeWirePayload(encodeMessagePayload(outer))).toEqual({
                    ok: true,
                    value: { kind: "message", outer },
                });
                expect(decodeWirePayload(encodeTombstonePayload(tombstone))).toEqual({
                    ok: true,
                    value: { kind: "tombstone", tombstone },
                });
                expect(decodeTombstone(encodeTombstone(tombstone))).toEqual({ ok: true, value: tombstone });
            }),
        );
    });

    it("bundle files and submit bodies", () => {
        fc.assert(
            fc.property(frames, (all) => {
                expect(decodeBundleFile(encodeBundleFile(all, blake3), blake3)).toEqual({ ok: true, value: all });
                if (all.length > 0)
                    expect(decodeSubmitBody(encodeSubmitBody(all), all.length)).toEqual({ ok: true, value: all });
            }),
        );
    });
});

describe("hostile bytes give an error with its place, and never throw", () => {
    it.each([
        ["payloads", decodeWirePayload, outerEnvelopes.map(encodeMessagePayload)],
        ["inner envelopes", decodeInnerEnvelope, innerEnvelopes.map(encodeInnerEnvelope)],
        ["outer envelopes", (bytes: Uint8Array) => decodeOuterEnvelope(bytes), outerEnvelopes.map(encodeOuterEnvelope)],
        ["tombstones", (bytes: Uint8Array) => decodeTombstone(bytes), tombstones.map(encodeTombstone)],
    ] as const)("%s", (_, decode, good) => {
        fc.assert(
            fc.property(fc.oneof(noise, damaged(good)), (bytes) => {
                const result = decode(bytes);
                if (result.ok) return;
                expectPlace(result.error, bytes);
                expect(wireErrorText(result.error).length).toBeGreaterThan(5);
            }),
            RUNS,
        );
    });

    it("bundle files: a changed byte is always seen", () => {
        fc.assert(
            fc.property(frames, fc.nat(), fc.integer({ min: 1, max: 255 }), (all, at, flip) => {
                const file = encodeBundleFile(all, blake3);
                const index = at % file.length;
                file[index] = (file[index] ?? 0) ^ flip;
                expect(decodeBundleFile(file, blake3).ok).toBe(false);
            }),
            RUNS,
        );
    });

    it("submit bodies: nothing is invented", () => {
        fc.assert(
            fc.property(
                fc.oneof(noise, damaged(frames.map(encodeSubmitBody))),
                fc.integer({ min: 1, max: 8 }),
                (body, max) => {
                    const result = decodeSubmitBody(body, max);
                    if (!result.ok) expect(submitBodyErrorText(result.error).length).toBeGreaterThan(5);
                    else {
                        expect(result.value.length).toBeLessThanOrEqual(max);
                        expect(encodeSubmitBody(result.value)).toEqual(body);
                    }
                },
            ),
            RUNS,
        );
    });

    it("a declared size beyond the input costs nothing", () => {
        const huge = Uint8Array.from([...new Uint8Array(32).fill(1), 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]);
        expect(decodeInnerEnvelope(huge)).toMatchObject({ ok: false, error: { kind: "unexpected_end" } });
        const manyHeads = Uint8Array.from([
            ...new Uint8Array(32).fill(1),
            0,
            0,
            0,
            0,
            0xff,
            0xff,
            0xff,
            0xff,
            0x0f,
            1,
            2,
        ]);
        expect(decodeInnerEnvelope(manyHeads)).toMatchObject({
            ok: false,
            error: { kind: "unexpected_end", field: "inner.observed_heads" },
        });
    });
});
