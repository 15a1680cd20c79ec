import { blake3 } from "@noble/hashes/blake3.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makePrng } from "../../src/base/prng.ts";
import {
    CHUNK_AGE_MS,
    CHUNK_ASSEMBLIES_MAX,
    CHUNK_BYTES_MAX,
    CHUNK_REPEAT_MS,
    CHUNKED_ENDED_MAX,
    ChunkShelf,
    encodeChunks,
} from "../../src/link/chunks.ts";
import { testMessage } from "../support/envelopes.ts";

const { payload: PAYLOAD, tombstone: TOMBSTONE } = testMessage(1);

function chunksOf(payload: Uint8Array, frameSizeMax = 51): readonly Uint8Array[] {
    const chunks = encodeChunks(payload, frameSizeMax, blake3);
    if (!chunks.ok) throw new Error(chunks.error);
    return chunks.value;
}

/** What a shelf hands out for these frames. */
function gather(shelf: ChunkShelf, frames: readonly Uint8Array[], now = 0): readonly Uint8Array[] {
    return frames.flatMap((frame) => shelf.add(frame, now) ?? []);
}

function stray(number: number, total = 2): Uint8Array {
    const frame = new Uint8Array(20).fill(7);
    new DataView(frame.buffer).setUint32(0, number);
    frame.set([0, total], 8);
    return frame;
}

describe("encoding", () => {
    it("is hash of the envelope without its type byte, index, total and fragment", () => {
        const [first, ...others] = chunksOf(PAYLOAD);
        expect(others).toHaveLength(5);
        const envelope = PAYLOAD.subarray(1);
        expect(first).toEqual(Uint8Array.of(...blake3(envelope).subarray(0, 8), 0, 6, ...envelope.subarray(0, 41)));
        expect(others.at(-1)?.subarray(10)).toEqual(envelope.subarray(5 * 41));
    });

    it("refuses tombstones, nothing, and what needs more than 255 chunks", () => {
        expect(encodeChunks(TOMBSTONE, 51, blake3)).toEqual({ ok: false, error: "not_a_message" });
        expect(encodeChunks(Uint8Array.of(), 51, blake3)).toEqual({ ok: false, error: "not_a_message" });
        expect(encodeChunks(Uint8Array.of(0), 51, blake3)).toEqual({ ok: false, error: "not_a_message" });
        expect(encodeChunks(new Uint8Array(257), 11, blake3)).toEqual({ ok: false, error: "too_large" });
        expect(encodeChunks(new Uint8Array(256), 11, blake3).ok).toBe(true);
        expect(encodeChunks(PAYLOAD, 10, blake3)).toEqual({ ok: false, error: "too_large" });
        expect(encodeChunks(new Uint8Array(16 * 1024 + 1), 500, blake3)).toEqual({ ok: false, error: "too_large" });
    });
});

describe("gathering", () => {
    it("gives any payload back once, in any order, with repeats", () => {
        const payloads = fc.uint8Array({ minLength: 1, maxLength: 2000 }).map((bytes) => Uint8Array.of(0, ...bytes));
        fc.assert(
            fc.property(payloads, fc.integer({ min: 20, max: 240 }), fc.integer(), (payload, size, seed) => {
                const random = makePrng(seed);
                const frames = chunksOf(payload, size).flatMap((frame) => [frame, frame]);
                const mixed = frames.map((frame) => ({ frame, at: random() })).sort((a, b) => a.at - b.at);
                const shelf = new ChunkShelf(blake3);
                expect(
                    gather(
                        shelf,
                        mixed.map(({ frame }) => frame),
                    ),
                ).toEqual([payload]);
                expect(shelf.fill()).toEqual({ assemblies: 0, bytes: 0, ended: 1 });
            }),
        );
    });

    it("gives nothing whose hash does not fit, and hears it anew", () => {
        const frames = chunksOf(PAYLOAD);
        const shelf = new ChunkShelf(blake3);
        const wrong = frames.map((frame, index) =>
            index === 3 ? frame.map((byte, at) => (at > 9 ? byte ^ 1 : byte)) : frame,
        );
        expect(gather(shelf, wrong)).toEqual([]);
        expect(shelf.fill()).toEqual({ assemblies: 0, bytes: 0, ended: 0 });
        expect(gather(shelf, frames)).toEqual([PAYLOAD]);
    });

    it("hands a repeat out only after a while", () => {
        const shelf = new ChunkShelf(blake3);
        const frames = chunksOf(PAYLOAD);
        expect(gather(shelf, frames, 0)).toHaveLength(1);
        expect(gather(shelf, frames, CHUNK_REPEAT_MS - 1)).toHaveLength(0);
        expect(gather(shelf, frames, CHUNK_REPEAT_MS)).toHaveLength(1);
    });

    it("forgets what gains nothing for an hour", () => {
        const shelf = new ChunkShelf(blake3);
        const [first = stray(0), ...others] = chunksOf(PAYLOAD);
        shelf.add(first, 0);
        shelf.add(first, CHUNK_AGE_MS - 1);
        expect(gather(shelf, others, CHUNK_AGE_MS)).toEqual([]);
        expect(shelf.add(first, CHUNK_AGE_MS)).toEqual(PAYLOAD);
    });
});

describe("strangers", () => {
    it("do not push out an envelope that has grown, however many stray chunks they send", () => {
        const shelf = new ChunkShelf(blake3);
        const frames = chunksOf(PAYLOAD);
        gather(shelf, frames.slice(0, 2));
        for (let number = 0; number < 1_000; number++) shelf.add(stray(number), number);
        expect(shelf.fill().assemblies).toBe(CHUNK_ASSEMBLIES_MAX);
        expect(gather(shelf, frames.slice(2), 1_000)).toEqual([PAYLOAD]);
    });

    it("cost bounded memory, whatever they send", () => {
        const shelf = new ChunkShelf(blake3);
        const random = makePrng(1);
        for (let number = 0; number < 20_000; number++) {
            const frame = new Uint8Array(Math.floor(random() * 512)).map(() => Math.floor(random() * 256));
            frame.set([number % 40, 0, 0, 0, 0, 0, 0, 0].slice(0, frame.length));
            if (frame.length > 9) frame[9] = 200;
            expect(shelf.add(frame, number)).toBeUndefined();
            const { assemblies, bytes } = shelf.fill();
            expect(assemblies <= CHUNK_ASSEMBLIES_MAX && bytes <= CHUNK_BYTES_MAX).toBe(true);
        }
        for (let number = 0; number < 2 * CHUNKED_ENDED_MAX; number++)
            gather(shelf, chunksOf(Uint8Array.of(0, 1, number >> 8, number)), 0);
        expect(shelf.fill().ended).toBe(CHUNKED_ENDED_MAX);
    });

    it("frames that are no chunks are ignored", () => {
        const shelf = new ChunkShelf(blake3);
        const frames = [new Uint8Array(0), new Uint8Array(10).fill(255), stray(1, 0), stray(1).subarray(0, 10)];
        expect(gather(shelf, frames)).toEqual([]);
        expect(shelf.fill()).toEqual({ assemblies: 0, bytes: 0, ended: 0 });
    });
});
