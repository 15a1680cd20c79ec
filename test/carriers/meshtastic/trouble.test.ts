import { expect, it } from "vitest";
import { toHex } from "../../../src/base/encoding.ts";
import { makePrng } from "../../../src/base/prng.ts";
import { id16, testMessage } from "../../support/envelopes.ts";
import { type GatewayRig, Row } from "./rig.ts";
import { openStation } from "./station.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const SENT = 20;
/** A tenth of the tenth of an hour. */
const SHARE_MS = 36_000;

async function harm(rig: GatewayRig, random: () => number): Promise<void> {
    const { emulator } = rig;
    const troubles = [
        async () => {
            rig.isUnplugged = true;
            await emulator.unplug();
        },
        () => emulator.restart(),
        async () => emulator.babble(Uint8Array.from({ length: 300 }, () => Math.floor(random() * 256))),
        async () => emulator.misbehave({ refusesConfig: true, isSilent: random() < 0.3 }),
        async () => emulator.misbehave({ isQueueFull: true }),
        async () => emulator.misbehave({ queueStatusesLost: 3, halfPackets: 3, rebootAfter: 2 }),
    ];
    await troubles[Math.floor(random() * troubles.length)]?.();
}

it.each([1, 2, 3])("an hour of every trouble at random loses nothing and floods nothing, seed %i", async (seed) => {
    const random = makePrng(seed);
    const row = new Row({ seed, relays: 1, loss: 0.1 });
    const near = await openStation(row, 0, 1);
    const far = await openStation(row, -1, 2);
    const routingKey = id16(1, 0xb1);
    const payloads = Array.from({ length: SENT }, (_, number) => testMessage(number, { routingKey }).payload);
    for (let minute = 0; minute < 60; minute++) {
        const payload = minute % 3 === 0 ? payloads[minute / 3] : undefined;
        if (payload) await near.mailbox.receive(payload);
        for (const { rig } of [near, far]) {
            rig.isUnplugged = false;
            rig.emulator.misbehave({});
            if (random() < 0.5) await harm(rig, random);
        }
        if (random() < 0.1) await row.nodes[1]?.restart();
        await row.clock.advance(MINUTE_MS);
    }
    for (const { rig } of [near, far]) {
        rig.isUnplugged = false;
        rig.emulator.misbehave({});
    }
    expect(await row.clock.runUntil(() => far.held(routingKey).length === SENT, 2 * HOUR_MS)).toBe(true);
    expect([...far.held(routingKey)].sort()).toEqual(payloads.map(toHex).sort());
    await row.clock.advance(HOUR_MS);
    // All that is left to say in the next hour is who is there.
    const before = [near.rig.air.length, far.rig.air.length];
    await row.clock.advance(HOUR_MS);
    for (const [index, { rig }] of [near, far].entries()) {
        expect(rig.air.slice(before[index]).filter(({ kind }) => kind === "sent").length).toBeLessThanOrEqual(1);
        const spent = rig.journal.reduce((sum, { airtimeMs }) => sum + airtimeMs, 0);
        expect(spent).toBeLessThanOrEqual(4 * SHARE_MS);
    }
    await Promise.all([near.stop(), far.stop()]);
});
