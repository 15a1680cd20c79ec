import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReplyReader } from "../../hw/ebyte/commands.ts";
import { crc16, Deframer, encodeFrame, FRAMING_BYTES, type Heard, rssiOf } from "../../hw/ebyte/frame.ts";
import { concatBytes, utf8 } from "../../src/base/bytes.ts";
import { makePrng } from "../../src/base/prng.ts";

const frameBytes = fc.uint8Array({ minLength: 1, maxLength: 236 });
const STRENGTH = Uint8Array.of(176);

function framesIn(all: readonly Heard[]): readonly Uint8Array[] {
    return all.flatMap((heard) => (heard.kind === "frame" ? [heard.bytes] : []));
}

describe("frames on the byte stream", () => {
    it("carry the check that everybody knows, around mark and length", () => {
        expect(crc16(utf8("123456789"))).toBe(0x29b1);
        expect([...encodeFrame(Uint8Array.of(1, 2))].slice(0, 4)).toEqual([0xa7, 2, 1, 2]);
        expect(encodeFrame(new Uint8Array(236)).length).toBe(240);
        expect(() => encodeFrame(new Uint8Array(237))).toThrow(RangeError);
        expect(() => encodeFrame(new Uint8Array(0))).toThrow(RangeError);
    });

    it.each(["none", "offset", "half"] as const)("come out whole however they are cut, RSSI byte: %s", (form) => {
        const tail = form === "none" ? new Uint8Array(0) : STRENGTH;
        const strength = rssiOf(176, form);
        expect(strength).toBe({ none: undefined, offset: -80, half: -88 }[form]);
        fc.assert(
            fc.property(fc.array(frameBytes, { maxLength: 4 }), fc.infiniteStream(fc.nat(50)), (frames, cuts) => {
                const bytes = concatBytes(...frames.flatMap((frame) => [encodeFrame(frame), tail]));
                const reader = new Deframer(form);
                const heard: Heard[] = [];
                for (let at = 0; at < bytes.length; ) {
                    const size = 1 + (cuts.next().value ?? 0);
                    heard.push(...reader.push(bytes.subarray(at, at + size)));
                    at += size;
                }
                expect(heard).toEqual(frames.map((frame) => ({ kind: "frame", bytes: frame, rssiDbm: strength })));
                expect(reader.heldBytes).toBe(0);
            }),
        );
    });

    it("tell a frame without its RSSI byte after a silence, and nothing of half a frame", () => {
        const reader = new Deframer("offset");
        expect(reader.push(encodeFrame(Uint8Array.of(7)))).toEqual([]);
        expect(reader.flush()).toEqual([{ kind: "frame", bytes: Uint8Array.of(7), rssiDbm: undefined }]);
        expect(reader.push(encodeFrame(Uint8Array.of(7, 8)).subarray(0, 4))).toEqual([]);
        expect(reader.flush()).toEqual([]);
        expect(reader.heldBytes).toBe(0);
    });

    it("are found inside what a false mark had swallowed", () => {
        const reader = new Deframer("none");
        const good = encodeFrame(Uint8Array.of(1, 2, 3));
        expect(reader.push(Uint8Array.of(0xa7, 200))).toEqual([]);
        expect(reader.push(good)).toEqual([]);
        expect(framesIn(reader.flush())).toEqual([Uint8Array.of(1, 2, 3)]);
    });

    it("are found at once behind a false mark whose frame would have ended inside them", () => {
        const good = encodeFrame(Uint8Array.of(1, 2, 3));
        for (const size of [1, 2, 3]) {
            const heard = new Deframer("none").push(concatBytes(Uint8Array.of(0xa7, size), good));
            expect(framesIn(heard)).toEqual([Uint8Array.of(1, 2, 3)]);
        }
    });

    it("do not mix with the answer about the noise, which counts only when it was asked for", () => {
        const answer = Uint8Array.of(0xc1, 0, 2, 146, 170);
        const frame = encodeFrame(answer);
        const bytes = concatBytes(answer, frame, STRENGTH, answer);
        const reader = new Deframer("offset");
        expect(reader.push(bytes).map(({ kind }) => kind)).toEqual(["frame"]);
        reader.awaitsAmbient = true;
        expect(reader.push(bytes).map(({ kind }) => kind)).toEqual(["ambient", "frame", "ambient"]);
        expect(reader.push(Uint8Array.of(0xc1, 0))).toEqual([]);
        expect(reader.flush()).toEqual([]);
    });
});

