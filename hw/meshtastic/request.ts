import { type MeshError, meshError } from "./errors.ts";
import { hopsOf, type Knowledge } from "./knowledge.ts";
import { HOP_LIMIT_DEFAULT, HOP_LIMIT_MAX, meshAirtimeMs } from "./lora.ts";
import { BROADCAST, type MeshPacket, packetToRadio } from "./messages.ts";
import type { Parcel } from "./outbox.ts";
import type { Arrival, MeshState, SendRequest } from "./session-types.ts";
import { meshTraits } from "./traits.ts";

/** Sends of one packet, each waiting for a full queue, at the slowest presets. */
const ACK_MS_MAX_UNKNOWN = 10 * 60_000;
const ACK_MS_EXTRA = 30_000;
/** Three tries of a long packet and their answers over up to seven hops, and the queue before them. */
const ACK_AIRTIMES = 40;
const AIR_BYTES_LONG = 255;

export interface RequestContext {
    readonly state: MeshState;
    readonly knowledge: Knowledge;
    readonly portNumber: number;
}

/** Why this is not even tried. */
export function objectionTo({ to, bytes }: SendRequest, context: RequestContext): MeshError | undefined {
    const { state, knowledge, portNumber } = context;
    if (state.kind === "muted") return meshError("muted", state.detail);
    if (state.kind === "down") return meshError(state.cause === "stopped" ? "stopped" : "not_ready", state.detail);
    if (to === knowledge.ownNumber || to === 0) return meshError("bad_request", "a packet to itself");
    const traits = meshTraits(portNumber, knowledge.firmware);
    const sizeMax = to === "everybody" || to === BROADCAST ? traits.broadcastSizeMax : traits.unicastSizeMax;
    if (bytes.length <= sizeMax) return undefined;
    return meshError("too_large", `${bytes.length} bytes do not fit into a packet of ${sizeMax}`);
}

/** `id` is random, not zero and not in use. */
export function parcelOf(request: SendRequest, id: number, { knowledge, portNumber }: RequestContext): Parcel {
    const { lora } = knowledge;
    const to = request.to === "everybody" ? BROADCAST : request.to;
    const wantAck = request.wantAck ?? false;
    const packet = packetToRadio({
        ...{ id, to, portNumber, wantAck, payload: request.bytes },
        // With zero here firmware would tell some errors to the air and not to us.
        from: knowledge.ownNumber ?? 0,
        channel: request.channel ?? 0,
        // Firmware means it when a client says nothing, and that is zero: direct neighbours only.
        hopLimit: Math.min(request.hopLimit ?? lora?.hopLimit ?? HOP_LIMIT_DEFAULT, HOP_LIMIT_MAX),
        pki: request.pki ?? false,
        priority: request.priority ?? "background",
    });
    const airtimeMs = lora?.modulation ? meshAirtimeMs(lora.modulation, AIR_BYTES_LONG) : undefined;
    const ackMsMax = airtimeMs === undefined ? ACK_MS_MAX_UNKNOWN : ACK_MS_EXTRA + ACK_AIRTIMES * airtimeMs;
    return { id, to, wantAck, ackMsMax, packet };
}

export function arrivalOf(packet: MeshPacket): Arrival {
    // Packets that came by MQTT or a network carry no signal.
    const hasSignal = packet.rxRssi !== 0;
    return {
        id: packet.id,
        isBroadcast: packet.to === BROADCAST,
        rssiDbm: hasSignal ? packet.rxRssi : undefined,
        snrDb: hasSignal || packet.rxSnr !== 0 ? packet.rxSnr : undefined,
        hops: hopsOf(packet),
        viaMqtt: packet.viaMqtt,
        channel: packet.channel,
        pki: packet.pkiEncrypted,
    };
}
