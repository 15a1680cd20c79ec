import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Config, Mesh, Portnums, Telemetry } from "@meshtastic/protobufs";
import type { Clock, Millis } from "../../../src/base/time.ts";
import type { BytePort } from "../../port/byte-port.ts";
import { loraSettings, type MeshModulation } from "../lora.ts";
import { BROADCAST, readUser } from "../messages.ts";
import { AdminModule } from "./admin.ts";
import type { AirFrame } from "./air-frame.ts";
import { AirtimeMeter } from "./airtime-meter.ts";
import type { ClientApiParts } from "./client-api.ts";
import { ClientLine } from "./client-line.ts";
import { ClientQueues } from "./client-queues.ts";
import { dialogueOf, metadataOf } from "./dialogue.ts";
import * as code from "./firmware.ts";
import type { MeshAir, MeshRadio, Signal } from "./mesh-air.ts";
import { NodeBook } from "./node-book.ts";
import { Router, routing } from "./router.ts";
import { NodeSettings } from "./settings.ts";
import { Transmitter } from "./transmitter.ts";

const BOOT_MS = 1_500;
/** Firmware waits for more changes before it starts again. */
const RESTART_MS = 7_000;
const INTRODUCTION_MS_FIRST = 10_000;
const INTRODUCTION_MS = 3 * 3_600_000;
const REPORT_TO_CLIENT_MS = 60_000;
const REPORT_TO_MESH_MS = 30 * 60_000;

export interface EmulatedNodeOptions {
    readonly air: MeshAir;
    readonly clock: Clock;
    /** The node's number; its last byte stands for it in relays. */
    readonly number: number;
    readonly firmware?: code.FirmwareName;
    readonly longName?: string;
    /** Region EU_868 and preset SHORT_FAST unless said. */
    readonly lora?: MessageInitShape<typeof Config.Config_LoRaConfigSchema>;
    /** What a chatty console writes in front of each packet on a serial line. */
    readonly debugText?: string;
}

/** A Meshtastic node as clients and the mesh see it. See docs/hardware/meshtastic.md for what it leaves out. */
export class EmulatedNode implements MeshRadio {
    readonly number: number;
    readonly settings: NodeSettings;
    readonly #options: EmulatedNodeOptions;
    readonly #firmware: code.Firmware;
    readonly #book = new NodeBook();
    readonly #meter: AirtimeMeter;
    readonly #queues: ClientQueues;
    readonly #transmitter: Transmitter;
    readonly #router: Router;
    readonly #admin: AdminModule;
    readonly #lines = new Set<ClientLine>();
    #misbehaviour = code.WELL_BEHAVED;
    #isOn = false;
    #bootedAt: Millis = 0;
    #starts = 0;
    /** Grows with each restart: what was begun before is forgotten. */
    #life = 0;

    constructor(options: EmulatedNodeOptions) {
        const { clock, air, number } = options;
        this.#options = options;
        this.number = number;
        this.#firmware = code.FIRMWARES[options.firmware ?? "2.7"];
        const { EU_868 } = Config.Config_LoRaConfig_RegionCode;
        const { SHORT_FAST } = Config.Config_LoRaConfig_ModemPreset;
        this.settings = new NodeSettings({
            number,
            longName: options.longName ?? `Emulated ${number.toString(16)}`,
            shortName: (number & 0xffff).toString(16).padStart(4, "0"),
            publicKey: publicKeyOf(number),
            lora: { region: EU_868, modemPreset: SHORT_FAST, ...options.lora },
        });
        this.#meter = new AirtimeMeter(clock);
        this.#queues = new ClientQueues(this.#firmware.toClientMax);
        const onSent = (frame: AirFrame, ms: Millis): void => this.#router.onSent(frame, ms);
        const modulation = (): MeshModulation | undefined => loraSettings(this.settings.lora).modulation;
        this.#transmitter = new Transmitter({ clock, air, radio: this, meter: this.#meter, modulation, onSent });
        this.#router = new Router({
            ...{ number, clock, air, firmware: this.#firmware, settings: this.settings, book: this.#book },
            ...{ meter: this.#meter, transmitter: this.#transmitter },
            isQueueFull: () => this.#misbehaviour.isQueueFull,
            deliver: (packet) => this.#deliver(packet),
            notify: (message, replyId) => this.#notify(message, replyId),
            onRead: (packet, data) => this.#learnFrom(packet, data),
        });
        this.#admin = new AdminModule({
            ...{ settings: this.settings, book: this.#book },
            metadata: () => metadataOf(this.#firmware),
            onRestartNeeded: () => this.#after(RESTART_MS, () => void this.restart()),
            onReset: () => this.#after(RESTART_MS, () => void this.restart()),
        });
        this.#boot();
    }

