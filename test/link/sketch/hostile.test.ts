import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/encoding.ts";
import { makePrng } from "../../../src/base/prng.ts";
import { halfSipHash } from "../../../src/link/sketch/half-siphash.ts";
import { decodeMessage, encodeMessage, MESSAGE_SIZE_MAX } from "../../../src/link/sketch/message.ts";
import { makeReconciler, type Reconciler } from "../../../src/link/sketch/reconciler.ts";
import { type Islands, islands, meet, randomBytes } from "./meet.ts";

const COUNTS = { shared: 60, near: 9, far: 6 };
/** Questions of one meeting at most, and answers to them. */
const ASKS_MAX = 1_024;

function endsOf({ near, far, salt }: Islands): readonly [Reconciler, Reconciler] {
    return [
        makeReconciler({ ids: near, salt, hash: halfSipHash }),
        makeReconciler({ ids: far, salt, hash: halfSipHash }),
    ];
}

describe("messages", () => {
    it("of any bytes are read as written, or not at all", () => {
        const near = fc.tuple(
            fc.constantFrom(0, 0x41, 0x81, 0xc0, 0xc1, 0xc3, 0xc4, 0xc5),
            fc.uint8Array({ maxLength: 70 }),
        );
        const any = fc.oneof(
            fc.uint8Array({ maxLength: MESSAGE_SIZE_MAX + 2 }),
            near.map(([kind, rest]) => Uint8Array.of(kind, ...rest)),
        );
        fc.assert(
            fc.property(any, (bytes) => {
                const message = decodeMessage(bytes);
                if (message !== undefined) expect(toHex(encodeMessage(message))).toBe(toHex(bytes));
            }),
            { numRuns: 2_000 },
        );
    });
});

describe("a hostile neighbour", () => {
    it("makes nobody throw, nor believe in ids that are not there", () => {
        const both = islands(1, COUNTS);
        const honest = meet(both).lines.map(({ bytes }) => bytes);
        const known = new Set(both.near.map(toHex));
        const random = makePrng(99);
        for (let round = 0; round < 150; round++) {
            const [end] = endsOf(both);
            if (random() < 0.7) end.start();
            for (let count = 0; count < 20; count++) {
                const bytes = damaged(random, honest[Math.floor(random() * honest.length)] ?? new Uint8Array(0));
                const step = end.handle(bytes);
                expect(step.missingThere.every((id) => known.has(toHex(id)))).toBe(true);
                expect(step.replies.every(({ length }) => length <= MESSAGE_SIZE_MAX)).toBe(true);
            }
        }
    });

    it("that answers at random is given up, and nothing it made up is believed", () => {
        const random = makePrng(5);
        const [end] = endsOf(islands(2, { shared: 10, near: 90, far: 0 }));
        let step = end.handle(Uint8Array.of(0, 10, ...randomBytes(random, 4)));
        let asks = 0;
        for (; step.outcome === undefined && asks <= ASKS_MAX; asks++) {
            step = end.handle(answerTo(step.replies.at(-1) ?? new Uint8Array(0), random));
            expect([step.ignored, step.missingHere, step.missingThere]).toEqual([false, [], []]);
        }
        expect(step.outcome).toBe("partial");
        // Down the leftmost path: 15 nodes, of which each half is asked twice.
        expect(asks).toBeLessThan(40);
    });

    it("whose differences crowd where nothing is halved any more ends the search", () => {
        const crowded = (salt: Uint8Array, id: Uint8Array) => halfSipHash(salt, id) & 0x3ffff;
        const met = meet(islands(6, { shared: 10, near: 70, far: 70 }), { hash: crowded });
        expect(met.outcomes).toEqual({ near: "partial", far: "partial" });
    });

    it("is answered so often and not more", () => {
        const [end] = endsOf(islands(3, COUNTS));
        end.start();
        const ask = Uint8Array.of(0x81, 5);
        let answered = 0;
        while (!end.handle(ask).ignored && answered < 10_000) answered++;
        expect(answered).toBe(2_048);
    });

    it("that denies what its count says is not believed", () => {
        // Two that the neighbour has more, but syndromes of one: with one syndrome to spare it would decode.
        const both = islands(4, { shared: 20, near: 1, far: 0 });
        const [near, far] = endsOf(both);
        const lie = far.start()[0]?.slice() ?? new Uint8Array(0);
        lie[1] = 18;
        const step = near.handle(lie);
        expect(toHex(step.replies[0] ?? lie)).toBe("8104");
        const more = far.handle(Uint8Array.of(0x81, 4)).replies[0] ?? new Uint8Array(0);
        expect(near.handle(more)).toMatchObject({ missingThere: [], outcome: undefined });
    });
});

describe("a lossy channel", () => {
    it("ends with everything known when both ends repeat what they said last", () => {
        const random = makePrng(8);
        for (let seed = 0; seed < 40; seed++) {
            const counts = { shared: 50, near: seed % 13, far: (seed * 5) % 17 };
            expect(meetWithLoss(islands(seed, counts), random)).toEqual([counts.near, counts.far]);
        }
    });
});

const LOSS = 0.4;
const FRAMES_MAX = 2_000;

/** How many different ids each side gave until both had their outcome. */
function meetWithLoss(both: Islands, random: () => number): readonly number[] {
    const ends = endsOf(both);
    const gives = ends.map(() => new Set<string>());
    const over = new Set<number>();
    let air = ends[0].start().map((bytes) => ({ to: 1, bytes }));
    for (let frames = 0; over.size < 2 && frames < FRAMES_MAX; frames++) {
        if (air.length === 0) air = ends.flatMap((end, from) => end.again().map((bytes) => ({ to: 1 - from, bytes })));
        const heard = air.shift();
        if (heard === undefined || random() < LOSS) continue;
        const { to } = heard;
        const step = ends[to === 0 ? 0 : 1].handle(heard.bytes);
        for (const id of step.missingThere) gives[to]?.add(toHex(id));
        if (step.outcome === "complete") over.add(to);
        air.push(...step.replies.map((bytes) => ({ to: 1 - to, bytes })));
    }
    return gives.map(({ size }) => size);
}

/** An honest message with a bit turned, a byte too many or too few, or other bytes altogether. */
function damaged(random: () => number, bytes: Uint8Array): Uint8Array {
    const kind = Math.floor(random() * 5);
    if (kind === 0) return randomBytes(random, Math.floor(random() * 40));
    if (kind === 1) return bytes.slice(0, Math.floor(random() * bytes.length));
    const copy = Uint8Array.of(...bytes, ...randomBytes(random, kind === 2 ? 4 : 0));
    const at = Math.floor(random() * copy.length);
    if (kind === 3) copy[at] = (copy[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    return copy;
}

/** As many random syndromes as were asked for. */
function answerTo(ask: Uint8Array, random: () => number): Uint8Array {
    const message = decodeMessage(ask);
    if (message?.kind !== "ask") throw new Error(`not a question: ${toHex(ask)}`);
    const { node, from, to } = message;
    const sketch = Uint32Array.from({ length: to - from }, () => random() * 2 ** 32);
    return encodeMessage({ kind: "more", node, from, sketch });
}
