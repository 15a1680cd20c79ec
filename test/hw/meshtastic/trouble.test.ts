import { describe, expect, it } from "vitest";
import type { FirmwareName } from "../../../hw/meshtastic/emulator/firmware.ts";
import { OPEN_ACKS_MAX, WAITING_MAX } from "../../../hw/meshtastic/outbox.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import { bytesOf, MeshRig, type Station } from "./rig.ts";

const SEED = 23;
const MINUTE_MS = 60_000;
const LONG_SLOW = 1;
const LONG_FAST = 0;

async function pair(options: Parameters<MeshRig["add"]>[0] = {}) {
    const rig = new MeshRig(SEED);
    const [one, two] = [rig.add(options), rig.add(options)];
    await rig.up(one, two);
    return { rig, one, two };
}

function kinds({ states }: Station): readonly string[] {
    return states.map((state) => (state.kind === "down" ? state.cause : state.kind));
}

describe("a restart of the node is noticed and mended", () => {
    it.each<FirmwareName>(["2.5", "2.6", "2.7", "2.8"])("on a serial line, firmware %s", async (firmware) => {
        const { rig, one, two } = await pair({ firmware });
        await one.emulator.restart();
        await rig.clock.advance(20 * MINUTE_MS);
        expect(kinds(one)).toEqual(["up", "restarted", "up"]);
        await rig.send(two, { to: "everybody", bytes: bytesOf(9) });
        await rig.clock.advance(MINUTE_MS);
        expect(one.heard).toHaveLength(1);
    });

    it("once, after a long life", async () => {
        const { rig, one } = await pair();
        await rig.clock.advance(60 * MINUTE_MS);
        expect(one.driver.status().report?.uptimeS).toBeGreaterThan(3_000);
        await one.emulator.restart();
        await rig.clock.advance(60 * MINUTE_MS);
        expect(kinds(one)).toEqual(["up", "restarted", "up"]);
    });

    it("with packets in its hands, which are not called sent", async () => {
        const { rig, one, two } = await pair();
        one.emulator.misbehave({ rebootAfter: 1 });
        const sent = rig.send(one, { to: two.emulator.number, bytes: bytesOf(9), wantAck: true });
        expect(await sent).toMatchObject({ ok: false, error: { retry: true } });
        await rig.clock.advance(20 * MINUTE_MS);
        await rig.up(one);
        const again = await rig.send(one, { to: two.emulator.number, bytes: bytesOf(9), wantAck: true });
        expect(again).toMatchObject({ value: { kind: "acked" } });
    });
});

describe("the line", () => {
    it("may be pulled at any time and for long", async () => {
        const { rig, one, two } = await pair();
        one.isUnplugged = true;
        await one.emulator.unplug();
        await rig.clock.advance(60 * MINUTE_MS);
        expect(one.driver.status().state).toMatchObject({ kind: "down", cause: "unplugged" });
        expect(one.states.length).toBeLessThan(5);
        expect(await rig.send(one, { to: "everybody", bytes: bytesOf(1) })).toMatchObject({
            error: { kind: "not_ready" },
        });
        one.isUnplugged = false;
        await rig.up(one);
        expect(await rig.send(one, { to: two.emulator.number, bytes: bytesOf(9), wantAck: true })).toMatchObject({
            ok: true,
        });
    });

    it.each<[string, Parameters<Station["emulator"]["misbehave"]>[0]]>([
        ["falls silent", { isSilent: true }],
        ["never ends its settings", { refusesConfig: true }],
        ["answers questions that nobody asked", { liesAboutConfig: true }],
    ])("is given up while the node %s, and taken up again", async (_, misbehaviour) => {
        const { rig, one } = await pair();
        one.emulator.misbehave(misbehaviour);
        await rig.clock.advance(40 * MINUTE_MS);
        expect(one.driver.status().state).toMatchObject({ kind: "down", cause: "silent" });
        expect(one.states.length).toBeLessThan(5);
        one.emulator.misbehave({});
        await rig.up(one);
    });

    it("may carry garbage and half packets", async () => {
        const { rig, one, two } = await pair();
        one.emulator.misbehave({ garbage: Uint8Array.of(0x94, 0xc3, 0x01, 0xff, 0x94, 0x94), halfPackets: 3 });
        for (let round = 0; round < 5; round++) {
            one.emulator.babble(utf8("E (1234) wifi: ...\r\n"));
            await rig.send(two, { to: "everybody", bytes: bytesOf(50, round) });
            await rig.clock.advance(MINUTE_MS);
        }
        await rig.up(one);
        expect(one.heard.length).toBeGreaterThanOrEqual(2);
        one.emulator.misbehave({});
        expect(await rig.send(one, { to: two.emulator.number, bytes: bytesOf(9), wantAck: true })).toMatchObject({
            ok: true,
        });
    });
});

