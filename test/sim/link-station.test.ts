import { blake3 } from "@noble/hashes/blake3.js";
import { describe, expect, it } from "vitest";
import { makePrng } from "../../src/base/prng.ts";
import { makeLink as makeRealLink } from "../../src/link/machine/machine.ts";
import { LinkStation, type LinkStationOptions } from "./link-station.ts";
import { SimAir } from "./sim-air.ts";
import type { SimStation } from "./sim-station.ts";

const HOUR_MS = 3_600_000;
const WEATHER = { loss: 0.25, corruption: 0.05, garbling: 0.05, duplication: 0.1, delayMaxMs: 500 };

const makeLink: LinkStationOptions["makeLink"] = (station, random) =>
    makeRealLink({
        node: Math.floor(random() * 0x4000),
        seed: Math.floor(random() * 2 ** 32),
        digest: blake3,
        frameSizeMax: 240,
        airtimeMs: (size) => station.airtimeMs(size),
    });

function payloadOf(seed: number, size: number): Uint8Array {
    const random = makePrng(seed);
    return Uint8Array.from({ length: size }, () => Math.floor(random() * 256));
}

function pair(seed: number, changes: Partial<LinkStationOptions> = {}) {
    const air = new SimAir({ seed, weather: WEATHER });
    return { air, near: new LinkStation({ air, makeLink }), far: new LinkStation({ air, makeLink, ...changes }) };
}

interface Task {
    readonly end: LinkStation;
    offer: number;
    readonly payload: Uint8Array;
}

/** Whether somebody stored it. What came back because nobody answered is offered again, as the relay does. */
function isAcross(task: Task): boolean {
    const outcome = task.end.outcomes.get(task.offer);
    if (outcome?.kind === "failed") {
        task.offer += 10;
        task.end.offer(task.offer, task.payload);
    }
    return outcome?.kind === "acknowledged";
}

describe("a link on the simulated air", () => {
    it.each([1, 2, 3])("brings payloads both ways through bad weather, seed %i", (seed) => {
        const { air, near, far } = pair(seed);
        const payloads = [40, 235, 1_500].map((size, index) => payloadOf(seed * 10 + index, size));
        const tasks = payloads.flatMap((payload, offer) => [
            { end: near, offer, payload },
            { end: far, offer, payload: payload.toReversed() },
        ]);
        for (const { end, offer, payload } of tasks) end.offer(offer, payload);
        expect(air.run(() => tasks.filter((task) => !isAcross(task)).length === 0, HOUR_MS)).toBe(true);
        for (const payload of payloads) {
            expect([far.has(payload), near.has(payload.toReversed())]).toEqual([true, true]);
        }
        for (const { end } of tasks) for (const { kind } of end.outcomes.values()) expect(kind).not.toBe("rejected");
    });

    it("gives the same trace for the same seed", () => {
        const hash = (seed: number) => {
            const { air, near } = pair(seed);
            near.offer(1, payloadOf(1, 900));
            air.run(HOUR_MS);
            return air.trace.hash();
        };
        expect(hash(4)).toBe(hash(4));
        expect(hash(4)).not.toBe(hash(5));
    });

    it("loses what the process knew, and nothing that the depot had", () => {
        const { air, near, far } = pair(6, { sendDelayMs: 30 });
        const [first, second] = [payloadOf(1, 300), payloadOf(2, 3_000)];
        near.offer(1, first);
        expect(air.run(() => near.outcomes.has(1), HOUR_MS)).toBe(true);
        near.offer(2, second);
        air.run(air.now + 3_000);
        far.restart(10_000);
        near.restart();
        expect(far.station.isOn).toBe(false);
        air.run(air.now + HOUR_MS);
        expect([near.outcomes.size, far.has(first), far.has(second)]).toEqual([0, true, false]);
        near.offer(2, second);
        expect(air.run(() => near.outcomes.has(2), air.now + HOUR_MS)).toBe(true);
        expect(far.has(second)).toBe(true);
    });

    it("keeps frames waiting as it is told: fewer collisions with carrier sense", () => {
        const collisions = (listens: boolean) => {
            const air = new SimAir({ seed: 8 });
            const holdMs = (_: Uint8Array, station: SimStation) =>
                listens && station.isBusy() ? 50 + air.random() * 2_000 : 0;
            const stations = [1, 2, 3, 4].map(() => new LinkStation({ air, makeLink, holdMs }));
            for (const [index, station] of stations.entries()) station.offer(1, payloadOf(index, 700));
            expect(air.run(() => stations.every(({ outcomes }) => outcomes.has(1)), HOUR_MS)).toBe(true);
            return air.counts.collided;
        };
        expect(collisions(true)).toBeLessThan(collisions(false) / 2);
    });

    it("says what the depot says, after the fsync", () => {
        const { air, near, far } = pair(7, { verdict: () => "rejected", fsyncMs: { least: 400, most: 400 } });
        near.offer(1, payloadOf(1, 100));
        expect(air.run(() => far.deliveries > 0, HOUR_MS)).toBe(true);
        const deliveredAt = air.now;
        expect(air.run(() => near.outcomes.has(1), HOUR_MS)).toBe(true);
        expect(air.now - deliveredAt).toBeGreaterThan(400);
        expect([near.outcomes.get(1)?.kind, far.stored.size]).toEqual(["rejected", 0]);
    });
});
