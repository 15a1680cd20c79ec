import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Mesh, Portnums } from "@meshtastic/protobufs";
import type { Clock } from "../../../src/base/time.ts";
import { BROADCAST } from "../messages.ts";
import { type AirFrame, type Lock, sizeOnAir } from "./air-frame.ts";
import type { AirtimeMeter } from "./airtime-meter.ts";
import * as code from "./firmware.ts";
import type { MeshAir, Signal } from "./mesh-air.ts";
import type { NodeBook } from "./node-book.ts";
import { Reliability } from "./reliability.ts";
import type { NodeSettings } from "./settings.ts";
import type { Transmitter } from "./transmitter.ts";

/** Packets that are known to have been here already. */
const HISTORY_MAX = 200;
/** Ports that go out under the channel's key even to one node. */
const NEVER_PKI: ReadonlySet<number> = new Set([
    Portnums.PortNum.TRACEROUTE_APP,
    Portnums.PortNum.NODEINFO_APP,
    Portnums.PortNum.ROUTING_APP,
    Portnums.PortNum.POSITION_APP,
]);
const PRIORITY_RELAY = 64;

export interface RouterParts {
    readonly number: number;
    readonly clock: Clock;
    readonly air: MeshAir;
    readonly firmware: code.Firmware;
    readonly settings: NodeSettings;
    readonly book: NodeBook;
    readonly meter: AirtimeMeter;
    readonly transmitter: Transmitter;
    isQueueFull(): boolean;
    /** A packet for the client, from the mesh or about it. */
    deliver(packet: Mesh.MeshPacket): void;
    notify(text: string, replyId: number): void;
    /** A packet for this node was read. */
    onRead(packet: Mesh.MeshPacket, data: Mesh.Data): void;
}

/** The router of the firmware: floods with a hop limit, knows what it has seen, acknowledges and sends again. */
export class Router {
    readonly #parts: RouterParts;
    readonly #reliability: Reliability;
    readonly #seen = new Set<string>();

