import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Mesh, Portnums } from "@meshtastic/protobufs";
import { describe, expect, it } from "vitest";
import type { EmulatedNode } from "../../../hw/meshtastic/emulator/emulator.ts";
import type { FirmwareName } from "../../../hw/meshtastic/emulator/firmware.ts";
import { frameOf, StreamDeframer, WAKE_BYTES } from "../../../hw/meshtastic/framing.ts";
import { isFromRadio } from "../../../hw/meshtastic/messages.ts";
import type { BytePort } from "../../../hw/port/byte-port.ts";
import { memoryPortPair } from "../../../hw/port/memory-port.ts";
import { bytesOf, MeshRig } from "./rig.ts";

const SEED = 5;
const MINUTE_MS = 60_000;
const { PRIVATE_APP, TEXT_MESSAGE_APP, ROUTING_APP, TRACEROUTE_APP } = Portnums.PortNum;
const BROADCAST = 0xffffffff;

type Message = Mesh.FromRadio["payloadVariant"];
type ToRadio = Mesh.ToRadio["payloadVariant"];

/** A client that does only what a test says. */
class RawClient {
    readonly heard: Message[] = [];
    readonly port: BytePort;
    closes = 0;
    readonly #deframer = new StreamDeframer(isFromRadio);

    constructor(node: EmulatedNode, kind: "serial" | "tcp" = "serial") {
        const { a, b } = memoryPortPair();
        this.port = a;
        void node.plug(b, kind);
        void a.open({
            onBytes: (chunk) => {
                for (const bytes of this.#deframer.push(chunk)) {
                    this.heard.push(fromBinary(Mesh.FromRadioSchema, bytes).payloadVariant);
                }
            },
            onClose: () => this.closes++,
        });
    }

    say(payloadVariant: ToRadio): void {
        const message = create(Mesh.ToRadioSchema, { payloadVariant });
        void this.port.write(frameOf(toBinary(Mesh.ToRadioSchema, message)));
    }

    send(
        to: number,
        portnum: number,
        size: number,
        more: { id?: number; wantAck?: boolean; hopLimit?: number } = {},
    ): void {
        const value = create(Mesh.MeshPacketSchema, {
            ...{ to, id: 1 + Math.floor(this.heard.length * 1000 + size), hopLimit: 3, ...more },
            payloadVariant: { case: "decoded", value: { portnum, payload: bytesOf(size) } },
        });
        this.say({ case: "packet", value });
    }

    of<Case extends NonNullable<Message["case"]>>(name: Case): Extract<Message, { readonly case: Case }>["value"][] {
        return this.heard.flatMap((message) => (message.case === name ? [message.value as never] : []));
    }

    errors(): readonly (number | undefined)[] {
        return this.of("packet").flatMap(({ payloadVariant }) => {
            if (payloadVariant.case !== "decoded" || payloadVariant.value.portnum !== ROUTING_APP) return [];
            const { variant } = fromBinary(Mesh.RoutingSchema, payloadVariant.value.payload);
            return [variant.case === "errorReason" ? variant.value : undefined];
        });
    }

    payloads(portnum: number): readonly Uint8Array[] {
        return this.of("packet").flatMap(({ payloadVariant }) =>
            payloadVariant.case === "decoded" && payloadVariant.value.portnum === portnum
                ? [payloadVariant.value.payload]
                : [],
        );
    }
}

async function meshOf(count: number, firmware: FirmwareName = "2.7") {
    const rig = new MeshRig(SEED);
    const nodes = Array.from({ length: count }, () => rig.add({ firmware })).map(({ driver, emulator }) => {
        void driver.stop();
        return emulator;
    });
    await rig.clock.advance(1_000);
    const clients = nodes.map((node) => new RawClient(node));
    for (const client of clients) client.say({ case: "wantConfigId", value: 7 });
    await rig.clock.advance(5_000);
    return { rig, nodes, clients };
}

function first<T>(list: readonly T[]): T {
    const [head] = list;
    if (head === undefined) throw new Error("nothing there");
    return head;
}

