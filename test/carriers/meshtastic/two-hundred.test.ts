import { expect, it } from "vitest";
import { PRIVATE_PORT } from "../../../hw/meshtastic/node.ts";
import { toHex } from "../../../src/base/encoding.ts";
import { busiestWindowMs, type Sent } from "../../support/busiest-window.ts";
import { id16, testMessage } from "../../support/envelopes.ts";
import { Row } from "./rig.ts";
import { openStation } from "./station.ts";

const HOUR_MS = 3_600_000;
const EACH_WAY = 200;
const SEED = 20261125;
/** A tenth of the tenth of an hour that EU 868 allows. */
const SHARE_MS = 36_000;

it(`${EACH_WAY} envelopes each way over three hops at 15 % loss a hop, while each node starts again once, arrive once, seed ${SEED}`, {
    timeout: 120_000,
}, async () => {
    const row = new Row({ seed: SEED, relays: 2, loss: 0.15 });
    const onAir: Own[] = [];
    row.air.onTransmission(({ data, from, hopLimit, hopStart }, airtimeMs) => {
        const isOwn = data.portnum === PRIVATE_PORT && hopLimit === hopStart;
        if (isOwn) onAir.push({ from, start: row.clock.now().monotonic, airtimeMs });
    });
    const near = await openStation(row, 0, 1);
    const far = await openStation(row, -1, 2);
    const [toFar, toNear] = [id16(1, 0xb1), id16(2, 0xb2)];
    const messages = (routingKey: Uint8Array, first: number): readonly Uint8Array[] =>
        Array.from({ length: EACH_WAY }, (_, index) => testMessage(first + index, { routingKey }).payload);
    const [outward, homeward] = [messages(toFar, 0), messages(toNear, 1_000)];
    for (const payload of outward) await near.mailbox.receive(payload);
    for (const payload of homeward) await far.mailbox.receive(payload);
    for (const [index, node] of row.nodes.entries())
        row.clock.schedule((1 + index) * HOUR_MS, () => void node.restart());
    const isDone = (): boolean =>
        far.held(toFar).length >= EACH_WAY &&
        near.held(toNear).length >= EACH_WAY &&
        row.clock.now().monotonic > 5 * HOUR_MS;
    let hours = 0;
    while (!isDone() && hours++ < 100) await row.clock.advance(HOUR_MS);
    expect([...far.held(toFar)].sort()).toEqual(outward.map(toHex).sort());
    expect([...near.held(toNear)].sort()).toEqual(homeward.map(toHex).sort());
    for (const { rig } of [near, far]) {
        const sent = rig.air.flatMap((event) => (event.kind === "sent" ? [event] : []));
        expect(rig.journal.length).toBeGreaterThanOrEqual(sent.length);
        const spent = rig.journal.map(({ at, airtimeMs }) => ({ start: at * 1_000, airtimeMs }));
        // The journal has whole seconds: what began in one may end in the next.
        expect(busiestWindowMs(spent, HOUR_MS - 2_000)).toBeLessThanOrEqual(SHARE_MS);
    }
    for (const [number, ms] of busiest(onAir)) expect(ms, `node ${number}`).toBeLessThanOrEqual(SHARE_MS);
    await near.stop();
    await far.stop();
});

interface Own extends Sent {
    readonly from: number;
}

/** What each node sent for its gateway in its busiest hour, as the air has it. */
function busiest(onAir: readonly Own[]): readonly (readonly [number, number])[] {
    const senders = [...new Set(onAir.map(({ from }) => from))];
    return senders.map((sender) => [
        sender,
        busiestWindowMs(
            onAir.filter(({ from }) => from === sender),
            HOUR_MS,
        ),
    ]);
}
