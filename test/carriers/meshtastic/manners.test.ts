import { create, toBinary } from "@bufbuild/protobuf";
import { Mesh } from "@meshtastic/protobufs";
import { describe, expect, it } from "vitest";
import { meshError } from "../../../hw/meshtastic/errors.ts";
import { BROADCAST } from "../../../hw/meshtastic/messages.ts";
import { PRIVATE_PORT } from "../../../hw/meshtastic/node.ts";
import { Gateways } from "../../../src/carriers/meshtastic/gateways.ts";
import { ALERT_QUIET_MS, Quiet } from "../../../src/carriers/meshtastic/quiet.ts";
import { roleOf } from "../../../src/link/frame/frame.ts";
import { testMessage } from "../../support/envelopes.ts";
import { type GatewayRig, Row, send } from "./rig.ts";

const HOUR_MS = 3_600_000;

async function delivered(row: Row, near: GatewayRig, number: number): Promise<void> {
    const sending = send(near, testMessage(number, { size: 224 }).payload);
    await row.clock.runUntil(() => sending.outcome !== undefined, HOUR_MS);
    expect(sending.outcome).toEqual({ kind: "peer_stored" });
}

describe("on a mesh of others", () => {
    it("new firmware signs nothing of ours but the beacon, and fragments nothing", async () => {
        const row = new Row({ seed: 1, emulated: { firmware: "2.8" } });
        const frames: { readonly role: string; readonly isUnicast: boolean; readonly extra: number }[] = [];
        row.air.onTransmission(({ data, to, airBytes }) => {
            if (data.portnum !== PRIVATE_PORT) return;
            const extra = airBytes - data.payload.length;
            frames.push({ role: roleOf(data.payload), isUnicast: to !== BROADCAST, extra });
        });
        const [near] = await row.ends();
        for (let number = 0; number < 5; number++) await delivered(row, near, number);
        const later = frames.filter(({ role }) => role !== "introduces");
        expect(later.filter(({ isUnicast }) => isUnicast).length).toBeGreaterThan(10);
        expect(Math.max(...later.filter(({ isUnicast }) => isUnicast).map(({ extra }) => extra))).toBe(36);
    });

    it("sends one beacon an hour when nothing happens", async () => {
        const row = new Row({ seed: 2 });
        const [near] = await row.ends();
        await row.clock.advance(HOUR_MS);
        const before = near.air.length;
        await row.clock.advance(10 * HOUR_MS);
        expect(near.air.slice(before).filter(({ kind }) => kind === "sent")).toHaveLength(10);
        expect(near.mesh.gateways.list(row.clock.now().wall)).toMatchObject([{ number: 0x1000_0001, hops: 0 }]);
    });

    it("goes to everybody when firmware lost the key of the other node", async () => {
        const row = new Row({ seed: 3 });
        const [near, far] = await row.ends();
        await delivered(row, near, 1);
        near.emulator.forget(far.emulator.number);
        await delivered(row, near, 2);
        expect(far.arrived).toHaveLength(2);
    });

    it("is silent while somebody has an emergency", async () => {
        const row = new Row({ seed: 4 });
        const [near, far] = await row.ends();
        await delivered(row, near, 1);
        const alert = create(Mesh.FromRadioSchema, {
            payloadVariant: {
                case: "packet",
                value: create(Mesh.MeshPacketSchema, {
                    ...{ from: 0x2000_0000, to: BROADCAST, id: 77, hopStart: 3, hopLimit: 3 },
                    payloadVariant: { case: "decoded", value: { portnum: 11, payload: new Uint8Array([65]) } },
                }),
            },
        });
        const bytes = toBinary(Mesh.FromRadioSchema, alert);
        near.emulator.babble(Uint8Array.of(0x94, 0xc3, bytes.length >> 8, bytes.length & 255, ...bytes));
        await row.clock.advance(1_000);
        const sending = send(near, testMessage(2).payload);
        await row.clock.advance(ALERT_QUIET_MS - 10_000);
        expect(sending.outcome).toBeUndefined();
        expect(far.arrived).toHaveLength(1);
        await row.clock.advance(120_000);
        expect(sending.outcome).toEqual({ kind: "peer_stored" });
    });

    it("waits while the channel is used more than the limit, and does what the node refuses later", () => {
        const quiet = new Quiet(25);
        const report = { airtimePercent: 0, batteryPercent: 0, uptimeS: 1 };
        expect(quiet.until(0)).toBeLessThan(0);
        quiet.hearReport({ ...report, channelUsePercent: 26 }, 0);
        expect(quiet.until(1_000)).toBeGreaterThan(1_000);
        // What is old says nothing.
        expect(quiet.until(10 * 60_000)).toBeLessThan(10 * 60_000);
        quiet.hearReport({ ...report, channelUsePercent: 24 }, 0);
        expect(quiet.until(1_000)).toBeLessThan(1_000);
        quiet.hearRefusal(meshError("duty_cycle_limit"), 0);
        expect(quiet.until(1_000)).toBe(300_000);
    });

    it("remembers gateways over a restart and forgets them slowly", () => {
        const gateways = new Gateways();
        expect(gateways.heard(5, { hops: 2, snrDb: 3 }, 1_000)).toBe(true);
        expect(gateways.heard(5, { hops: 0, snrDb: -4 }, 2_000)).toBe(false);
        expect(gateways.heard(6, { hops: 0, snrDb: 1 }, 0)).toBe(true);
        expect(gateways.heard(6, { hops: 0, snrDb: 1 }, 3_600)).toBe(true);
        const again = new Gateways(gateways.snapshot());
        expect(again.list(3_000)).toContainEqual({ number: 5, hops: 0, snrDb: -4, lastHeard: 2_000 });
        expect(again.active(3_600 + 4 * 3_600)).toEqual([]);
        expect(again.list(2_000 + 31 * 24 * 3_600)).toEqual([]);
        expect(new Gateways(Uint8Array.of(1, 2)).list(0)).toEqual([]);
    });
});