describe("the dialogue", () => {
    it("has the sections of the firmware in its order, about a thousand bytes of them", async () => {
        const { clients } = await meshOf(2);
        const cases = first(clients).heard.map((message) => message.case);
        expect([...new Set(cases)]).toEqual([
            "myInfo",
            "deviceuiConfig",
            "nodeInfo",
            "metadata",
            "channel",
            "config",
            "moduleConfig",
            "fileInfo",
            "configCompleteId",
        ]);
        expect(first(clients).of("channel")).toHaveLength(8);
        expect(first(clients).of("config")).toHaveLength(10);
        expect(first(clients).of("configCompleteId")).toEqual([7]);
    });

    it.each<[FirmwareName, number, boolean, boolean]>([
        ["2.7", 69_420, true, false],
        ["2.7", 69_421, false, true],
        ["2.5", 69_420, true, true],
    ])("firmware %s, %i: settings %s, other nodes %s", async (firmware, id, hasConfig, hasOthers) => {
        const { rig, clients } = await meshOf(2, firmware);
        const client = first(clients);
        client.heard.length = 0;
        client.say({ case: "wantConfigId", value: id });
        await rig.clock.advance(5_000);
        expect(client.of("config").length > 0).toBe(hasConfig);
        expect(client.of("nodeInfo").length > 1).toBe(hasOthers);
        expect(client.of("configCompleteId")).toEqual([id]);
    });

    it("does not begin by itself, and survives what is no message", async () => {
        const rig = new MeshRig(SEED);
        const { driver, emulator } = rig.add();
        await driver.stop();
        const client = new RawClient(emulator);
        void client.port.write(WAKE_BYTES);
        void client.port.write(Uint8Array.of(0x94, 0xc3, 0xff, 0xff, 1, 2, 3, 0x94, 0xc3, 0, 2, 0xff, 0xff));
        await rig.clock.advance(MINUTE_MS);
        expect(client.heard).toEqual([]);
        client.say({ case: "heartbeat", value: create(Mesh.HeartbeatSchema) });
        await rig.clock.advance(100);
        expect(client.of("queueStatus")).toMatchObject([{ free: 16, maxlen: 16, meshPacketId: 0 }]);
    });
});

describe("clients", () => {
    it("have one place on TCP: the second takes it from the first", async () => {
        const rig = new MeshRig(SEED);
        const { driver, emulator } = rig.add();
        await driver.stop();
        const one = new RawClient(emulator, "tcp");
        await rig.clock.advance(10);
        const two = new RawClient(emulator, "tcp");
        await rig.clock.advance(10);
        expect([one.closes, two.closes]).toEqual([1, 0]);
    });

    it("are hung up on TCP after a quarter of an hour without a word", async () => {
        const rig = new MeshRig(SEED);
        const { driver, emulator } = rig.add();
        await driver.stop();
        const client = new RawClient(emulator, "tcp");
        client.say({ case: "wantConfigId", value: 7 });
        await rig.clock.advance(14 * MINUTE_MS);
        expect(client.closes).toBe(0);
        await rig.clock.advance(2 * MINUTE_MS);
        expect(client.closes).toBe(1);
    });

    it("may send a text every two seconds, and as many private packets as they like", async () => {
        const { rig, clients } = await meshOf(2);
        const client = first(clients);
        for (const id of [1, 2]) client.send(BROADCAST, TEXT_MESSAGE_APP, 9, { id });
        for (const id of [3, 4]) client.send(BROADCAST, PRIVATE_APP, 9, { id });
        await rig.clock.advance(MINUTE_MS);
        expect(client.errors()).toEqual([38]);
        expect(clients[1]?.payloads(TEXT_MESSAGE_APP)).toHaveLength(1);
        expect(clients[1]?.payloads(PRIVATE_APP)).toHaveLength(2);
    });

    it("that send a burst lose what does not fit, and most of the node's words about it", async () => {
        const { rig, clients } = await meshOf(2);
        const client = first(clients);
        for (let id = 1; id <= 40; id++) client.send(BROADCAST, PRIVATE_APP, 200, { id });
        await rig.clock.advance(5 * MINUTE_MS);
        const arrived = clients[1]?.payloads(PRIVATE_APP).length ?? 0;
        expect(arrived).toBeGreaterThanOrEqual(16);
        expect(arrived).toBeLessThan(30);
        expect(client.of("queueStatus").some(({ res }) => res === 32)).toBe(true);
    });

    it("that come late find the last packets, not all", async () => {
        const { rig, nodes, clients } = await meshOf(2, "2.8");
        await nodes[1]?.unplug();
        for (let id = 1; id <= 12; id++) {
            first(clients).send(BROADCAST, PRIVATE_APP, 20, { id });
            await rig.clock.advance(MINUTE_MS);
        }
        const late = new RawClient(first(nodes.slice(1)));
        late.say({ case: "wantConfigId", value: 7 });
        await rig.clock.advance(5_000);
        expect(late.payloads(PRIVATE_APP).length).toBeLessThanOrEqual(8);
    });
});

