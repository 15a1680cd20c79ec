import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Mesh, Portnums } from "@meshtastic/protobufs";
import type { Clock, Millis } from "../../../src/base/time.ts";
import type { ClientQueues } from "./client-queues.ts";
import type { Firmware } from "./firmware.ts";

type Message = Mesh.FromRadio["payloadVariant"];

/** Firmware looks for more to say so often. */
const PUMP_MS = 2;
/** Without a word from the client for so long it counts as gone. */
const IDLE_MS_MAX = 15 * 60_000;
const RECENT_IDS_MAX = 20;
const CONFIG_WITHOUT_NODES = 69_420;
const CONFIG_ONLY_NODES = 69_421;

/** Ports of which a client may send one packet in so many milliseconds. */
const PAUSES_MS: Readonly<Record<number, Millis>> = {
    [Portnums.PortNum.TEXT_MESSAGE_APP]: 2_000,
    [Portnums.PortNum.POSITION_APP]: 10_000,
    [Portnums.PortNum.TELEMETRY_APP]: 10_000,
    [Portnums.PortNum.WAYPOINT_APP]: 10_000,
    [Portnums.PortNum.ALERT_APP]: 10_000,
    [Portnums.PortNum.TRACEROUTE_APP]: 30_000,
};

export interface ClientApiParts {
    readonly clock: Clock;
    readonly firmware: Firmware;
    readonly queues: ClientQueues;
    /** Everything that a client may ask for, in order, without the end. */
    dialogue(part: "all" | "without_nodes" | "only_nodes"): readonly Message[];
    queueStatus(): Mesh.QueueStatus;
    send(packet: Mesh.MeshPacket): void;
    /** A packet of a port that comes too often. */
    onTooOften(packet: Mesh.MeshPacket, portnum: number): void;
    /** The client wants everybody to know this node. */
    onIntroduce(): void;
    refusesConfig(): boolean;
    liesAboutConfig(): boolean;
    /** Returns how long the line is busy with it. */
    emit(packet: Uint8Array): Millis;
    /** The client was silent for too long. */
    onIdle(): void;
}

/** One client's dialogue with the node: first the settings, then packets as they come. */
export class ClientApi {
    readonly #parts: ClientApiParts;
    #state: "nothing" | "dialogue" | "packets" = "nothing";
    #dialogue: Message[] = [];
    #heartbeat = false;
    #recentIds: number[] = [];
    readonly #lastAt = new Map<number, Millis>();
    #nextId = 1;
    #isPumping = false;
    #life = 0;
    #cancelIdle: () => void = () => undefined;

    constructor(parts: ClientApiParts) {
        this.#parts = parts;
    }

    take(bytes: Uint8Array): void {
        const message = readToRadio(bytes);
        if (!message) return;
        this.#awaitNext();
        if (message.case === "wantConfigId") this.#begin(message.value);
        if (message.case === "disconnect") this.close();
        if (message.case === "packet") this.#takePacket(message.value);
        if (message.case === "heartbeat") {
            if (message.value.nonce === 1) this.#parts.onIntroduce();
            else if (this.#parts.firmware.answersHeartbeats) this.#heartbeat = true;
        }
        this.pump();
    }

    /** Something new waits for the client. */
    pump(): void {
        if (this.#isPumping) return;
        this.#isPumping = true;
        this.#later(PUMP_MS, () => this.#say());
    }

    close(): void {
        this.#life++;
        this.#state = "nothing";
        this.#dialogue = [];
        this.#heartbeat = false;
        this.#isPumping = false;
        this.#cancelIdle();
    }

    #say(): void {
        this.#isPumping = false;
        const message = this.#next();
        if (!message) return;
        const packet = create(Mesh.FromRadioSchema, { id: this.#nextId++, payloadVariant: message });
        const busyMs = this.#parts.emit(toBinary(Mesh.FromRadioSchema, packet));
        this.#isPumping = true;
        this.#later(Math.max(busyMs, PUMP_MS), () => this.#say());
    }

    #next(): Message | undefined {
        if (this.#heartbeat) {
            this.#heartbeat = false;
            return { case: "queueStatus", value: this.#parts.queueStatus() };
        }
        if (this.#state === "nothing") return undefined;
        const next = this.#dialogue.shift();
        if (next) return next;
        if (this.#state === "dialogue") return undefined;
        return this.#parts.queues.take();
    }

    #begin(id: number): void {
        const { firmware, dialogue } = this.#parts;
        const isShort = firmware.hasShortDialogues;
        const withoutNodes = isShort && id === CONFIG_WITHOUT_NODES;
        const onlyNodes = isShort && id === CONFIG_ONLY_NODES;
        this.#dialogue = [...dialogue(withoutNodes ? "without_nodes" : onlyNodes ? "only_nodes" : "all")];
        this.#state = this.#parts.refusesConfig() ? "dialogue" : "packets";
        if (this.#parts.refusesConfig()) return;
        this.#dialogue.push({ case: "configCompleteId", value: this.#parts.liesAboutConfig() ? (id ^ 1) >>> 0 : id });
    }

    #takePacket(packet: Mesh.MeshPacket): void {
        if (packet.payloadVariant.case !== "decoded") return;
        if (packet.id !== 0 && this.#recentIds.includes(packet.id)) return;
        this.#recentIds = [...this.#recentIds, packet.id].slice(-RECENT_IDS_MAX);
        const { portnum } = packet.payloadVariant.value;
        const now = this.#parts.clock.now().monotonic;
        const lastAt = this.#lastAt.get(portnum);
        if (lastAt !== undefined && now - lastAt < (PAUSES_MS[portnum] ?? 0)) {
            this.#parts.onTooOften(packet, portnum);
            return;
        }
        this.#lastAt.set(portnum, now);
        this.#parts.send(packet);
    }

    #awaitNext(): void {
        this.#cancelIdle();
        const { clock, onIdle } = this.#parts;
        this.#cancelIdle = clock.schedule(clock.now().monotonic + IDLE_MS_MAX, () => {
            this.close();
            onIdle();
        });
    }

    #later(ms: Millis, task: () => void): void {
        const life = this.#life;
        const { clock } = this.#parts;
        clock.schedule(clock.now().monotonic + ms, () => {
            if (life === this.#life) task();
        });
    }
}

function readToRadio(bytes: Uint8Array): Mesh.ToRadio["payloadVariant"] | undefined {
    try {
        return fromBinary(Mesh.ToRadioSchema, bytes).payloadVariant;
    } catch {
        return undefined;
    }
}
