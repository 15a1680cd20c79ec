import { blake3 } from "@noble/hashes/blake3.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeFrameGuard, type NetworkKeys } from "../../../src/link/network-key.ts";
import { COUNTER_END, NODES_MAX, REPLAY_WINDOW } from "../../../src/link/replay-window.ts";
import { slowReceiver } from "../../support/link-twin/network-key.ts";

const ONE = { slot: 1, key: new Uint8Array(32).fill(1) };
const TWO = { slot: 2, key: new Uint8Array(32).fill(2) };
const THREE = { slot: 3, key: new Uint8Array(32).fill(3) };
const FRAME = Uint8Array.of(0x45, 1, 2, 3);

function guardOf({
    keys = { current: ONE },
    nodeId = 1,
    counter = 0,
}: Partial<{ keys: NetworkKeys; nodeId: number; counter: number }> = {}) {
    return makeFrameGuard({ keys, nodeId, counter, mac: (key, message) => blake3(message, { key }) });
}

type Guard = ReturnType<typeof guardOf>;

function outcome(guard: Guard, bytes: Uint8Array): string {
    const opened = guard.open(bytes);
    return opened.ok ? `node ${opened.value.nodeId}, ${opened.value.frame.length} bytes` : opened.error;
}

const TAKEN = `node 7, ${FRAME.length} bytes`;

/** A sender that has used its counters up to `counter` already. */
function sealedAt(counter: number, form: "short" | "long" = "short", keys: NetworkKeys = { current: ONE }): Uint8Array {
    return guardOf({ keys, nodeId: 7, counter }).seal(FRAME, form);
}

describe("a guarded frame", () => {
    it("comes out as it went in, once, from a node that is told", () => {
        fc.assert(
            fc.property(
                fc.uint8Array({ minLength: 1, maxLength: 512 }),
                fc.integer({ min: 2, max: 0xffff }),
                fc.constantFrom("short" as const, "long" as const),
                (frame, nodeId, form) => {
                    const sender = guardOf({ nodeId, counter: 100 });
                    const receiver = guardOf({ nodeId: nodeId - 1 });
                    const sealed = sender.seal(frame, form);
                    expect(sealed.length - frame.length).toBe(form === "long" ? sender.overheadLong : sender.overhead);
                    expect(sender.counter).toBe(101);
                    expect(receiver.open(sealed)).toEqual({ ok: true, value: { frame, nodeId: nodeId % 2 ** 14 } });
                    expect(receiver.open(sealed)).toEqual({ ok: false, error: "replayed" });
                },
            ),
            { numRuns: 50 },
        );
    });

    it("is taken in any order inside the window, and as the twin has it", () => {
        const arrivals = fc.array(
            fc.record({
                counter: fc.oneof(
                    fc.nat(200),
                    fc.integer({ min: 32_600, max: 33_000 }),
                    fc.integer({ min: 65_000, max: 66_000 }),
                ),
                form: fc.constantFrom("short" as const, "short" as const, "long" as const),
            }),
            { minLength: 1, maxLength: 30 },
        );
        fc.assert(
            fc.property(arrivals, (steps) => {
                const receiver = guardOf();
                const twin = slowReceiver(new Map([[ONE.slot, ONE.key]]));
                for (const { counter, form } of steps) {
                    const sealed = sealedAt(counter, form);
                    expect(outcome(receiver, sealed)).toBe(twin.open(sealed));
                }
            }),
            { numRuns: 60 },
        );
    });

    it("is taken after many were lost, and after more still if it is a long one", () => {
        const receiver = guardOf();
        let counter = 10;
        expect(outcome(receiver, sealedAt(counter))).toBe(TAKEN);
        for (const step of [1, REPLAY_WINDOW, 1_000, 32_704]) {
            counter += step;
            expect(outcome(receiver, sealedAt(counter))).toBe(TAKEN);
        }
        expect(outcome(receiver, sealedAt(counter + 32_705))).toBe("stranger");
        expect(outcome(receiver, sealedAt(counter + 10_000_000, "long"))).toBe(TAKEN);
        expect(outcome(receiver, sealedAt(counter + 10_000_001))).toBe(TAKEN);
        expect(outcome(receiver, sealedAt(COUNTER_END - 1, "long"))).toBe(TAKEN);
        expect(() => sealedAt(COUNTER_END)).toThrow(RangeError);
    });
});