describe("the mesh", () => {
    it("floods a packet to its hop limit and not twice to anybody", async () => {
        const { rig, clients } = await meshOf(5);
        first(clients).send(BROADCAST, PRIVATE_APP, 20, { hopLimit: 2 });
        await rig.clock.advance(MINUTE_MS);
        expect(clients.map((client) => client.payloads(PRIVATE_APP).length)).toEqual([0, 1, 1, 1, 0]);
    });

    it("asks for a key that it does not know, and gets it for the next time", async () => {
        const { rig, nodes, clients } = await meshOf(2);
        const [one, two] = nodes;
        if (!one || !two) throw new Error("no nodes");
        two.forget(one.number);
        first(clients).send(two.number, PRIVATE_APP, 20, { id: 1, wantAck: true });
        await rig.clock.advance(MINUTE_MS);
        expect(first(clients).errors()).toEqual([35]);
        first(clients).send(two.number, PRIVATE_APP, 20, { id: 2, wantAck: true });
        await rig.clock.advance(MINUTE_MS);
        expect(first(clients).errors()).toEqual([35, 0]);
        expect(clients[1]?.payloads(PRIVATE_APP)).toHaveLength(1);
    });

    it("carries a 100-byte packet for one node with 135 bytes and two acknowledgments", async () => {
        const { rig, nodes, clients } = await meshOf(2);
        await rig.clock.advance(MINUTE_MS);
        const sizes: number[] = [];
        rig.air.onTransmission(({ airBytes }) => sizes.push(airBytes));
        first(clients).send(nodes[1]?.number ?? 0, PRIVATE_APP, 100, { wantAck: true });
        await rig.clock.advance(MINUTE_MS / 2);
        expect(sizes[0]).toBe(135);
        expect(sizes).toHaveLength(3);
        for (const size of sizes.slice(1)) expect(Math.abs(size - 29)).toBeLessThanOrEqual(2);
    });

    it("sends three times before it gives up", async () => {
        const { rig, nodes, clients } = await meshOf(2);
        const [one, two] = nodes;
        if (!one || !two) throw new Error("no nodes");
        rig.air.disconnect(one, two);
        await rig.clock.advance(MINUTE_MS);
        const before = rig.air.statistics.transmissions;
        first(clients).send(two.number, PRIVATE_APP, 20, { wantAck: true });
        await rig.clock.advance(MINUTE_MS);
        expect(rig.air.statistics.transmissions - before).toBe(3);
        expect(first(clients).errors()).toEqual([5]);
    });

    it("takes a broadcast for forged that lacks the signature its sender always makes", async () => {
        const { rig, nodes, clients } = await meshOf(2, "2.8");
        const [one, two] = nodes;
        if (!one || !two) throw new Error("no nodes");
        first(clients).send(BROADCAST, PRIVATE_APP, 20, { id: 1 });
        await rig.clock.advance(MINUTE_MS);
        const frames: Parameters<EmulatedNode["hear"]>[0][] = [];
        rig.air.onTransmission((frame) => frames.push(frame));
        first(clients).send(BROADCAST, PRIVATE_APP, 20, { id: 2 });
        await rig.clock.advance(MINUTE_MS);
        two.hear({ ...first(frames), id: 3, isSigned: false }, { rssiDbm: -90, snrDb: 5 });
        await rig.clock.advance(1_000);
        expect(clients[1]?.payloads(PRIVATE_APP)).toHaveLength(2);
    });

    it("lets two who talk at once spoil each other's packets for who hears both", async () => {
        const { rig, clients } = await meshOf(3);
        const collidedBefore = rig.air.statistics.collided;
        for (let id = 1; id <= 12; id++) {
            clients[0]?.send(BROADCAST, PRIVATE_APP, 200, { id, hopLimit: 0 });
            clients[2]?.send(BROADCAST, PRIVATE_APP, 200, { id, hopLimit: 0 });
        }
        await rig.clock.advance(MINUTE_MS);
        expect(rig.air.statistics.collided).toBeGreaterThan(collidedBefore);
        expect(clients[1]?.payloads(PRIVATE_APP).length).toBeLessThan(24);
    });

    it("refuses a second traceroute within half a minute", async () => {
        const { rig, nodes, clients } = await meshOf(2);
        let traced = 0;
        rig.air.onTransmission(({ data }) => {
            if (data.portnum === TRACEROUTE_APP) traced++;
        });
        for (const id of [1, 2]) first(clients).send(nodes[1]?.number ?? 0, TRACEROUTE_APP, 0, { id });
        await rig.clock.advance(MINUTE_MS / 4);
        expect(traced).toBe(1);
        expect(first(clients).of("clientNotification")).toMatchObject([
            { message: expect.stringMatching(/30 seconds/) },
        ]);
    });
});