const SEQUENCES = 1_000_000;
const HOSTILE_TIMEOUT_MS = 10_000;

/** test/fuzz draws fresh ones. */
const SEED = 11;

/** Bursts that hurt: random bytes, marks, begun frames, frames with a bit turned. */
function hostileBursts(seed: number, good: Uint8Array): () => Uint8Array {
    const random = makePrng(seed);
    const noise = Uint8Array.from({ length: 65_536 }, () => random() * 256);
    const marks = new Uint8Array(12).fill(0xa7);
    const bent = Array.from({ length: good.length * 8 }, (_, bit) =>
        good.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
    );
    return () => {
        const dice = random();
        const size = 1 + Math.floor(random() * 12);
        const start = Math.floor(random() * (noise.length - size));
        if (dice < 0.4) return noise.subarray(start, start + size);
        if (dice < 0.6) return marks.subarray(0, size);
        if (dice < 0.8) return good.subarray(start % good.length);
        return bent[start % bent.length] ?? good;
    };
}

describe("a hostile module", () => {
    it("fills no memory and never hides the next good frame", { timeout: HOSTILE_TIMEOUT_MS }, () => {
        const good = encodeFrame(Uint8Array.of(0xa7, 9, 0xa7, 0xc1, 0, 2));
        const hostile = hostileBursts(SEED, good);
        const reader = new Deframer("offset");
        reader.awaitsAmbient = true;
        let heldMax = 0;
        for (let count = 1; count <= SEQUENCES; count++) {
            reader.push(hostile());
            heldMax = Math.max(heldMax, reader.heldBytes);
            if (count % 100 !== 0) continue;
            reader.flush();
            const found = framesIn(reader.push(concatBytes(good, STRENGTH)));
            if (found.length !== 1) throw new Error(`seed ${SEED}: no frame after ${count} sequences`);
        }
        expect(heldMax, `seed ${SEED}`).toBeLessThanOrEqual(236 + FRAMING_BYTES);
    });

    it("cannot hide the answer to a command behind noise", { timeout: HOSTILE_TIMEOUT_MS }, () => {
        const random = makePrng(SEED);
        const answer = Uint8Array.of(0xc1, 0, 7, 1, 2, 3, 4, 5, 6, 7);
        // Nothing in here begins an answer or is a refusal of its own.
        const noise = (): Uint8Array =>
            Uint8Array.from({ length: 1 + Math.floor(random() * 90) }, () => random() * 0xc0);
        for (let count = 0; count < 20_000; count++) {
            const reader = new ReplyReader(7);
            expect(reader.push(noise())).toBeUndefined();
            const cut = Math.floor(random() * answer.length);
            const first = reader.push(answer.subarray(0, cut));
            const reply = first ?? reader.push(answer.subarray(cut));
            if (reply?.kind !== "registers") throw new Error(`seed ${SEED}, round ${count}`);
        }
    });

    it("is taken at its word when it refuses, but not when a value looks like a refusal", () => {
        expect(new ReplyReader(7).push(Uint8Array.of(1, 0xff, 0xff, 0xff))).toEqual({ kind: "refused" });
        const reader = new ReplyReader(7);
        expect(reader.push(Uint8Array.of(0xc1, 0, 7, 0xff, 0xff, 0xff, 0x62))).toBeUndefined();
        expect(reader.push(Uint8Array.of(0, 18, 3))).toEqual({
            kind: "registers",
            registers: Uint8Array.of(0xff, 0xff, 0xff, 0x62, 0, 18, 3),
        });
        expect(new ReplyReader(7).push(new Uint8Array(5_000).fill(0xc1))).toBeUndefined();
    });
});
