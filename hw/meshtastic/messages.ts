import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { configureTextEncoding, getTextEncoding } from "@bufbuild/protobuf/wire";
import { Mesh, Telemetry } from "@meshtastic/protobufs";

// Firmware cuts long names in the middle of a letter; that must not cost the message they are in.
const encoding = getTextEncoding();
configureTextEncoding({ ...encoding, decodeUtf8: (bytes) => encoding.decodeUtf8(bytes) });

/** What a node says. The package's generated types end at this file's readers. */
export type FromRadio = Mesh.FromRadio["payloadVariant"];
export type MeshPacket = Mesh.MeshPacket;

/** Numbers of the applications on a mesh, as far as they matter here. */
export const PORT_NODEINFO = 4;
export const PORT_ROUTING = 5;
export const PORT_ALERT = 11;
export const PORT_TELEMETRY = 67;

export const BROADCAST = 0xffffffff;

/** A message of a kind that this version does not know is `{ case: undefined }`; undefined is no message at all. */
export function readFromRadio(packet: Uint8Array): FromRadio | undefined {
    try {
        return fromBinary(Mesh.FromRadioSchema, packet).payloadVariant;
    } catch {
        return undefined;
    }
}

export function isFromRadio(packet: Uint8Array): boolean {
    return readFromRadio(packet) !== undefined;
}

/** The error number of a routing message: 0 means acknowledged. Undefined for route requests and for what is broken. */
export function readRoutingError(payload: Uint8Array): number | undefined {
    try {
        const { variant } = fromBinary(Mesh.RoutingSchema, payload);
        // A message of no bytes is an error reason of zero.
        if (variant.case === undefined) return 0;
        return variant.case === "errorReason" ? variant.value : undefined;
    } catch {
        return undefined;
    }
}

/** How a node fares: parts of a telemetry message that concern the radio. */
export interface DeviceReport {
    readonly channelUsePercent: number | undefined;
    readonly airtimePercent: number | undefined;
    readonly batteryPercent: number | undefined;
    readonly uptimeS: number | undefined;
}

export function readDeviceReport(payload: Uint8Array): DeviceReport | undefined {
    try {
        const { variant } = fromBinary(Telemetry.TelemetrySchema, payload);
        if (variant.case !== "deviceMetrics" && variant.case !== "localStats") return undefined;
        return deviceReport(variant.value);
    } catch {
        return undefined;
    }
}

export function deviceReport(value: Telemetry.DeviceMetrics | Telemetry.LocalStats): DeviceReport {
    return {
        channelUsePercent: value.channelUtilization,
        airtimePercent: value.airUtilTx,
        batteryPercent: "batteryLevel" in value ? value.batteryLevel : undefined,
        uptimeS: value.uptimeSeconds,
    };
}

export function readUser(payload: Uint8Array): Mesh.User | undefined {
    try {
        return fromBinary(Mesh.UserSchema, payload);
    } catch {
        return undefined;
    }
}

export function wantConfig(id: number): Uint8Array {
    return toRadio({ case: "wantConfigId", value: id });
}

/** A nonce of 1 would make the node broadcast its NodeInfo; zero only asks for its queue. */
export function heartbeat(): Uint8Array {
    return toRadio({ case: "heartbeat", value: create(Mesh.HeartbeatSchema) });
}

/** The client goes; the node shall keep what comes for the next one. */
export function disconnect(): Uint8Array {
    return toRadio({ case: "disconnect", value: true });
}

export interface OutgoingPacket {
    /** Random and not zero. */
    readonly id: number;
    readonly from: number;
    readonly to: number;
    readonly portNumber: number;
    readonly payload: Uint8Array;
    readonly channel: number;
    readonly hopLimit: number;
    readonly wantAck: boolean;
    readonly pki: boolean;
    readonly priority: "background" | "default";
}

export function packetToRadio(packet: OutgoingPacket): Uint8Array {
    const { id, from, to, channel, hopLimit, wantAck } = packet;
    const { BACKGROUND, DEFAULT } = Mesh.MeshPacket_Priority;
    const value = create(Mesh.MeshPacketSchema, {
        ...{ id, from, to, channel, hopLimit, wantAck, pkiEncrypted: packet.pki },
        priority: packet.priority === "background" ? BACKGROUND : DEFAULT,
        payloadVariant: { case: "decoded", value: { portnum: packet.portNumber, payload: packet.payload } },
    });
    return toRadio({ case: "packet", value });
}

function toRadio(
    payloadVariant: NonNullable<MessageInitShape<typeof Mesh.ToRadioSchema>["payloadVariant"]>,
): Uint8Array {
    return toBinary(Mesh.ToRadioSchema, create(Mesh.ToRadioSchema, { payloadVariant }));
}
