import type { MeshError } from "../../../hw/meshtastic/errors.ts";
import type { MeshtasticNode } from "../../../hw/meshtastic/node.ts";
import type { Arrival, MeshState } from "../../../hw/meshtastic/session-types.ts";
import type { Modem, ModemError, ModemHandlers, ModemTraits } from "../../../hw/modem.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Clock, Millis } from "../../base/time.ts";
import { roleOf } from "../../link/frame/frame.ts";
import type { Gateways } from "./gateways.ts";
import type { Quiet } from "./quiet.ts";
import { airtimeUnknownMs, crossingMs } from "./timing.ts";

/** After firmware found no key of a node, packets for it go to everybody for so long, in milliseconds. */
const NO_KEY_MS = 30 * 60_000;

/** Which frames firmware sends again by itself until they are acknowledged; why "none": docs/decisions. */
export type FirmwareRetries = "none" | "data" | "all";

export interface MeshModemOptions {
    readonly node: MeshtasticNode;
    readonly clock: Clock;
    /** Index of the node's channel for broadcasts. */
    readonly channel: number;
    /** Whether frames for one gateway go to it alone, under its public key. */
    readonly pki: boolean;
    readonly retries?: FirmwareRetries;
    readonly gateways: Gateways;
    readonly quiet: Quiet;
    /** Of gateways something is worth writing down. */
    readonly onContact?: () => void;
}

/** A Meshtastic node as a modem: its mesh is the air, and a frame is on it until the last relay has passed it on. */
export interface MeshModem extends Modem {
    crossingMs(size: number): Millis;
}

export function makeMeshModem(options: MeshModemOptions): MeshModem {
    return new NodeModem(options);
}

class NodeModem implements MeshModem {
    readonly label: string;
    readonly traits: ModemTraits;
    readonly #options: MeshModemOptions;
    #handlers: ModemHandlers | undefined;
    #isSending = false;
    /** Who asked since our last answer. */
    #askers = new Set<number>();
    #hasAnswered = false;
    /** Until when packets for a node go to everybody. */
    readonly #keyless = new Map<number, Millis>();
    /** Nodes that got an answer for them alone. */
    readonly #answered = new Set<number>();

    constructor(options: MeshModemOptions) {
        const { node, pki } = options;
        const { broadcastSizeMax, unicastSizeMax } = node.traits();
        this.#options = options;
        this.label = node.label;
        this.traits = {
            // The same for both, or a frame made for many could not go to the one that is left.
            frameSizeMax: pki ? unicastSizeMax : broadcastSizeMax,
            reportsRssi: true,
            detectsChannelActivity: false,
            confirmsTransmission: true,
        };
    }

    airtimeMs(size: number): Millis {
        const { node, pki } = this.#options;
        return node.airtimeMs(size, pki ? "pki" : "channel") ?? airtimeUnknownMs(size);
    }

    crossingMs(size: number): Millis {
        const { node, gateways, clock } = this.#options;
        const hops = gateways.active(clock.now().wall).flatMap((gateway) => gateway.hops ?? []);
        const farthest = hops.length > 0 ? Math.max(...hops) : undefined;
        return crossingMs(this.airtimeMs(size), farthest, node.status().lora);
    }

    start(handlers: ModemHandlers): void {
        const { node, quiet, clock } = this.#options;
        this.#handlers = handlers;
        node.start({
            onPacket: (from, bytes, about) => this.#hear(from, bytes, about),
            onState: (state) => this.#tell(state),
            onMetrics: (report) => quiet.hearReport(report, clock.now().monotonic),
            onAlert: () => quiet.hearAlert(clock.now().monotonic),
        });
    }

