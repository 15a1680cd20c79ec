import fc from "fast-check";
import { describe, expect, it } from "vitest";
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
});
