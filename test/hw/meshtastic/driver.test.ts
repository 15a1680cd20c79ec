import { describe, expect, it } from "vitest";
import { FIRMWARES, type FirmwareName } from "../../../hw/meshtastic/emulator/firmware.ts";
import { bytesOf, MeshRig } from "./rig.ts";

const SEED = 11;
const MINUTE_MS = 60_000;
const UNSET = 0;

describe.each(Object.keys(FIRMWARES) as FirmwareName[])("a node with firmware %s", (firmware) => {
    it("is read, heard and sent to", async () => {
        const rig = new MeshRig(SEED);
        const [one, two] = [
            rig.add({ firmware }),
            rig.add({ firmware, debugText: "DEBUG | ??:??:?? 7 [Router] rx\r\n" }),
        ];
        await rig.up(one, two);
        const { firmware: version, lora, channels, nodes, own } = one.driver.status();
        expect(version).toBe(FIRMWARES[firmware].version);
        expect(own).toBe(one.emulator.number);
        expect(lora).toMatchObject({ region: "EU_868", hopLimit: 3, modulation: { spreadingFactor: 7 } });
        expect(channels).toEqual([{ index: 0, name: "", role: "primary", hasKey: true }]);
        expect(nodes.find(({ number }) => number === two.emulator.number)).toMatchObject({ hasKey: true });

        const sent = await rig.send(one, { to: two.emulator.number, bytes: bytesOf(219), wantAck: true });
        expect(sent).toMatchObject({ ok: true, value: { kind: "acked" } });
        expect(await rig.send(one, { to: "everybody", bytes: bytesOf(231) })).toMatchObject({
            value: { kind: "queued" },
        });
        await rig.clock.advance(MINUTE_MS);
        expect(two.heard.map(({ bytes }) => bytes)).toEqual([bytesOf(219), bytesOf(231)]);
        expect(two.heard[0]?.about).toMatchObject({ hops: 0, pki: true, isBroadcast: false, viaMqtt: false });
        expect(two.heard[1]?.about).toMatchObject({ hops: 0, pki: false, isBroadcast: true, channel: 0 });
        expect(one.driver.status().report).toMatchObject({ batteryPercent: 101 });
    });

    it("stays up for a day of nothing to do", async () => {
        const rig = new MeshRig(SEED);
        const one = rig.add({ firmware });
        await rig.up(one);
        await rig.clock.advance(24 * 60 * MINUTE_MS);
        expect(one.states.map(({ kind }) => kind)).toEqual(["up"]);
    });
});

describe("sizes", () => {
    it("are those that firmware takes, and not a byte less", async () => {
        const rig = new MeshRig(SEED);
        const [one, two] = [rig.add(), rig.add()];
        await rig.up(one, two);
        const { broadcastSizeMax, unicastSizeMax } = one.driver.traits();
        expect([broadcastSizeMax, unicastSizeMax]).toEqual([231, 219]);
        const longest = await rig.send(one, { to: two.emulator.number, bytes: bytesOf(unicastSizeMax) });
        expect(longest.ok).toBe(true);
        for (const [to, size] of [
            ["everybody", 232],
            [two.emulator.number, 220],
        ] as const) {
            const refused = await rig.send(one, { to, bytes: bytesOf(size) });
            expect(refused).toMatchObject({ ok: false, error: { kind: "too_large", retry: false } });
        }
    });

    it.each<[FirmwareName, number, number]>([
        ["2.7", 100, 123],
        ["2.8", 100, 189],
        ["2.8", 165, 255],
        ["2.8", 166, 190],
        ["2.8", 231, 255],
    ])("on the air with firmware %s: a broadcast of %i bytes is %i long", async (firmware, size, long) => {
        const rig = new MeshRig(SEED);
        const one = rig.add({ firmware });
        await rig.up(one);
        const sizes: number[] = [];
        const times: number[] = [];
        rig.air.onTransmission((frame, airtimeMs) => {
            if (Number(frame.data.portnum) !== 256) return;
            sizes.push(frame.airBytes);
            times.push(airtimeMs);
        });
        await rig.send(one, { to: "everybody", bytes: bytesOf(size) });
        await rig.clock.advance(MINUTE_MS);
        expect(sizes).toEqual([long]);
        expect(one.driver.airtimeMs(size, "channel")).toBeCloseTo(times[0] ?? 0);
        const traits = { signsBroadcasts: firmware === "2.8", unsignedBroadcastSizeMin: 166 };
        expect(one.driver.traits()).toMatchObject(traits);
    });
});

describe("the node is its owner's", () => {
    it("so a missing region is told and nothing is sent", async () => {
        const rig = new MeshRig(SEED);
        const one = rig.add({ lora: { region: UNSET } });
        await rig.clock.advance(5_000);
        expect(one.states).toMatchObject([
            { kind: "muted", detail: expect.stringMatching(/until its owner sets a region/) },
        ]);
        expect(await rig.send(one, { to: "everybody", bytes: bytesOf(9) })).toMatchObject({ error: { kind: "muted" } });
        expect(one.emulator.settings.region).toBe("UNSET");
        expect(rig.air.statistics.transmissions).toBe(0);
    });

    it("so packets of other ports are not ours", async () => {
        const rig = new MeshRig(SEED);
        const [one, two] = [rig.add(), rig.add({ portNumber: 300 })];
        await rig.up(one, two);
        await rig.send(one, { to: "everybody", bytes: bytesOf(9) });
        await rig.clock.advance(MINUTE_MS);
        expect(two.heard).toEqual([]);
    });
});

describe("over several hops", () => {
    it("packets arrive with their hops, and the ack comes back", async () => {
        const rig = new MeshRig(SEED);
        const stations = [rig.add(), rig.add(), rig.add(), rig.add()];
        const [first, last] = [stations[0], stations[3]];
        if (!first || !last) throw new Error("no stations");
        await rig.up(...stations);
        const sent = await rig.send(first, { to: last.emulator.number, bytes: bytesOf(50), wantAck: true });
        expect(sent).toMatchObject({ ok: true });
        await rig.clock.advance(MINUTE_MS);
        expect(last.heard).toHaveLength(1);
        expect(last.heard[0]?.about.hops).toBe(2);
        expect(last.driver.status().nodes.find(({ number }) => number === first.emulator.number)).toMatchObject({
            hops: 2,
        });
    });

    it("a hop limit of zero reaches direct neighbours only", async () => {
        const rig = new MeshRig(SEED);
        const stations = [rig.add(), rig.add(), rig.add()];
        await rig.up(...stations);
        const [one, two, three] = stations;
        if (!one) throw new Error("no stations");
        await rig.send(one, { to: "everybody", bytes: bytesOf(9), hopLimit: 0 });
        await rig.clock.advance(MINUTE_MS);
        expect([two?.heard.length, three?.heard.length]).toEqual([1, 0]);
    });
});
