import { describe, expect, it } from "vitest";
import { SimAir } from "../../sim/sim-air.ts";
import { HOUR_MS, LinkEnd, MINUTE_MS, message, noise, runOut, tombstone } from "./rig.ts";

function pair(
    seed: number,
    far: ConstructorParameters<typeof LinkEnd>[1] = {},
    near: ConstructorParameters<typeof LinkEnd>[1] = {},
) {
    const air = new SimAir({ seed });
    const ends = [new LinkEnd(air, near), new LinkEnd(air, far)] as const;
    air.run(MINUTE_MS);
    return { air, near: ends[0], far: ends[1], done: (latestMs?: number) => runOut(air, ends, latestMs) };
}

describe("urgency", () => {
    it.each([
        ["a message", message(9, { size: 60 })],
        ["a tombstone", tombstone(9)],
    ])("%s in the middle of a long turn arrives before the long one ends", (_, urgent) => {
        const { air, near, far, done } = pair(1);
        const large = noise(1, 5_000);
        near.offer(large);
        air.run(() => near.framesSent >= 8);
        near.offer(urgent);
        const askedAt = air.now;
        expect(air.run(() => far.at.has(urgent), air.now + HOUR_MS)).toBe(true);
        expect(far.at.has(large)).toBe(false);
        // A frame that is on the air, its own, and the disk.
        expect(air.now - askedAt).toBeLessThan(3_500);
        expect(done()).toBe(true);
        expect(far.at.has(large)).toBe(true);
    });

    it("does not starve what is long", () => {
        const { air, near, far } = pair(2);
        const large = noise(1, 3_000);
        near.offer(large);
        for (let number = 0; number < 400; number++) {
            air.schedule(air.now + number * 1_000, () => near.offer(message(number, { size: 150 })));
        }
        expect(air.run(() => far.at.has(large), air.now + HOUR_MS / 2)).toBe(true);
    });
});

describe("small payloads", () => {
    it("share frames", () => {
        const { air, near, far, done } = pair(3);
        near.offer(noise(0, 400));
        air.run(() => near.framesSent > 1);
        const small = Array.from({ length: 20 }, (_, index) => noise(index + 1, 30));
        const before = near.framesSent;
        near.offer(...small);
        expect(done()).toBe(true);
        expect(small.every((each) => far.at.has(each))).toBe(true);
        // 20 times 30 and 5 bytes, in frames of 222, and polls.
        expect(near.framesSent - before).toBeLessThan(9);
    });

    it("beyond what the link works on at once come back", () => {
        const { near, far, done } = pair(4);
        const many = Array.from({ length: 150 }, (_, index) => noise(index, 20));
        near.offer(...many);
        expect(near.failures.size).toBeGreaterThan(80);
        expect(done()).toBe(true);
        expect(many.every((each) => far.at.has(each))).toBe(true);
    });
});

describe("the depot's word", () => {
    it("rejected ends an offer, for each payload of a block by itself", () => {
        const { near, far, done } = pair(5, { verdict: (payload) => (payload.length === 31 ? "rejected" : "stored") });
        const payloads = [noise(1, 30), noise(2, 31), noise(3, 32)];
        near.offer(...payloads);
        expect(done()).toBe(true);
        expect(payloads.map((each) => near.endOf(each))).toEqual(["acknowledged", "rejected", "acknowledged"]);
        expect(far.at.has(noise(2, 31))).toBe(false);
    });

    it("later gives an offer back, and once it is stored that is it", () => {
        let isFull = true;
        const { air, near, far, done } = pair(6, { verdict: () => (isFull ? "later" : "stored") });
        near.offer(noise(1, 100));
        air.run(() => near.failures.size > 0);
        isFull = false;
        expect(done()).toBe(true);
        expect(far.at.stored.size).toBe(1);
        expect(far.delivered).toHaveLength(2);
    });

    it("is waited for while the disk is slow, at little cost", () => {
        const { near, far, done } = pair(7, { fsyncMs: { least: 20_000, most: 20_000 } });
        const before = near.framesSent;
        near.offer(noise(1, 100));
        expect(done()).toBe(true);
        expect([near.endOf(noise(1, 100)), far.delivered.length]).toEqual(["acknowledged", 1]);
        expect(near.framesSent - before).toBeLessThan(20);
    });

    it("may fail at one of two that hear it", () => {
        const air = new SimAir({ seed: 8 });
        const ends = [new LinkEnd(air), new LinkEnd(air, { verdict: () => "rejected" }), new LinkEnd(air)] as const;
        air.run(5 * MINUTE_MS);
        ends[0].offer(noise(1, 500));
        expect(runOut(air, ends)).toBe(true);
        expect([ends[0].endOf(noise(1, 500)), ends[2].at.has(noise(1, 500))]).toEqual(["acknowledged", true]);
    });
});

describe("a withdrawn offer", () => {
    it("is not spoken of again, and its turn stops", () => {
        const { air, near, done } = pair(9);
        near.offer(noise(1, 6_000));
        air.run(() => near.framesSent >= 8);
        near.withdraw(noise(1, 6_000));
        const before = near.framesSent;
        expect(done()).toBe(true);
        air.run(air.now + 10 * MINUTE_MS);
        expect(near.at.outcomes.size).toBe(0);
        expect(near.framesSent - before).toBeLessThan(3);
    });

    it("leaves the others of its block alone", () => {
        const { air, near, far, done } = pair(10);
        near.offer(noise(1, 900), noise(2, 40), noise(3, 41), noise(4, 42));
        near.withdraw(noise(3, 41));
        expect(done()).toBe(true);
        air.run(air.now + MINUTE_MS);
        expect([1, 2, 4].map((seed) => far.at.has(noise(seed, seed === 1 ? 900 : 38 + seed)))).toEqual([
            true,
            true,
            true,
        ]);
    });
});

it("what is no payload is refused at once", () => {
    const { near } = pair(11, {}, { triesMax: 1 });
    near.offer(new Uint8Array(0), new Uint8Array(16_385));
    expect([...near.ends.values()]).toEqual(["failed", "failed"]);
});