describe("restarts", () => {
    it("of the receiver forget nothing that was in the snapshot", () => {
        const before = guardOf();
        const old = [40, 43, 41].map((counter) => sealedAt(counter));
        for (const sealed of old) expect(outcome(before, sealed)).toBe(TAKEN);
        const after = guardOf();
        expect(after.restore(before.snapshot())).toBe(true);
        for (const sealed of old) expect(outcome(after, sealed)).toBe("replayed");
        expect([42, 44].map((counter) => outcome(after, sealedAt(counter)))).toEqual([TAKEN, TAKEN]);
    });

    it("with a damaged snapshot begin anew", () => {
        const peer = guardOf();
        peer.open(sealedAt(3));
        const snapshot = peer.snapshot();
        const twice = Uint8Array.from([...snapshot, ...snapshot]);
        const wrongNode = snapshot.with(0, 0x40);
        const wrongCounter = snapshot.with(2, 0x80);
        const tooMany = new Uint8Array((NODES_MAX + 1) * snapshot.length);
        for (const damaged of [snapshot.subarray(1), twice, wrongNode, wrongCounter, tooMany]) {
            expect(peer.restore(damaged)).toBe(false);
            expect(peer.snapshot()).toEqual(snapshot);
        }
    });

    it("of the sender go on behind its reservation", () => {
        const receiver = guardOf();
        expect(outcome(receiver, sealedAt(90))).toBe(TAKEN);
        expect(outcome(receiver, sealedAt(128))).toBe(TAKEN);
    });
});

describe("keys", () => {
    it("rotate without a gap, whoever goes first", () => {
        const early = guardOf({ nodeId: 1, keys: { current: ONE, next: TWO } });
        const late = guardOf({ nodeId: 2, keys: { current: ONE, next: TWO } });
        const talk = () => [outcome(late, early.seal(FRAME)), outcome(early, late.seal(FRAME))];
        const both = ["node 1, 4 bytes", "node 2, 4 bytes"];
        expect(talk()).toEqual(both);
        early.setKeys({ current: TWO, previous: ONE });
        expect(talk()).toEqual(both);
        late.setKeys({ current: TWO, previous: ONE, next: THREE });
        expect(talk()).toEqual(both);
        early.setKeys({ current: TWO });
        expect(talk()).toEqual(both);
        expect(outcome(early, sealedAt(5))).toBe("stranger");
    });

    it("that are wrong open nothing, and cost one check if the slot is in force", () => {
        let checks = 0;
        const receiver = makeFrameGuard({
            keys: { current: ONE, next: TWO, previous: THREE },
            nodeId: 1,
            counter: 0,
            mac: (key, message) => {
                checks++;
                return blake3(message, { key });
            },
        });
        const cost = (slot: number) => {
            checks = 0;
            const other = { slot, key: new Uint8Array(32).fill(9) };
            expect(outcome(receiver, sealedAt(1, "short", { current: other }))).toBe("stranger");
            return checks;
        };
        expect([0, 1, 2, 3].map(cost)).toEqual([0, 1, 1, 1]);
    });

    it("that cannot be are refused", () => {
        const bad: readonly NetworkKeys[] = [
            { current: { slot: 4, key: ONE.key } },
            { current: { slot: 0.5, key: ONE.key } },
            { current: { slot: 0, key: new Uint8Array(16) } },
            { current: ONE, next: { slot: 1, key: TWO.key } },
        ];
        for (const keys of bad) expect(() => guardOf({ keys })).toThrow(RangeError);
    });
});

describe("a namesake", () => {
    it("is told by its higher counter, while own frames played back are refused", () => {
        const own = guardOf({ nodeId: 7, counter: 50 });
        const frames = [own.seal(FRAME), own.seal(FRAME, "long")];
        for (const sealed of [...frames, sealedAt(49), sealedAt(10, "long")])
            expect(outcome(own, sealed)).toBe("replayed");
        expect(own.snapshot().length).toBe(0);
        expect(outcome(own, sealedAt(60))).toBe(TAKEN);
    });
});