describe("the node's queue", () => {
    it("takes a long series one by one, and every packet arrives", async () => {
        const { rig, one, two } = await pair();
        let ended = 0;
        const results = Array.from({ length: WAITING_MAX }, (_, index) =>
            one.driver.send({ to: "everybody", bytes: bytesOf(200, index) }).finally(() => ended++),
        );
        await rig.clock.runUntil(() => ended === WAITING_MAX, 10 * MINUTE_MS);
        expect((await Promise.all(results)).every(({ ok }) => ok)).toBe(true);
        await rig.clock.advance(MINUTE_MS);
        expect(two.heard.map(({ bytes }) => bytes[0])).toEqual(
            Array.from({ length: WAITING_MAX }, (_, index) => index),
        );
        expect(one.driver.status().queue).toMatchObject({ waiting: 0, openAcks: 0 });
    });

    it.each<FirmwareName>(["2.5", "2.7"])(
        "fills up on a slow mesh and is never stuck, firmware %s",
        async (firmware) => {
            const { rig, one, two } = await pair({ firmware, lora: { region: 3, modemPreset: LONG_FAST } });
            const results = Array.from({ length: WAITING_MAX }, (_, index) =>
                one.driver.send({ to: "everybody", bytes: bytesOf(200, index) }),
            );
            await rig.clock.advance(30 * MINUTE_MS);
            expect(await Promise.all(results)).toMatchObject(results.map(() => ({ ok: true })));
            expect(two.heard).toHaveLength(WAITING_MAX);
        },
    );

    it("has one open acknowledgment per peer", async () => {
        const { rig, one, two } = await pair();
        let openMax = 0;
        const sends = Array.from({ length: OPEN_ACKS_MAX }, (_, index) =>
            one.driver.send({ to: two.emulator.number, bytes: bytesOf(20, index), wantAck: true }),
        );
        await rig.clock.runUntil(() => {
            openMax = Math.max(openMax, one.driver.status().queue.openAcks);
            return two.heard.length === OPEN_ACKS_MAX && one.driver.status().queue.openAcks === 0;
        }, 10 * MINUTE_MS);
        expect(await Promise.all(sends)).toMatchObject(sends.map(() => ({ ok: true, value: { kind: "acked" } })));
        expect(openMax).toBe(1);
    });

    it("is full for a while: packets wait here, and are not lost", async () => {
        const { rig, one, two } = await pair();
        one.emulator.misbehave({ isQueueFull: true });
        const first = await rig.send(one, { to: "everybody", bytes: bytesOf(9) });
        expect(first).toMatchObject({ ok: false, error: { kind: "queue_full", retry: true } });
        const waiting = rig.send(one, { to: "everybody", bytes: bytesOf(9) });
        await rig.clock.advance(5 * MINUTE_MS);
        one.emulator.misbehave({});
        expect(await waiting).toMatchObject({ ok: true });
        await rig.clock.advance(MINUTE_MS);
        expect(two.heard).toHaveLength(1);
    });

    it("may keep its word to itself", async () => {
        const { rig, one, two } = await pair();
        one.emulator.misbehave({ queueStatusesLost: 2 });
        for (let round = 0; round < 3; round++) {
            expect(await rig.send(one, { to: "everybody", bytes: bytesOf(9, round) })).toMatchObject({ ok: true });
        }
        await rig.clock.advance(MINUTE_MS);
        expect(two.heard).toHaveLength(3);
        expect(kinds(one)).toEqual(["up"]);
    });

    it("has no end on this side", async () => {
        const { rig, one } = await pair();
        one.emulator.misbehave({ isQueueFull: true });
        await rig.send(one, { to: "everybody", bytes: bytesOf(1) });
        const results: unknown[] = [];
        for (let index = 0; index <= WAITING_MAX; index++) {
            void one.driver.send({ to: "everybody", bytes: bytesOf(1) }).then((result) => results.push(result));
        }
        await rig.clock.advance(1_000);
        expect(results).toMatchObject([{ ok: false, error: { kind: "busy" } }]);
        await one.driver.stop();
        await rig.clock.advance(1_000);
        expect(results).toHaveLength(WAITING_MAX + 1);
        expect(results[1]).toMatchObject({ ok: false, error: { kind: "stopped", retry: false } });
    });
});

describe("errors of the mesh are told apart", () => {
    it("nobody acknowledges", async () => {
        const { rig, one, two } = await pair();
        rig.air.disconnect(one.emulator, two.emulator);
        const sent = await rig.send(one, { to: two.emulator.number, bytes: bytesOf(9), wantAck: true });
        expect(sent).toMatchObject({ ok: false, error: { kind: "max_retransmit", retry: true } });
    });

    it("a peer without a known key", async () => {
        const { rig, one } = await pair();
        const sent = await rig.send(one, { to: 0x7777_7777, bytes: bytesOf(9), wantAck: true });
        expect(sent).toMatchObject({ ok: false, error: { kind: "pki_send_fail_public_key", retry: true } });
    });

    it("a channel that is not there", async () => {
        const { rig, one } = await pair();
        const sent = await rig.send(one, { to: "everybody", channel: 5, bytes: bytesOf(9) });
        expect(sent).toMatchObject({ ok: false, error: { kind: "no_channel", retry: false } });
    });

    it("the airtime of the hour is used up, and comes back", { timeout: 10_000 }, async () => {
        const { rig, one } = await pair({ lora: { region: 3, modemPreset: LONG_SLOW } });
        let accepted = 0;
        for (; accepted < 100; accepted++) {
            const sent = await rig.send(one, { to: "everybody", bytes: bytesOf(200) });
            if (sent.ok) continue;
            expect(sent.error).toMatchObject({ kind: "duty_cycle_limit", retry: true });
            break;
        }
        // 10 % of an hour are 31 packets of 11.5 s; what waits in the queue is not counted yet.
        expect(accepted).toBeGreaterThanOrEqual(31);
        expect(accepted).toBeLessThan(48);
        await rig.clock.advance(1_000);
        expect(one.notices).toEqual([expect.stringMatching(/Duty cycle limit exceeded/)]);
        await rig.clock.advance(61 * MINUTE_MS);
        expect(await rig.send(one, { to: "everybody", bytes: bytesOf(200) })).toMatchObject({ ok: true });
    });
});