    constructor(parts: RouterParts) {
        this.#parts = parts;
        const { clock, transmitter } = parts;
        this.#reliability = new Reliability({
            clock,
            transmitter,
            onFailure: (frame) => this.#tellClient(frame.id, { error: code.MAX_RETRANSMIT, from: parts.number }),
        });
    }

    reset(): void {
        this.#reliability.clear();
        this.#seen.clear();
    }

    onSent(frame: AirFrame, airtimeMs: number): void {
        this.#reliability.delayAll(airtimeMs, frame.id);
    }

    /** Sends a packet of this node; the number is `QueueStatus.res`. */
    send(packet: Mesh.MeshPacket): number {
        const { settings, number } = this.#parts;
        if (packet.payloadVariant.case !== "decoded") return code.RES_UNKNOWN;
        if (settings.region === "UNSET" || !settings.lora.txEnabled) return code.RES_DISABLED;
        if (this.#isOverDuty(packet.id)) return this.#fail(packet.id, code.DUTY_CYCLE_LIMIT);
        const frame = this.#frameOf(packet, packet.payloadVariant.value);
        if (typeof frame === "number") return this.#fail(packet.id, frame);
        this.#remember(number, frame.id);
        const isQueued = !this.#parts.isQueueFull() && this.#parts.transmitter.enqueue(frame, packet.priority);
        if (packet.wantAck) this.#reliability.expect(frame, packet.priority);
        return isQueued ? code.NONE : code.RES_UNKNOWN;
    }

    hear(frame: AirFrame, signal: Signal): void {
        const { number, meter, transmitter } = this.#parts;
        const airtimeMs = transmitter.airtimeMs(frame);
        meter.note(airtimeMs, false);
        this.#reliability.delayAll(airtimeMs, frame.id);
        if (frame.from === number) {
            // Somebody passes it on: as good as an acknowledgment, says firmware.
            if (this.#reliability.settle(frame.id)) this.#tellClient(frame.id, { error: code.NONE, from: number });
            return;
        }
        if (this.#seen.has(keyOf(frame))) {
            this.#hearAgain(frame);
            return;
        }
        this.#remember(frame.from, frame.id);
        this.#read(frame, signal);
        if (frame.to !== number && frame.hopLimit > 0) this.#relay(frame, signal);
    }

    #hearAgain(frame: AirFrame): void {
        const { number, transmitter } = this.#parts;
        transmitter.cancelRelay(frame.from, frame.id);
        if (frame.to === number && frame.wantAck) this.#acknowledge(frame);
    }

    #relay(frame: AirFrame, signal: Signal): void {
        const copy = { ...frame, hopLimit: frame.hopLimit - 1, relayNode: this.#parts.number & 0xff };
        this.#parts.transmitter.relay(copy, PRIORITY_RELAY, signal.snrDb);
    }

    #read(frame: AirFrame, signal: Signal): void {
        const { number, book, clock } = this.#parts;
        const channel = this.#opens(frame.lock);
        const isForUs = frame.to === number;
        if (channel === undefined || (frame.lock.kind === "pki" && book.keyOf(frame.from) === undefined)) {
            if (isForUs && frame.wantAck) this.#refuse(frame, channel);
            return;
        }
        if (this.#isForged(frame)) return;
        const packet = create(Mesh.MeshPacketSchema, {
            ...{ from: frame.from, to: frame.to, id: frame.id, channel, wantAck: frame.wantAck },
            ...{ hopLimit: frame.hopLimit, hopStart: frame.hopStart, viaMqtt: frame.viaMqtt },
            ...{ rxSnr: signal.snrDb, rxRssi: signal.rssiDbm, rxTime: clock.now().wall, relayNode: frame.relayNode },
            pkiEncrypted: frame.lock.kind === "pki",
            publicKey: frame.lock.kind === "pki" ? book.publicKeyOf(frame.from) : new Uint8Array(0),
            payloadVariant: { case: "decoded", value: frame.data },
        });
        if (!isForUs && frame.to !== BROADCAST) return;
        if (isForUs && frame.wantAck) this.#acknowledge(frame);
        this.#hearRouting(frame);
        this.#parts.onRead(packet, frame.data);
        this.#parts.deliver(packet);
    }

    /** Index of the channel that opens it, 0 for what is under our key; undefined when nothing does. */
    #opens(lock: Lock): number | undefined {
        const { settings } = this.#parts;
        if (lock.kind === "pki") return lock.receiverKey === [...settings.owner.publicKey].join() ? 0 : undefined;
        const index = settings.channels.findIndex((_, at) => {
            const own = settings.channelLock(at);
            return own?.name === lock.name && own.key === lock.key;
        });
        return index === -1 ? undefined : index;
    }

    /** Nodes that sign do so whenever they can. */
    #isForged({ from, to, isSigned, data }: AirFrame): boolean {
        const { firmware, book } = this.#parts;
        if (!firmware.signs || to !== BROADCAST) return false;
        if (isSigned) book.update(from, { signs: true });
        if (isSigned || !book.signs(from)) return false;
        const sizing = sizeOnAir(data, { isPki: false, maySign: true });
        return sizing !== "too_large" && sizing.isSigned;
    }

    #hearRouting({ data, to, from }: AirFrame): void {
        if (to !== this.#parts.number || data.requestId === 0) return;
        this.#reliability.settle(data.requestId);
        if (data.portnum !== Portnums.PortNum.ROUTING_APP) return;
        const { variant } = fromBinary(Mesh.RoutingSchema, data.payload);
        if (variant.case === "errorReason" && variant.value === code.PKI_UNKNOWN_PUBKEY) this.introduce(from);
    }

    /** Sends this node's NodeInfo. */
    introduce(to: number): void {
        const payload = toBinary(Mesh.UserSchema, this.#parts.settings.owner);
        this.send(this.packetOf({ to, portnum: Portnums.PortNum.NODEINFO_APP, payload }));
    }

    packetOf(parts: {
        to: number;
        portnum: number;
        payload: Uint8Array;
        requestId?: number;
        hopLimit?: number;
        wantAck?: boolean;
        channel?: number;
    }) {
        const { to, portnum, payload, requestId = 0, wantAck = false, channel = 0 } = parts;
        return create(Mesh.MeshPacketSchema, {
            ...{ from: this.#parts.number, to, id: this.freshId(), wantAck, channel },
            hopLimit: parts.hopLimit ?? this.#parts.settings.lora.hopLimit,
            priority: requestId === 0 ? Mesh.MeshPacket_Priority.BACKGROUND : Mesh.MeshPacket_Priority.ACK,
            payloadVariant: { case: "decoded", value: { portnum, payload, requestId } },
        });
    }

    freshId(): number {
        return Math.floor(this.#parts.air.random() * 0xfffffffe) + 1;
    }

    #acknowledge(frame: AirFrame): void {
        const isAck = frame.data.portnum === Portnums.PortNum.ROUTING_APP;
        this.#answer(frame, { error: code.NONE, isFinal: isAck });
    }

    #refuse(frame: AirFrame, channel: number | undefined): void {
        const isStranger = frame.lock.kind === "pki" && channel !== undefined;
        this.#answer(frame, { error: isStranger ? code.PKI_UNKNOWN_PUBKEY : code.NO_CHANNEL, isFinal: true });
    }

    /** An answer of its own is acknowledged too, by one that is not. */
    #answer(frame: AirFrame, { error, isFinal }: { error: number; isFinal: boolean }): void {
        const hops = Math.max(frame.hopStart - frame.hopLimit, 0);
        const isToDirect = frame.data.portnum === Portnums.PortNum.ROUTING_APP;
        this.send({
            ...this.packetOf({
                to: frame.from,
                portnum: Portnums.PortNum.ROUTING_APP,
                payload: routing(error),
                requestId: frame.id,
                hopLimit: isToDirect ? 0 : Math.min(hops + 2, 7),
            }),
            wantAck: !isFinal,
        });
    }

    #isOverDuty(id: number): boolean {
        const { settings, meter } = this.#parts;
        const percent = code.DUTY_PERCENT[settings.region];
        if (percent === undefined || settings.lora.overrideDutyCycle || meter.ownPercent() <= percent) return false;
        this.#parts.notify("Duty cycle limit exceeded. You can send again in 51 mins", id);
        return true;
    }

    #frameOf(packet: Mesh.MeshPacket, original: Mesh.Data): AirFrame | number {
        const { number, firmware, settings } = this.#parts;
        const data = { ...original, bitfield: original.bitfield ?? 0 };
        const isPki = packet.to !== BROADCAST && (packet.pkiEncrypted || !NEVER_PKI.has(data.portnum));
        const maySign = firmware.signs && packet.to === BROADCAST;
        const sizing = sizeOnAir(data, { isPki, maySign });
        if (sizing === "too_large") return code.TOO_LARGE;
        if (packet.pkiEncrypted && packet.to === BROADCAST) return code.PKI_FAILED;
        const lock = this.#lockFor(packet, isPki);
        if (typeof lock === "number") return lock;
        // A hop limit of zero means "as usual" where an acknowledgment is wanted, and is meant where it is an answer.
        const isUsual = packet.hopLimit === 0 && packet.wantAck && data.requestId === 0;
        const hopLimit = isUsual ? settings.lora.hopLimit : packet.hopLimit;
        return {
            ...{
                from: number,
                to: packet.to,
                id: packet.id,
                data,
                ...sizing,
                viaMqtt: false,
                relayNode: number & 0xff,
            },
            ...{ hopLimit, hopStart: hopLimit, wantAck: packet.wantAck && packet.to !== BROADCAST, lock },
        };
    }

    #lockFor(packet: Mesh.MeshPacket, isPki: boolean): Lock | number {
        if (isPki) {
            const receiverKey = this.#parts.book.keyOf(packet.to);
            return receiverKey === undefined ? code.PKI_SEND_FAIL_PUBLIC_KEY : { kind: "pki", receiverKey };
        }
        const channel = this.#parts.settings.channelLock(packet.channel);
        return channel ? { kind: "channel", ...channel } : code.NO_CHANNEL;
    }

    #fail(id: number, error: number): number {
        this.#tellClient(id, { error, from: this.#parts.number });
        return error;
    }

    #tellClient(requestId: number, { error, from }: { error: number; from: number }): void {
        const packet = this.packetOf({
            to: from,
            portnum: Portnums.PortNum.ROUTING_APP,
            payload: routing(error),
            requestId,
        });
        this.#parts.deliver(packet);
    }

    #remember(from: number, id: number): void {
        this.#seen.add(`${from} ${id}`);
        const [oldest] = this.#seen;
        if (this.#seen.size > HISTORY_MAX && oldest !== undefined) this.#seen.delete(oldest);
    }
}

function keyOf({ from, id }: AirFrame): string {
    return `${from} ${id}`;
}

export function routing(error: number): Uint8Array {
    const init = { variant: { case: "errorReason" as const, value: error as Mesh.Routing_Error } };
    return toBinary(Mesh.RoutingSchema, create(Mesh.RoutingSchema, init));
}
