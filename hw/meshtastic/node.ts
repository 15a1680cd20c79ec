import type { Clock, Entropy, Millis } from "../../src/base/time.ts";
import type { MeshChannel } from "./knowledge.ts";
import { type LoraSettings, meshAirtimeMs } from "./lora.ts";
import type { DeviceReport } from "./messages.ts";
import type { MeshNode } from "./node-table.ts";
import type { SendResult } from "./outbox.ts";
import type { PacketPort, PacketPortFactory } from "./packet-port.ts";
import { Session } from "./session.ts";
import type { Arrival, MeshState, SendRequest, SessionEffect, SessionEvent } from "./session-types.ts";
import { airBytes, type Cover, type MeshTraits, meshTraits } from "./traits.ts";

/** PRIVATE_APP: firmware carries it like any other and puts no rate limit on it. */
export const PRIVATE_PORT = 256;

export interface MeshtasticOptions {
    /** For people: which node this is. */
    readonly label: string;
    readonly port: PacketPortFactory;
    readonly clock: Clock;
    readonly entropy: Entropy;
    /** 256 to 511 are private; PRIVATE_PORT unless said. Both ends must agree. */
    readonly portNumber?: number;
}

export interface MeshtasticHandlers {
    /** A packet on our port, from another node. The same one may come twice after a restart of the node. */
    onPacket(from: number, bytes: Uint8Array, about: Arrival): void;
    /** One line for each change. */
    onState(state: MeshState): void;
    /** Something new about one node of the mesh. */
    onNode?(node: MeshNode): void;
    /** The node's own figures: channel use, airtime. */
    onMetrics?(report: DeviceReport): void;
    /** Somebody on the mesh has an emergency. */
    onAlert?(from: number): void;
    /** Words of the firmware for people, e.g. when it may send again. */
    onNotice?(text: string): void;
}

export interface MeshtasticStatus {
    readonly state: MeshState;
    readonly own: number | undefined;
    readonly firmware: string | undefined;
    readonly lora: LoraSettings | undefined;
    readonly channels: readonly MeshChannel[];
    readonly nodes: readonly MeshNode[];
    readonly report: DeviceReport | undefined;
    readonly queue: { readonly waiting: number; readonly openAcks: number; readonly free: number | undefined };
}

/** One Meshtastic node that its owner shares with us. Nothing of its settings is ever changed. */
export interface MeshtasticNode {
    readonly label: string;
    /** As the firmware of the moment has them; safe before the first contact. */
    traits(): MeshTraits;
    /** Milliseconds on the air of one transmission, without relays and repeats; undefined while the radio is unknown. */
    airtimeMs(size: number, cover: Cover): Millis | undefined;
    /** Returns at once and keeps the node for ever, through unplugs, restarts and silence. */
    start(handlers: MeshtasticHandlers): void;
    /** May be called again before the first settles: up to WAITING_MAX wait here. */
    send(request: SendRequest): Promise<SendResult>;
    status(): MeshtasticStatus;
    stop(): Promise<void>;
}

export function makeMeshtasticNode(options: MeshtasticOptions): MeshtasticNode {
    return new SupervisedNode(options);
}

class SupervisedNode implements MeshtasticNode {
    readonly label: string;
    readonly #options: MeshtasticOptions;
    readonly #portNumber: number;
    readonly #session: Session;
    readonly #settlers = new Map<number, (result: SendResult) => void>();
    #handlers: MeshtasticHandlers | undefined;
    #port: PacketPort | undefined;
    #nextToken = 1;
    #cancelTimer: () => void = () => undefined;

    constructor(options: MeshtasticOptions) {
        this.label = options.label;
        this.#options = options;
        this.#portNumber = options.portNumber ?? PRIVATE_PORT;
        this.#session = new Session({ label: options.label, portNumber: this.#portNumber, entropy: options.entropy });
    }

    traits(): MeshTraits {
        return meshTraits(this.#portNumber, this.#session.knowledge.firmware);
    }

    airtimeMs(size: number, cover: Cover): Millis | undefined {
        const { lora, firmware } = this.#session.knowledge;
        if (!lora?.modulation) return undefined;
        return meshAirtimeMs(lora.modulation, airBytes({ size, cover, portNumber: this.#portNumber, firmware }));
    }

    start(handlers: MeshtasticHandlers): void {
        if (this.#handlers) throw new Error(`${this.label} was started already`);
        this.#handlers = handlers;
        this.#handle({ kind: "start" });
    }

    send(request: SendRequest): Promise<SendResult> {
        const token = this.#nextToken++;
        return new Promise((resolve) => {
            this.#settlers.set(token, resolve);
            this.#handle({ kind: "send", token, request: { ...request, bytes: Uint8Array.from(request.bytes) } });
        });
    }

    status(): MeshtasticStatus {
        const { state, knowledge, queue } = this.#session;
        const { ownNumber, firmware, lora, report } = knowledge;
        const [channels, nodes] = [[...knowledge.channels.values()], knowledge.nodes.list()];
        return { state, own: ownNumber, firmware, lora, channels, nodes, report, queue };
    }

    async stop(): Promise<void> {
        const port = this.#port;
        this.#handle({ kind: "stop" });
        this.#handlers = undefined;
        this.#cancelTimer();
        await port?.close();
    }

    #handle(event: SessionEvent): void {
        const { clock } = this.#options;
        for (const effect of this.#session.handle(event, clock.now().monotonic)) this.#perform(effect);
        this.#cancelTimer();
        const deadline = this.#session.deadline();
        if (deadline !== undefined) this.#cancelTimer = clock.schedule(deadline, () => this.#handle({ kind: "tick" }));
    }

    #perform(effect: SessionEffect): void {
        const handlers = this.#handlers;
        switch (effect.kind) {
            case "open":
                void this.#open();
                return;
            case "close":
                void this.#port?.close().catch(() => undefined);
                this.#port = undefined;
                return;
            case "write":
                this.#write(effect.bytes);
                return;
            case "settle":
                this.#settlers.get(effect.token)?.(effect.result);
                this.#settlers.delete(effect.token);
                return;
            case "packet":
                handlers?.onPacket(effect.from, effect.bytes, effect.about);
                return;
            case "state":
                handlers?.onState(effect.state);
                return;
            case "node":
                handlers?.onNode?.(effect.node);
                return;
            case "metrics":
                handlers?.onMetrics?.(effect.report);
                return;
            case "alert":
                handlers?.onAlert?.(effect.from);
                return;
            case "notice":
                handlers?.onNotice?.(effect.text);
        }
    }

    async #open(): Promise<void> {
        const port = this.#options.port();
        this.#port = port;
        const ended = (cause: unknown): void => {
            if (this.#port !== port) return;
            const detail = cause instanceof Error ? cause.message : `${port.label} was closed`;
            this.#handle({ kind: "closed", detail });
        };
        try {
            await port.open({
                onPacket: (bytes) => {
                    if (this.#port === port) this.#handle({ kind: "packet", bytes });
                },
                onClose: ended,
            });
        } catch (cause) {
            ended(cause);
            return;
        }
        if (this.#port === port) this.#handle({ kind: "opened" });
        else await port.close();
    }

    #write(bytes: Uint8Array): void {
        const port = this.#port;
        port?.write(bytes).catch((cause: unknown) => {
            if (this.#port === port) this.#handle({ kind: "closed", detail: String(cause) });
        });
    }
}
