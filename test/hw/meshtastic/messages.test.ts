import { create, toBinary } from "@bufbuild/protobuf";
import { Mesh, Telemetry } from "@meshtastic/protobufs";
import { describe, expect, it } from "vitest";
import { meshError, queueError, routingError } from "../../../hw/meshtastic/errors.ts";
import { Knowledge } from "../../../hw/meshtastic/knowledge.ts";
import { meshAirtimeMs } from "../../../hw/meshtastic/lora.ts";
import { isFromRadio, readFromRadio, readRoutingError } from "../../../hw/meshtastic/messages.ts";
import { NODES_MAX, NodeTable } from "../../../hw/meshtastic/node-table.ts";
import { airBytes, meshTraits } from "../../../hw/meshtastic/traits.ts";

describe("messages", () => {
    it("may hold a name that was cut in the middle of a letter", () => {
        // FromRadio.node_info { num 7, user { long_name "A\xc3" } }
        const packet = Uint8Array.of(0x22, 8, 0x08, 7, 0x12, 4, 0x12, 2, 0x41, 0xc3);
        const message = readFromRadio(packet);
        if (!message) throw new Error("not read");
        expect(new Knowledge().absorb(message).node).toMatchObject({ number: 7, longName: "A\ufffd" });
    });

    it("tell a new start by an uptime that went back", () => {
        const knowledge = new Knowledge();
        knowledge.absorb({ case: "myInfo", value: create(Mesh.MyNodeInfoSchema, { myNodeNum: 7 }) });
        const news = [500, 560, 20].map((uptimeSeconds) => {
            const variant = { case: "deviceMetrics" as const, value: { uptimeSeconds } };
            const telemetry = create(Telemetry.TelemetrySchema, { variant });
            const payload = toBinary(Telemetry.TelemetrySchema, telemetry);
            const payloadVariant = { case: "decoded" as const, value: { portnum: 67, payload } };
            return knowledge.absorb({
                case: "packet",
                value: create(Mesh.MeshPacketSchema, { from: 7, payloadVariant }),
            });
        });
        expect(news.map(({ restarted }) => restarted)).toEqual([undefined, undefined, true]);
    });

    it("of a kind that is new are messages all the same", () => {
        expect(readFromRadio(Uint8Array.of(0xfa, 0x01, 0))).toEqual({ case: undefined });
        expect(isFromRadio(Uint8Array.of(0xff))).toBe(false);
    });

    it("tell an acknowledgment from a failure, also in no bytes at all", () => {
        expect(readRoutingError(new Uint8Array(0))).toBe(0);
        expect(readRoutingError(Uint8Array.of(0x18, 9))).toBe(9);
        expect(readRoutingError(Uint8Array.of(0xff))).toBeUndefined();
    });
});

describe("errors", () => {
    it("of the mesh have a name each", () => {
        const names = Object.entries(Mesh.Routing_Error).filter(([, code]) => typeof code === "number" && code !== 0);
        expect(names.length).toBeGreaterThan(15);
        for (const [name, code] of names) expect(routingError(Number(code)).kind).toBe(name.toLowerCase());
        expect(routingError(77)).toMatchObject({ kind: "unknown_failure", detail: expect.stringContaining("77") });
    });

    it("of the queue are told apart from success", () => {
        expect([0, 35].map(queueError)).toEqual([undefined, undefined]);
        expect([7, 9, 32, 33, 34, 39].map((res) => queueError(res)?.kind)).toEqual([
            "too_large",
            "duty_cycle_limit",
            "queue_full",
            "no_interface",
            "radio_off",
            "pki_send_fail_public_key",
        ]);
        expect(meshError("muted", "why").detail).toBe("why");
    });
});

describe("sizes and times", () => {
    it("are those that were measured on firmware 2.7.26", () => {
        expect(meshTraits(256, "2.7.26.54e0d8d")).toMatchObject({ broadcastSizeMax: 231, unicastSizeMax: 219 });
        expect(meshTraits(1, "2.7.26")).toMatchObject({ broadcastSizeMax: 232, unicastSizeMax: 220 });
        const dm = { size: 100, cover: "pki", portNumber: 256, firmware: "2.7.26" } as const;
        expect(airBytes(dm)).toBe(135);
    });

    it.each([
        ["SHORT_FAST", { spreadingFactor: 7, bandwidthHz: 250_000, codingRate: 1 }, [35, 50, 107, 181, 204]],
        ["LONG_FAST", { spreadingFactor: 11, bandwidthHz: 250_000, codingRate: 1 }, [436, 559, 1174, 1911, 2157]],
        ["LONG_SLOW", { spreadingFactor: 12, bandwidthHz: 125_000, codingRate: 4 }, [2236, 3285, 7479, 12722, 14295]],
    ])("of the air are those of %s", (_, radio, times) => {
        expect([23, 44, 124, 224, 255].map((size) => Math.round(meshAirtimeMs(radio, size)))).toEqual(times);
    });

    it("count a signature from firmware 2.8 on, and when the firmware is unknown", () => {
        const size = { size: 50, cover: "channel", portNumber: 256 } as const;
        const sizes = ["2.7.9", "2.8.0", "3.0", undefined].map((firmware) => airBytes({ ...size, firmware }));
        expect(sizes).toEqual([73, 139, 139, 139]);
    });
});

it("the table of nodes has an end, and a stranger's name cannot draw on a terminal", () => {
    const table = new NodeTable();
    for (let number = 1; number <= NODES_MAX + 5; number++) table.update(number, { hops: 1 });
    expect(table.list()).toHaveLength(NODES_MAX);
    expect(table.get(5)).toBeUndefined();
    const info = create(Mesh.NodeInfoSchema, { num: 9, user: { longName: "\u001b[31mRed\n", shortName: "" } });
    expect(toBinary(Mesh.NodeInfoSchema, info).length).toBeGreaterThan(0);
    expect(table.updateInfo(info)).toMatchObject({ longName: "[31mRed", shortName: undefined });
});
