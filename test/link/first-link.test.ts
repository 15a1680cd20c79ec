import { blake3 } from "@noble/hashes/blake3.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeFirstLink } from "../../src/link/first-link.ts";
import { payloadSizeMaxOf } from "../../src/link/first-options.ts";
import { LONELY_ROUNDS_MAX, OFFERS_MAX, SILENT_ROUNDS_MAX } from "../../src/link/first-outbound.ts";
import { LinkSim, nameOf, payloadOf, type SimOptions } from "./link-sim.ts";

const HOUR_MS = 3_600_000;
const BAD_AIR = { loss: 0.3, corrupt: 0.05, duplicate: 0.1, delayMaxMs: 400 };

/** Offers again what failed, as the relay does, until everything is acknowledged; then checks what must always hold. */
function carryAll(options: SimOptions, sizes: readonly number[]): LinkSim {
    const sim = new LinkSim(options);
    const open = new Map<number, { readonly from: number; readonly payload: Uint8Array }>();
    let offers = 0;
    const launch = (from: number, payload: Uint8Array): void => {
        open.set(++offers, { from, payload });
        sim.offer(from, offers, payload);
    };
    const payloads = sizes.map((size, index) => payloadOf(options.seed * 1000 + index, size));
    for (const [index, payload] of payloads.entries()) launch(index % options.nodes, payload);
    const settle = (): boolean => {
        for (const [offer, { from, payload }] of [...open]) {
            const outcome = sim.node(from).outcomes.get(offer);
            if (!outcome) continue;
            open.delete(offer);
            if (outcome.kind !== "acknowledged") launch(from, payload);
        }
        return open.size === 0;
    };
    expect(sim.runUntil(settle, 4 * HOUR_MS)).toBe(true);
    for (const [index, payload] of payloads.entries()) {
        const holders = sim.nodes.filter(
            ({ depot }, node) => node !== index % options.nodes && depot.has(nameOf(payload)),
        );
        expect(holders.length).toBeGreaterThan(0);
    }
    for (const { delivered } of sim.nodes) {
        expect([...delivered.values()].every((times) => times === 1)).toBe(true);
        const known = new Set(payloads.map(nameOf));
        expect([...delivered.keys()].every((name) => known.has(name))).toBe(true);
    }
    return sim;
}