    tuning(): string | undefined {
        const modulation = loraSettings(this.settings.lora).modulation;
        if (!this.#isOn || this.settings.region === "UNSET" || !modulation) return undefined;
        return [this.settings.region, ...Object.values(modulation)].join();
    }

    hear(frame: AirFrame, signal: Signal): void {
        if (this.#isOn) this.#router.hear(frame, signal);
    }

    /** Plugs a serial cable in, or takes a TCP connection: then the first one is hung up. */
    async plug(port: BytePort, kind: "serial" | "tcp" = "serial"): Promise<void> {
        for (const line of this.#lines) if (line.kind === "tcp" && kind === "tcp") await line.close();
        const { clock, debugText = "" } = this.#options;
        const line = new ClientLine({
            ...{ clock, port, kind, debugText, api: this.#apiParts() },
            // Between two lives nobody is at home.
            misbehaviour: () => (this.#isOn ? this.#misbehaviour : { ...this.#misbehaviour, isSilent: true }),
            onHalfPacket: () =>
                this.misbehave({ ...this.#misbehaviour, halfPackets: this.#misbehaviour.halfPackets - 1 }),
            onClose: () => this.#lines.delete(line),
        });
        this.#lines.add(line);
        await line.open();
    }

    /** Pulls every cable. */
    async unplug(): Promise<void> {
        for (const line of this.#lines) await line.close();
    }

    /** What is not named behaves well again. */
    misbehave(misbehaviour: Partial<code.NodeMisbehaviour>): void {
        this.#misbehaviour = { ...code.WELL_BEHAVED, ...misbehaviour };
    }

    /** Says something at a moment of the test's choice. */
    babble(bytes: Uint8Array): void {
        for (const line of this.#lines) line.babble(bytes);
    }

    /** Power fails and comes back. */
    async restart(): Promise<void> {
        this.#powerOff();
        for (const line of this.#lines) await line.restart();
        this.#after(BOOT_MS, () => this.#boot());
    }

    /** As after a long time on one mesh: each knows the other's name and key. */
    know(other: EmulatedNode): void {
        this.#book.update(other.number, { user: other.settings.owner });
        other.#book.update(this.number, { user: this.settings.owner });
    }

    /** The other one fell out of the table of nodes, and its key with it. */
    forget(number: number): void {
        this.#book.forget(number);
    }

    #powerOff(): void {
        this.#life++;
        this.#isOn = false;
        this.#transmitter.reset();
        this.#router.reset();
        this.#queues.clear();
        this.#meter.clear();
    }

    #boot(): void {
        this.#isOn = true;
        this.#starts++;
        this.#bootedAt = this.#options.clock.now().monotonic;
        this.#every(REPORT_TO_CLIENT_MS, REPORT_TO_CLIENT_MS, () => this.#reportToClient());
        this.#every(INTRODUCTION_MS_FIRST * (1 + this.#options.air.random()), INTRODUCTION_MS, () => {
            this.#router.introduce(BROADCAST);
        });
        this.#every(REPORT_TO_MESH_MS, REPORT_TO_MESH_MS, () => {
            const packet = this.#reportTo(BROADCAST);
            if (this.#meter.channelUsePercent() < 25) this.#router.send(packet);
        });
        if (!this.#firmware.saysRebooted || this.#starts === 1) return;
        const message = create(Mesh.FromRadioSchema, { payloadVariant: { case: "rebooted", value: true } });
        for (const line of this.#lines) line.say(toBinary(Mesh.FromRadioSchema, message));
    }

    #apiParts(): Omit<ClientApiParts, "emit" | "onIdle" | "clock"> {
        return {
            ...{ firmware: this.#firmware, queues: this.#queues },
            dialogue: (part) =>
                dialogueOf(part, {
                    ...{ number: this.number, starts: this.#starts, firmware: this.#firmware },
                    ...{ settings: this.settings, others: this.#book.infos(), metrics: this.#metrics() },
                }),
            queueStatus: () => this.#queueStatus(0, 0),
            send: (packet) => this.#sendForClient(packet),
            onTooOften: (packet, portnum) => this.#refuseForRate(packet, portnum),
            onIntroduce: () => this.#router.introduce(BROADCAST),
            refusesConfig: () => this.#misbehaviour.refusesConfig,
            liesAboutConfig: () => this.#misbehaviour.liesAboutConfig,
        };
    }

    /** Only texts are told by a routing error; the others go the way of all packets, says their queue status. */
    #refuseForRate(packet: Mesh.MeshPacket, portnum: number): void {
        const { ROUTING_APP, TEXT_MESSAGE_APP, TRACEROUTE_APP } = Portnums.PortNum;
        this.#tellQueue(0, packet.id);
        if (portnum === TRACEROUTE_APP) this.#notify("TraceRoute can only be sent once every 30 seconds", packet.id);
        if (portnum === TEXT_MESSAGE_APP) this.#answerClient(packet, ROUTING_APP, routing(code.RATE_LIMIT_EXCEEDED));
    }

    #sendForClient(original: Mesh.MeshPacket): void {
        if (!this.#isOn || original.payloadVariant.case !== "decoded") return;
        const packet = { ...original, from: this.number, id: original.id || this.#router.freshId() };
        if (packet.to === this.number) {
            this.#tellQueue(0, packet.id);
            this.#hearOwn(packet, original.payloadVariant.value);
        } else {
            this.#tellQueue(this.#router.send(withPriority(packet)), packet.id);
        }
        const { rebootAfter } = this.#misbehaviour;
        if (!Number.isFinite(rebootAfter)) return;
        this.misbehave({ ...this.#misbehaviour, rebootAfter: rebootAfter - 1 });
        if (rebootAfter <= 1) {
            this.misbehave({});
            void this.restart();
        }
    }

    #hearOwn(packet: Mesh.MeshPacket, data: Mesh.Data): void {
        const { ADMIN_APP, ROUTING_APP } = Portnums.PortNum;
        const answer = data.portnum === ADMIN_APP ? this.#admin.handle(data.payload) : undefined;
        if (answer) this.#answerClient(packet, ADMIN_APP, answer);
        else if (packet.wantAck || data.wantResponse) this.#answerClient(packet, ROUTING_APP, routing(code.NONE));
    }

    /** An answer of the node itself. */
    #answerClient(question: Mesh.MeshPacket, portnum: number, payload: Uint8Array): void {
        this.#deliver(this.#router.packetOf({ to: this.number, portnum, payload, requestId: question.id }));
    }

    #tellQueue(res: number, id: number): void {
        const { queueStatusesLost } = this.#misbehaviour;
        if (queueStatusesLost > 0) {
            this.misbehave({ ...this.#misbehaviour, queueStatusesLost: queueStatusesLost - 1 });
            return;
        }
        this.#queues.addStatus(this.#queueStatus(res, id));
        this.#pump();
    }

    #queueStatus(res: number, meshPacketId: number): Mesh.QueueStatus {
        const free = this.#misbehaviour.isQueueFull ? 0 : this.#transmitter.free;
        return create(Mesh.QueueStatusSchema, { res, free, maxlen: code.TX_QUEUE_MAX, meshPacketId });
    }

    #learnFrom(packet: Mesh.MeshPacket, data: Mesh.Data): void {
        const isIntroduction = data.portnum === Portnums.PortNum.NODEINFO_APP;
        const isNew = this.#book.update(packet.from, {
            hops: packet.hopStart - packet.hopLimit,
            ...(packet.hopStart === packet.hopLimit ? { snr: packet.rxSnr } : {}),
            lastHeard: packet.rxTime,
            viaMqtt: packet.viaMqtt,
            ...(isIntroduction ? { user: readUser(data.payload) } : {}),
        });
        if (isNew && !isIntroduction) this.#router.introduce(packet.from);
    }

    #reportToClient(): void {
        if (this.#lines.size > 0) this.#deliver(this.#reportTo(this.number));
    }

    #reportTo(to: number): Mesh.MeshPacket {
        const time = this.#options.clock.now().wall;
        const variant = { case: "deviceMetrics" as const, value: this.#metrics() };
        const telemetry = create(Telemetry.TelemetrySchema, { time, variant });
        const payload = toBinary(Telemetry.TelemetrySchema, telemetry);
        return this.#router.packetOf({ to, portnum: Portnums.PortNum.TELEMETRY_APP, payload });
    }

    #metrics(): Telemetry.DeviceMetrics {
        return create(Telemetry.DeviceMetricsSchema, {
            ...{ batteryLevel: 101, voltage: 4.1 },
            channelUtilization: this.#meter.channelUsePercent(),
            airUtilTx: this.#meter.ownPercent(),
            uptimeSeconds: Math.floor((this.#options.clock.now().monotonic - this.#bootedAt) / 1000),
        });
    }

    #notify(message: string, replyId: number): void {
        const time = this.#options.clock.now().wall;
        this.#queues.addNotification(create(Mesh.ClientNotificationSchema, { message, replyId, time }));
        this.#pump();
    }

    #deliver(packet: Mesh.MeshPacket): void {
        this.#queues.addPacket(packet);
        this.#pump();
    }

    #pump(): void {
        for (const line of this.#lines) line.api.pump();
    }

    #every(firstMs: Millis, ms: Millis, task: () => void): void {
        this.#after(firstMs, () => {
            task();
            this.#every(ms, ms, task);
        });
    }

    /** Runs `task` unless the node has started again meanwhile. */
    #after(ms: Millis, task: () => void): void {
        const life = this.#life;
        const { clock } = this.#options;
        clock.schedule(clock.now().monotonic + ms, () => {
            if (life === this.#life) task();
        });
    }
}

/** Urgency as firmware gives it to what the client left open. */
function withPriority(packet: Mesh.MeshPacket): Mesh.MeshPacket {
    const { UNSET, RELIABLE, DEFAULT } = Mesh.MeshPacket_Priority;
    if (packet.priority !== UNSET) return packet;
    return { ...packet, priority: packet.wantAck ? RELIABLE : DEFAULT };
}

/** Stands for a key; nobody can compute with it. */
function publicKeyOf(number: number): Uint8Array {
    return Uint8Array.from({ length: 32 }, (_, index) => (number >> ((index & 3) * 8)) ^ index);
}
