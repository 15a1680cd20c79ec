import { expect, it } from "vitest";
import { ASK_EVERY_MS, Asker, READ_MAILBOXES_MAX } from "../../src/app/mesh/asker.ts";
import type { Carrier } from "../../src/carriers/carrier.ts";
import { ASKED_KEYS_MAX } from "../../src/link/asking.ts";
import { id16, testWay } from "../support/envelopes.ts";
import { FakeCarrier } from "../support/fake-carrier.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const HOUR_MS = 3_600_000;

function rig(isHeard: () => boolean) {
    const clock = new VirtualClock();
    const asked: (readonly Uint8Array[])[] = [];
    const carrier: Carrier = Object.assign(new FakeCarrier("mesh", testWay("mesh").traits), {
        ask: async (keys: readonly Uint8Array[]) => {
            asked.push(keys);
            return isHeard();
        },
    });
    return { clock, asked, asker: new Asker(carrier, clock) };
}

it("tells of all mailboxes that are read, together, and of each one twice a day while it is read", async () => {
    const { clock, asked, asker } = rig(() => true);
    for (let hour = 0; hour < 30; hour++) {
        asker.wasRead(id16(1));
        if (hour === 0) asker.wasRead(id16(2));
        await clock.advance(HOUR_MS);
    }
    // The second one, read once, is asked for twice and then no more.
    expect(asked).toEqual([[id16(1), id16(2)], expect.toSatisfy((keys) => keys.length === 2), [id16(1)]]);
    await clock.advance(60 * HOUR_MS);
    const before = asked.length;
    await clock.advance(10 * ASK_EVERY_MS);
    expect(asked.length).toBe(before);
    asker.stop();
});

it("asks again in half an hour when nobody took note, and never for more than fit", async () => {
    let isHeard = false;
    const { clock, asked, asker } = rig(() => isHeard);
    for (let number = 0; number < 2 * READ_MAILBOXES_MAX; number++) asker.wasRead(id16(number));
    await clock.advance(70_000);
    expect(Math.max(...asked.map((keys) => keys.length))).toBe(ASKED_KEYS_MAX);
    expect(asked.flat()).toHaveLength(READ_MAILBOXES_MAX);
    isHeard = true;
    await clock.advance(HOUR_MS);
    expect(asked.flat()).toHaveLength(2 * READ_MAILBOXES_MAX);
    await clock.advance(HOUR_MS);
    expect(asked.flat()).toHaveLength(2 * READ_MAILBOXES_MAX);
    asker.stop();
});