describe("the first link", () => {
    it("sends one frame and one ack for a small payload on clean air", () => {
        const sim = carryAll({ seed: 1, nodes: 2 }, [200]);
        expect(sim.framesSent).toBe(2);
        expect(sim.node(0).outcomes.get(1)).toEqual({ kind: "acknowledged", offer: 1, framesSent: 1 });
    });

    it("brings every payload across bad air, byte for byte and once", () => {
        fc.assert(
            fc.property(
                fc.integer({ min: 0, max: 2 ** 31 }),
                fc.integer({ min: 2, max: 3 }),
                fc.integer({ min: 64, max: 240 }),
                fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 }),
                (seed, nodes, frameSizeMax, sizes) => {
                    carryAll({ seed, nodes, frameSizeMax, ...BAD_AIR, replay: 0.1 }, sizes);
                },
            ),
            { numRuns: 60 },
        );
    });

    it("carries the largest payload over the smallest and the largest frames", () => {
        for (const frameSizeMax of [64, 240]) {
            const size = payloadSizeMaxOf(frameSizeMax);
            const sim = carryAll({ seed: frameSizeMax, nodes: 2, frameSizeMax, ...BAD_AIR }, [size]);
            expect(sim.log.every((frame) => frame.length <= frameSizeMax)).toBe(true);
        }
    });

    it("refuses at once what it cannot carry", () => {
        const sim = new LinkSim({ seed: 3, nodes: 2, frameSizeMax: 64 });
        sim.offer(0, 1, new Uint8Array(0));
        sim.offer(0, 2, new Uint8Array(payloadSizeMaxOf(64) + 1));
        expect([1, 2].map((offer) => sim.node(0).outcomes.get(offer)?.kind)).toEqual(["failed", "failed"]);
        for (let offer = 3; offer < 3 + OFFERS_MAX + 1; offer++) sim.offer(0, offer, payloadOf(offer, 10));
        expect(sim.node(0).outcomes.get(2 + OFFERS_MAX)).toBeUndefined();
        expect(sim.node(0).outcomes.get(3 + OFFERS_MAX)?.kind).toBe("failed");
        expect(sim.framesSent).toBe(1);
    });

    it("survives restarts of either side in the middle", () => {
        fc.assert(
            fc.property(
                fc.integer({ min: 0, max: 2 ** 31 }),
                fc.integer({ min: 0, max: 60_000 }),
                fc.constantFrom(0, 1),
                (seed, atMs, who) => {
                    const sim = new LinkSim({ seed, nodes: 2, ...BAD_AIR });
                    const payload = payloadOf(seed, 2_500);
                    let offers = 1;
                    let restarted = false;
                    sim.offer(0, 1, payload);
                    sim.at(atMs, () => {
                        restarted = true;
                        sim.restart(who);
                        // The relay still has its offer, unless the answer was already there.
                        if (who === 0 && sim.node(0).outcomes.get(1) === undefined) sim.offer(0, ++offers, payload);
                    });
                    const stored = () => {
                        const outcome = sim.node(0).outcomes.get(offers);
                        if (outcome && outcome.kind !== "acknowledged") sim.offer(0, ++offers, payload);
                        return restarted && outcome?.kind === "acknowledged";
                    };
                    expect(sim.runUntil(stored, HOUR_MS)).toBe(true);
                    expect(sim.node(1).depot).toEqual(new Set([nameOf(payload)]));
                    expect([...sim.node(1).delivered.values()].every((times) => times === 1)).toBe(true);
                },
            ),
            { numRuns: 60 },
        );
    });

    it("acknowledges only what the depot has: a receiver that dies in its fsync is asked again", () => {
        const sim = new LinkSim({ seed: 11, nodes: 2 });
        const payload = payloadOf(11, 100);
        sim.offer(0, 1, payload);
        expect(sim.runUntil(() => sim.node(1).delivered.size === 1, HOUR_MS)).toBe(true);
        sim.restart(1);
        expect(sim.runUntil(() => sim.node(0).outcomes.has(1), HOUR_MS)).toBe(true);
        expect(sim.node(0).outcomes.get(1)?.kind).toBe("acknowledged");
        expect(sim.node(1).depot.has(nameOf(payload))).toBe(true);
    });

    it("says rejected and later as they are", () => {
        for (const [verdict, kind] of [
            ["rejected", "rejected"],
            ["later", "failed"],
        ] as const) {
            const sim = new LinkSim({ seed: 4, nodes: 2, verdict: () => verdict });
            sim.offer(0, 1, payloadOf(4, 300));
            expect(sim.runUntil(() => sim.node(0).outcomes.has(1), HOUR_MS)).toBe(true);
            expect(sim.node(0).outcomes.get(1)?.kind).toBe(kind);
        }
    });

    it("takes the payload again some time after it said later", () => {
        let room = false;
        const sim = new LinkSim({ seed: 5, nodes: 2, verdict: () => (room ? "stored" : "later") });
        const payload = payloadOf(5, 300);
        sim.offer(0, 1, payload);
        expect(sim.runUntil(() => sim.node(0).outcomes.has(1), HOUR_MS)).toBe(true);
        room = true;
        sim.runUntil(() => false, 15_000);
        sim.offer(0, 2, payload);
        expect(sim.runUntil(() => sim.node(0).outcomes.has(2), HOUR_MS)).toBe(true);
        expect(sim.node(0).outcomes.get(2)?.kind).toBe("acknowledged");
    });

    it("is done when any neighbour stored it, though another refuses", () => {
        const sim = new LinkSim({ seed: 6, nodes: 3, verdict: (node) => (node === 1 ? "rejected" : "stored") });
        sim.offer(0, 1, payloadOf(6, 900));
        expect(sim.runUntil(() => sim.node(0).outcomes.has(1), HOUR_MS)).toBe(true);
        expect(sim.node(0).outcomes.get(1)?.kind).toBe("acknowledged");
    });

    it("completes on one neighbour although two hear half of the channel each", () => {
        fc.assert(
            fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
                const deaf = (from: number, to: number) => from + to === 3;
                carryAll({ seed, nodes: 3, ...BAD_AIR, deaf }, [1_500, 400]);
            }),
            { numRuns: 20 },
        );
    });

    it("gives up on silence after a bounded number of frames, and then asks before it spends more", () => {
        const sim = new LinkSim({ seed: 7, nodes: 1 });
        sim.offer(0, 1, payloadOf(7, 4_000));
        expect(sim.runUntil(() => sim.node(0).outcomes.has(1), HOUR_MS)).toBe(true);
        expect(sim.node(0).outcomes.get(1)).toMatchObject({
            kind: "failed",
            detail: expect.stringContaining("no neighbour answered"),
        });
        const whole = Math.ceil(4_000 / 223);
        expect(sim.framesSent).toBe(whole + SILENT_ROUNDS_MAX - 1);
        sim.offer(0, 2, payloadOf(8, 4_000));
        expect(sim.runUntil(() => sim.node(0).outcomes.has(2), HOUR_MS)).toBe(true);
        expect(sim.framesSent).toBe(whole + SILENT_ROUNDS_MAX - 1 + LONELY_ROUNDS_MAX);
    });

    it("lets several transfers share the air of a neighbour that answers only some", () => {
        const sim = new LinkSim({ seed: 9, nodes: 2, loss: 0.3 });
        const offers = [1, 2, 3, 4, 5];
        for (const offer of offers) sim.offer(0, offer, payloadOf(offer, 500));
        sim.give(0, { kind: "withdraw", offer: 3 });
        const done = () => offers.every((offer) => offer === 3 || sim.node(0).outcomes.has(offer));
        expect(sim.runUntil(done, HOUR_MS)).toBe(true);
        expect(sim.node(0).outcomes.has(3)).toBe(false);
        expect(sim.node(1).depot.size).toBe(4);
    });

    it("draws another number when a neighbour has the same", () => {
        const options = { seed: 1, digest: blake3, frameSizeMax: 240, airtimeMs: () => 100 };
        const sim = new LinkSim({ seed: 10, nodes: 2 });
        sim.node(0).link = makeFirstLink({ ...options, source: 77 });
        sim.node(1).link = makeFirstLink({ ...options, seed: 2, source: 77 });
        sim.offer(0, 1, payloadOf(10, 500));
        expect(sim.runUntil(() => sim.node(0).outcomes.has(1), HOUR_MS)).toBe(true);
        expect(sim.node(0).outcomes.get(1)?.kind).toBe("acknowledged");
        expect(sim.node(1).counts.get("frame_own")).toBe(1);
    });
});
