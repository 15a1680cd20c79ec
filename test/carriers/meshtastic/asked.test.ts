import { expect, it } from "vitest";
import { toHex } from "../../../src/base/encoding.ts";
import { id16, testMessage } from "../../support/envelopes.ts";
import { Row } from "./rig.ts";
import { type MeshStation, openStation } from "./station.ts";

const HOUR_MS = 3_600_000;
const [WANTED, UNWANTED] = [id16(1, 0xb1), id16(2, 0xb2)];

/** `near` has Internet, `far` has readers. */
async function island(seed: number): Promise<{ row: Row; near: MeshStation; far: MeshStation }> {
    const row = new Row({ seed, relays: 1 });
    const near = await openStation(row, 0, 1);
    const far = await openStation(row, -1, 2);
    await row.clock.advance(60_000);
    return { row, near, far };
}

async function ask({ row, far }: { row: Row; far: MeshStation }): Promise<void> {
    let isHeard: boolean | undefined;
    void far.rig.mesh.carrier.ask?.([WANTED]).then((heard) => {
        isHeard = heard;
    });
    await row.clock.runUntil(() => isHeard !== undefined, HOUR_MS);
    expect(isHeard).toBe(true);
}

it("nothing from the Internet goes down that nobody on the mesh asked for", async () => {
    const it = await island(1);
    const { row, near, far } = it;
    const [early, late, other] = [
        testMessage(1, { routingKey: WANTED }),
        testMessage(2, { routingKey: WANTED }),
        testMessage(3, { routingKey: UNWANTED }),
    ];
    await near.internet.receive(early.payload);
    await near.internet.receive(other.payload);
    await row.clock.advance(HOUR_MS);
    expect(far.held(WANTED)).toEqual([]);
    await ask(it);
    expect(near.gateway.askedKeys()).toEqual([WANTED]);
    await near.internet.receive(late.payload);
    await row.clock.advance(HOUR_MS);
    expect(far.held(WANTED)).toEqual([toHex(early.payload), toHex(late.payload)]);
    expect(far.held(UNWANTED)).toEqual([]);
    // And nothing comes back to where it came from.
    expect(near.internet.sent).toEqual([]);
    await Promise.all([near.stop(), far.stop()]);
});

it("what the mesh has goes up to the Internet, and island traffic needs no asking", async () => {
    const { row, near, far } = await island(2);
    const [up, local] = [testMessage(1, { routingKey: UNWANTED }), testMessage(2, { routingKey: UNWANTED })];
    near.internet.up();
    await far.mailbox.receive(up.payload);
    await near.mailbox.receive(local.payload);
    await row.clock.advance(HOUR_MS);
    expect(near.internet.sent.map(({ payload }) => toHex(payload)).sort()).toEqual(
        [up.payload, local.payload].map(toHex).sort(),
    );
    expect(far.held(UNWANTED)).toContain(toHex(local.payload));
    await Promise.all([near.stop(), far.stop()]);
});

it("a tombstone overtakes what waits for the mesh, and what nobody gets costs no airtime", async () => {
    const it = await island(3);
    const { row, near, far } = it;
    await ask(it);
    near.rig.isUnplugged = true;
    await near.rig.emulator.unplug();
    await row.clock.advance(60_000);
    const read = testMessage(1, { routingKey: WANTED });
    const kept = testMessage(2, { routingKey: WANTED });
    await near.internet.receive(read.payload);
    await near.internet.receive(kept.payload);
    await near.internet.receive(read.tombstone);
    near.rig.isUnplugged = false;
    await row.clock.advance(HOUR_MS);
    expect(far.held(WANTED)).toEqual([toHex(kept.payload)]);
    const sent = near.events.flatMap((event) => (event.kind === "sent" ? [event.parcel] : []));
    expect(sent.map(({ kind, messageId }) => `${kind} ${messageId}`)).toEqual([
        `tombstone ${toHex(read.messageId)}`,
        `message ${toHex(kept.messageId)}`,
    ]);
    await Promise.all([near.stop(), far.stop()]);
});