    async send(frame: Uint8Array): Promise<Result<void, ModemError>> {
        if (this.#isSending) return err({ kind: "busy", detail: `${this.label} is sending already` });
        this.#isSending = true;
        const sent = await this.#send(frame);
        this.#isSending = false;
        return sent;
    }

    async stop(): Promise<void> {
        this.#handlers = undefined;
        await this.#options.node.stop();
    }

    async #send(frame: Uint8Array): Promise<Result<void, ModemError>> {
        const { node, channel, clock, quiet } = this.#options;
        const to = this.#addressee(frame);
        const wantAck = to !== "everybody" && this.#wantsAck(frame);
        const result = await node.send({ to, bytes: frame, channel, wantAck });
        if (result.ok || isOnAir(result.error)) {
            // Three tries and an answer took their time already.
            if (!wantAck) await this.#sleep(this.crossingMs(frame.length));
            return ok(undefined);
        }
        const { error } = result;
        const now = clock.now().monotonic;
        quiet.hearRefusal(error, now);
        if (to !== "everybody" && isAboutKeys(error)) {
            this.#avoidKey(to);
            return await this.#send(frame);
        }
        return err({ kind: "refused", detail: error.detail });
    }

    /** One gateway alone, or the one that asked: under its key, so that firmware adds no signature. */
    #addressee(frame: Uint8Array): number | "everybody" {
        const { gateways, clock, pki } = this.#options;
        const role = roleOf(frame);
        if (role === "answers") this.#hasAnswered = true;
        if (!pki || role === "introduces") return "everybody";
        const active = gateways.active(clock.now().wall).map(({ number }) => number);
        const [only] = role === "answers" && this.#askers.size === 1 ? this.#askers : active;
        const isOne = only !== undefined && (active.length === 1 || (role === "answers" && this.#askers.size === 1));
        const isKeyless = only !== undefined && (this.#keyless.get(only) ?? 0) > clock.now().monotonic;
        if (!isOne || isKeyless) return "everybody";
        if (role === "answers") this.#answered.add(only);
        return only;
    }

    /** Firmware lacks its key, or it lacks ours. */
    #avoidKey(node: number): void {
        const { clock } = this.#options;
        this.#answered.delete(node);
        this.#keyless.set(node, clock.now().monotonic + NO_KEY_MS);
    }

    #wantsAck(frame: Uint8Array): boolean {
        const { retries = "none" } = this.#options;
        return retries === "all" || (retries === "data" && roleOf(frame) === "asks");
    }

    #hear(from: number, bytes: Uint8Array, { hops, rssiDbm, snrDb, isBroadcast }: Arrival): void {
        const { gateways, clock, onContact } = this.#options;
        if (gateways.heard(from, { hops, snrDb }, clock.now().wall)) onContact?.();
        if (roleOf(bytes) === "asks") {
            if (this.#hasAnswered) this.#askers = new Set();
            this.#hasAnswered = false;
            this.#askers.add(from);
            // Whoever heard our answer would ask us alone, as long as there is nobody else.
            const isAlone = gateways.active(clock.now().wall).length === 1;
            if (isBroadcast && isAlone && this.#answered.has(from)) this.#avoidKey(from);
        }
        this.#handlers?.onFrame({ bytes, rssiDbm, snrDb });
    }

    #tell(state: MeshState): void {
        const { detail } = state;
        if (state.kind === "up") this.#handlers?.onUp(detail);
        else this.#handlers?.onDown({ kind: downKind(state), detail });
    }

    #sleep(ms: Millis): Promise<void> {
        const { clock } = this.#options;
        return new Promise((resolve) => void clock.schedule(clock.now().monotonic + ms, resolve));
    }
}

function downKind(state: MeshState): ModemError["kind"] {
    if (state.kind !== "down") return "refused";
    return state.cause === "restarted" ? "silent" : state.cause;
}

/** All tries went out, and perhaps only their acknowledgments were lost. */
function isOnAir({ kind }: MeshError): boolean {
    return kind === "max_retransmit" || kind === "ack_timeout" || kind === "timeout";
}

function isAboutKeys({ kind }: MeshError): boolean {
    return kind === "pki_send_fail_public_key" || kind === "pki_unknown_pubkey" || kind === "pki_failed";
}
