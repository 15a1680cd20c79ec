import { blake3 } from "@noble/hashes/blake3.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makePrng } from "../../../src/base/prng.ts";
import { makeFrameGuard } from "../../../src/link/network-key.ts";
import { NODES_MAX } from "../../../src/link/replay-window.ts";

const SEED = 20_260_401;
const KEYS = [0, 1, 2].map((slot) => ({ slot, key: Uint8Array.from({ length: 32 }, (_, at) => at * 7 + slot) }));
const [previous, current, next] = KEYS;
if (!previous || !current || !next) throw new Error("three keys are needed");
const keys = { previous, current, next };
const FRAME = Uint8Array.from({ length: 20 }, (_, at) => at * 3);

type Mac = (key: Uint8Array, message: Uint8Array) => Uint8Array;
const keyedBlake3: Mac = (key, message) => blake3(message, { key });

/** As likely as any to give four certain bytes, and fast: for counting chances, not for keeping anybody out. */
const mixedMac: Mac = (key, message) => {
    let state = key[0] ?? 0;
    for (const byte of message) state = Math.imul(state ^ byte, 0x9e3779b1) ^ (state >>> 15);
    return Uint8Array.of(state >>> 24, state >>> 16, state >>> 8, state);
};

function guardOf(nodeId: number, mac: Mac = keyedBlake3) {
    return makeFrameGuard({ keys, nodeId, counter: 0, mac });
}

function randomFrames(
    count: number,
    mac: Mac,
): { readonly opened: number; readonly checks: number; readonly memory: number } {
    const random = makePrng(SEED);
    let checks = 0;
    const guard = guardOf(1, (key, message) => {
        checks++;
        return mac(key, message);
    });
    const frame = new Uint8Array(40);
    let opened = 0;
    for (let number = 0; number < count; number++) {
        const size = Math.floor(random() * 41);
        for (let at = Math.max(0, size - 12); at < size; at++) frame[at] = random() * 256;
        if (guard.open(frame.subarray(0, size)).ok) opened++;
    }
    return { opened, checks, memory: guard.snapshot().length };
}

describe(`strangers (seed ${SEED})`, () => {
    it("open nothing in a million tries, cost one check at most and leave no memory", () => {
        const { opened, checks, memory } = randomFrames(1_000_000, mixedMac);
        expect([opened, memory]).toEqual([0, 0]);
        // Three of four slots are in force, and the shortest frames are not looked at.
        expect(checks).toBeGreaterThan(500_000);
        expect(checks).toBeLessThan(750_000);
        expect(randomFrames(20_000, keyedBlake3)).toMatchObject({ opened: 0, memory: 0 });
    });

    it("who change a bit, cut or lengthen a frame are told", () => {
        const forms = ["short", "long"] as const;
        for (const form of forms) {
            const sealed = guardOf(9).seal(FRAME, form);
            const changed = Array.from({ length: sealed.length * 8 }, (_, bit) => {
                return sealed.with(bit >> 3, (sealed[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
            });
            const cut = Array.from({ length: sealed.length }, (_, size) => sealed.subarray(0, size));
            const cutAhead = Array.from({ length: sealed.length }, (_, from) => sealed.subarray(from + 1));
            const receiver = guardOf(1);
            for (const bytes of [...changed, ...cut, ...cutAhead, Uint8Array.from([...sealed, 0])]) {
                expect(receiver.open(bytes)).toEqual({ ok: false, error: "stranger" });
            }
            expect(receiver.snapshot().length).toBe(0);
            expect(receiver.open(sealed).ok).toBe(true);
        }
    });

    it("who record and play back in any order get nothing in a second time", () => {
        const recorded = fc.array(fc.nat(199), { minLength: 1, maxLength: 120 });
        const sender = guardOf(9, mixedMac);
        const frames = Array.from({ length: 200 }, (_, at) => sender.seal(FRAME, at % 5 === 0 ? "long" : "short"));
        fc.assert(
            fc.property(recorded, fc.nat(100), (order, restartAt) => {
                let receiver = guardOf(1, mixedMac);
                const taken: number[] = [];
                for (const [step, at] of order.entries()) {
                    if (step === restartAt) {
                        const snapshot = receiver.snapshot();
                        receiver = guardOf(1, mixedMac);
                        receiver.restore(snapshot);
                    }
                    if (receiver.open(frames[at] ?? new Uint8Array()).ok) taken.push(at);
                }
                expect(taken.length).toBe(new Set(taken).size);
            }),
        );
    });
});

describe("the table of nodes", () => {
    it("keeps the last ones heard, however many hold the key", () => {
        const receiver = guardOf(0, mixedMac);
        const first = guardOf(1, mixedMac);
        const second = guardOf(2, mixedMac);
        const played = [second.seal(FRAME), first.seal(FRAME)];
        for (const sealed of played) expect(receiver.open(sealed).ok).toBe(true);
        for (let node = 3; node < NODES_MAX + 2; node++) {
            expect(receiver.open(guardOf(node, mixedMac).seal(FRAME)).ok).toBe(true);
            if (node === 100) expect(receiver.open(second.seal(FRAME)).ok).toBe(true);
        }
        expect(receiver.snapshot().length).toBe(NODES_MAX * 14);
        // Node 1 was unheard for longest and is forgotten, so its old frame passes for a first one; node 2 was heard since.
        expect(played.map((sealed) => receiver.open(sealed).ok)).toEqual([false, true]);
        expect(receiver.snapshot().length).toBe(NODES_MAX * 14);
    });
});
