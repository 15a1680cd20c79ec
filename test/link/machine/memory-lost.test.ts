import { describe, expect, it } from "vitest";
import { SimAir } from "../../sim/sim-air.ts";
import { testMessage } from "../../support/envelopes.ts";
import { NOW_HOUR } from "../block/rig.ts";
import { type EndOptions, LinkEnd, MINUTE_MS, message, runOut, tombstone } from "./rig.ts";

function pair(near: EndOptions, far: EndOptions, seed = 1) {
    const air = new SimAir({ seed });
    const ends = [new LinkEnd(air, near), new LinkEnd(air, far)] as const;
    return { air, near: ends[0], far: ends[1], done: () => runOut(air, ends) };
}

describe("an end that lost its memory", () => {
    it("is taught the key in one small frame, not sent the block again", () => {
        const { air, near, far, done } = pair({}, { forgets: true });
        near.offer(message(1, { key: 5 }));
        expect(done()).toBe(true);
        far.restart(1_000);
        air.run(air.now + MINUTE_MS);
        const before = near.bytesSent;
        near.offer(message(2, { key: 5 }));
        expect(done()).toBe(true);
        expect(far.at.has(message(2, { key: 5 }))).toBe(true);
        // The block in its short form and a lesson of 23 bytes, with a poll or two.
        expect(near.bytesSent - before).toBeLessThan(215 + 23 + 2 * 14 + 8);
    });

    it("gets the whole of a tombstone whose envelope it does not hold", () => {
        const { near, far, done } = pair({}, { forgets: true });
        near.offer(testMessage(1).payload);
        expect(done()).toBe(true);
        far.restart(1_000);
        near.offer(tombstone(1));
        expect(done()).toBe(true);
        expect(far.at.has(tombstone(1))).toBe(true);
    });

    it("gets the short form of a tombstone where its depot has the envelope", () => {
        const { air, near, far, done } = pair({}, { forgets: true, messageIdsWith: () => [testMessage(1).messageId] });
        near.offer(testMessage(1).payload);
        expect(done()).toBe(true);
        far.restart(1_000);
        air.run(air.now + MINUTE_MS);
        const before = near.bytesSent;
        near.offer(tombstone(1));
        expect(done()).toBe(true);
        expect(far.at.has(tombstone(1))).toBe(true);
        expect(near.bytesSent - before).toBeLessThan(89 + 14 + 8);
    });

    it("gets what has no room in one block any more in several", () => {
        const { near, far, done } = pair({ frameSizeMax: 32 }, { frameSizeMax: 32, forgets: true });
        const numbers = Array.from({ length: 10 }, (_, index) => index + 1);
        near.offer(...numbers.map((number) => testMessage(number).payload));
        expect(done()).toBe(true);
        far.restart(1_000);
        near.offer(...numbers.map(tombstone));
        expect(done()).toBe(true);
        for (const number of numbers) expect(far.at.has(tombstone(number))).toBe(true);
    });
});

describe("clocks", () => {
    const none = { hour: () => undefined };
    it.each([
        ["none at the sender", none, {}],
        ["none at the receiver", {}, none],
        ["none at either end", none, none],
        ["200 hours apart", {}, { hour: () => NOW_HOUR + 200 }],
        ["years apart", {}, { hour: () => NOW_HOUR - 30_000 }],
    ])("%s: messages come as they were", (_, nearClock, farClock) => {
        const { near, far, done } = pair(nearClock, farClock);
        const messages = [1, 2, 3].map((number) => message(number, { key: number % 2 }));
        near.offer(...messages.slice(0, 2));
        expect(done()).toBe(true);
        near.offer(...messages.slice(2));
        far.offer(message(7, { key: 1 }));
        expect(done()).toBe(true);
        expect(messages.map((each) => far.at.has(each))).toEqual([true, true, true]);
        expect(near.at.has(message(7, { key: 1 }))).toBe(true);
        expect([...near.ends.values()]).toEqual(["acknowledged", "acknowledged", "acknowledged"]);
    });
});
