import { err } from "../../src/base/result.ts";
import type { Entropy, Machine, Millis } from "../../src/base/time.ts";
import { meshError } from "./errors.ts";
import { Knowledge } from "./knowledge.ts";
import {
    BROADCAST,
    disconnect,
    type FromRadio,
    heartbeat,
    type MeshPacket,
    PORT_ALERT,
    PORT_ROUTING,
    readFromRadio,
    readRoutingError,
    wantConfig,
} from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { arrivalOf, objectionTo, parcelOf } from "./request.ts";
import type { MeshState, SendRequest, SessionEffect, SessionEvent } from "./session-types.ts";

/** A sleeping board needs this long between the wake-up and the first message. */
const WAKE_MS = 100;
/** A node that is asked for its settings says something at least so often, unless it is starting. */
const CONFIG_SILENCE_MS = 5_000;
/** All of the settings with hundreds of nodes, over the slowest port. */
const CONFIG_MS_MAX = 120_000;
const CONFIG_TRIES_MAX = 4;
/** Nodes close TCP after 15 minutes without a message. */
const HEARTBEAT_MS = 120_000;
const ANSWER_MS = 10_000;
/** A node that started again answers heartbeats and hands over nothing: only its settings show it. */
const AUDIT_MS = 15 * 60_000;
/** Settings without the list of nodes, from firmware 2.6 on; before, everything. */
const CONFIG_WITHOUT_NODES = 69_420;
const CONFIG_ONLY_NODES = 69_421;
/** On TCP a node has one place: who needs it for one command gets it for so long. */
const RETRY_MS_FIRST = 5_000;
const RETRY_MS_MAX = 60_000;
/** Short lives make the next pause longer: on TCP somebody else may want the node's only place. */
const STEADY_MS = 60_000;
type Phase =
    | { readonly kind: "stopped" }
    | { readonly kind: "closed"; readonly retryAt: Millis }
    | { readonly kind: "opening" }
    | { readonly kind: "waking"; readonly until: Millis }
    | Asking
    | { readonly kind: "up" };

interface Asking {
    readonly kind: "asking";
    readonly id: number;
    readonly tries: number;
    readonly since: Millis;
    /** A look at a node that counts as up meanwhile. */
    readonly isAudit: boolean;
}

export interface SessionOptions {
    readonly label: string;
    readonly portNumber: number;
    readonly entropy: Entropy;
}

/** The dialogue with one node, for as long as it is wanted. Pure; `node.ts` is its shell. */
export class Session implements Machine<SessionEvent, SessionEffect> {
    readonly knowledge = new Knowledge();
    readonly #options: SessionOptions;
    readonly #outbox = new Outbox();
    readonly #tokens = new Map<number, number>();
    #phase: Phase = { kind: "stopped" };
    #state: MeshState = { kind: "down", cause: "stopped", detail: "not started" };
    #retryMs = RETRY_MS_FIRST;
    #upSince: Millis = 0;
    #heardAt: Millis = 0;
    #heartbeatAt: Millis = 0;
    #auditAt: Millis = 0;
    /** When a heartbeat was sent that nothing has followed. */
    #unansweredSince: Millis | undefined;
    #effects: SessionEffect[] = [];

    constructor(options: SessionOptions) {
        this.#options = options;
    }

    get state(): MeshState {
        return this.#state;
    }

    get queue(): Outbox["counts"] {
        return this.#outbox.counts;
    }

    handle(event: SessionEvent, now: Millis): readonly SessionEffect[] {
        this.#take(event, now);
        this.#tick(now);
        const effects = this.#effects;
        this.#effects = [];
        return effects;
    }

    deadline(): Millis | undefined {
        const phase = this.#phase;
        if (phase.kind === "closed") return phase.retryAt;
        if (phase.kind === "waking") return phase.until;
        if (phase.kind === "asking") {
            const ends = [this.#heardAt + CONFIG_SILENCE_MS, phase.since + CONFIG_MS_MAX];
            return Math.min(...ends);
        }
        if (phase.kind !== "up") return undefined;
        const answerAt = this.#unansweredSince === undefined ? Infinity : this.#unansweredSince + ANSWER_MS;
        return Math.min(this.#heartbeatAt, this.#auditAt, answerAt, this.#outbox.deadline() ?? Infinity);
    }

    #take(event: SessionEvent, now: Millis): void {
        switch (event.kind) {
            case "start":
                if (this.#phase.kind === "stopped") this.#open();
                return;
            case "opened":
                if (this.#phase.kind === "opening") this.#phase = { kind: "waking", until: now + WAKE_MS };
                return;
            case "closed":
                if (this.#phase.kind === "stopped" || this.#phase.kind === "closed") return;
                this.#lose(now, { kind: "down", cause: "unplugged", detail: event.detail });
                return;
            case "packet":
                this.#hear(event.bytes, now);
                return;
            case "send":
                this.#send(event.token, event.request);
                return;
            case "stop":
                this.#stop();
                return;
            case "tick":
                return;
        }
    }

    #tick(now: Millis): void {
        const phase = this.#phase;
        if (phase.kind === "closed" && now >= phase.retryAt) this.#open();
        else if (phase.kind === "waking" && now >= phase.until) this.#ask(now, { tries: 1, isAudit: false });
        else if (phase.kind === "asking") this.#tickAsking(phase, now);
        else if (phase.kind === "up") this.#tickUp(now);
    }

    #tickAsking(phase: Asking, now: Millis): void {
        const isQuiet = now >= this.#heardAt + CONFIG_SILENCE_MS;
        if (!isQuiet && now < phase.since + CONFIG_MS_MAX) return;
        if (phase.tries < CONFIG_TRIES_MAX) {
            this.#ask(now, { tries: phase.tries + 1, isAudit: phase.isAudit });
            return;
        }
        const detail = isQuiet ? "it says nothing" : "it never comes to the end of its settings";
        this.#lose(now, { kind: "down", cause: "silent", detail: `${detail}: is it a Meshtastic node, and awake?` });
    }

    #tickUp(now: Millis): void {
        const isDeaf = this.#unansweredSince !== undefined && now >= this.#unansweredSince + ANSWER_MS;
        if (isDeaf || now >= this.#auditAt) {
            this.#ask(now, { tries: 1, isAudit: true });
            return;
        }
        const { post, ask, settled, isSilent } = this.#outbox.step(now);
        for (const { id, result } of settled) this.#settle(id, result);
        if (post) this.#write(post);
        if (ask || now >= this.#heartbeatAt) this.#beat(now);
        if (isSilent) this.#ask(now, { tries: 1, isAudit: true });
    }

    #beat(now: Millis): void {
        this.#write(heartbeat());
        this.#heartbeatAt = now + HEARTBEAT_MS;
        this.#unansweredSince ??= now;
    }

    #ask(now: Millis, { tries, isAudit }: { tries: number; isAudit: boolean }): void {
        const id = isAudit ? CONFIG_WITHOUT_NODES : this.#number();
        this.#phase = { kind: "asking", id, tries, since: now, isAudit };
        this.#heardAt = now;
        this.#write(wantConfig(id));
    }

    #hear(bytes: Uint8Array, now: Millis): void {
        const message = readFromRadio(bytes);
        if (!message || (this.#phase.kind !== "asking" && this.#phase.kind !== "up")) return;
        this.#heardAt = now;
        this.#unansweredSince = undefined;
        const { node, report, restarted } = this.knowledge.absorb(message);
        if (node) this.#effects.push({ kind: "node", node });
        if (report) this.#effects.push({ kind: "metrics", report });
        if (restarted) this.#restart(now);
        this.#hearMessage(message, now);
    }

    #hearMessage(message: FromRadio, now: Millis): void {
        if (message.case === "queueStatus") this.#outbox.hearQueue(message.value, now);
        if (message.case === "packet") this.#hearPacket(message.value);
        if (message.case === "clientNotification") {
            this.#effects.push({ kind: "notice", text: message.value.message });
        }
        if (message.case === "configCompleteId") this.#completed(message.value, now);
    }

    #hearPacket(packet: MeshPacket): void {
        if (packet.payloadVariant.case !== "decoded") return;
        const { portnum, payload, requestId } = packet.payloadVariant.value;
        const isOwn = packet.from === this.knowledge.ownNumber || packet.from === 0;
        if (portnum === PORT_ROUTING && requestId !== 0) {
            const code = readRoutingError(payload);
            if (code !== undefined) this.#outbox.hearRouting({ id: requestId, code, fromPeer: !isOwn });
        }
        if (portnum === PORT_ALERT && !isOwn) this.#effects.push({ kind: "alert", from: packet.from });
        if (Number(portnum) !== this.#options.portNumber || isOwn) return;
        this.#effects.push({ kind: "packet", from: packet.from, bytes: payload, about: arrivalOf(packet) });
    }

    #completed(id: number, now: Millis): void {
        const phase = this.#phase;
        // The end of an older dialogue, perhaps one that another program began.
        if (phase.kind !== "asking" || id !== phase.id) return;
        if (this.knowledge.ownNumber === undefined) {
            if (phase.tries < CONFIG_TRIES_MAX) this.#ask(now, { tries: phase.tries + 1, isAudit: false });
            else this.#lose(now, { kind: "down", cause: "silent", detail: "it does not tell its own number" });
            return;
        }
        this.#phase = { kind: "up" };
        this.#auditAt = now + AUDIT_MS;
        if (!phase.isAudit) this.#upSince = now;
        this.#tell(this.#summary(this.knowledge.ownNumber));
        // The answer tells how much room the node's queue has.
        this.#beat(now);
    }

    #summary(own: number): MeshState {
        const { firmware, lora } = this.knowledge;
        const who = `node ${nodeId(own)}, firmware ${firmware ?? "unknown"}, region ${lora?.region ?? "unknown"}`;
        if (lora?.region === "UNSET") {
            return { kind: "muted", detail: `${who}: it transmits nothing until its owner sets a region` };
        }
        if (lora && !lora.transmits) {
            return { kind: "muted", detail: `${who}: its owner has switched transmitting off` };
        }
        return { kind: "up", detail: who };
    }

    /** What the node had in hands is gone, and it hands over nothing until it is asked for its settings again. */
    #restart(now: Millis): void {
        this.#failAll("interrupted");
        const detail = "the node has started again; reading its settings";
        if (this.#state.kind !== "down") this.#tell({ kind: "down", cause: "restarted", detail });
        // Its first words within a dialogue are part of that dialogue.
        if (this.#phase.kind !== "asking") this.#ask(now, { tries: 1, isAudit: false });
    }

    #send(token: number, request: SendRequest): void {
        const context = { state: this.#state, knowledge: this.knowledge, portNumber: this.#options.portNumber };
        const parcel = parcelOf(request, this.#number(), context);
        const refusal = objectionTo(request, context) ?? this.#outbox.add(parcel);
        if (refusal) this.#effects.push({ kind: "settle", token, result: err(refusal) });
        else this.#tokens.set(parcel.id, token);
    }

    #open(): void {
        this.#phase = { kind: "opening" };
        this.#effects.push({ kind: "open" });
    }

    #lose(now: Millis, state: MeshState): void {
        const wasSteady = this.#state.kind !== "down" && now - this.#upSince >= STEADY_MS;
        if (wasSteady) this.#retryMs = RETRY_MS_FIRST;
        this.#effects.push({ kind: "close" });
        this.#phase = { kind: "closed", retryAt: now + this.#retryMs };
        this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2);
        this.#unansweredSince = undefined;
        this.#failAll("interrupted");
        this.#tell(state);
    }

    #stop(): void {
        if (this.#phase.kind === "stopped") return;
        if (this.#phase.kind === "asking" || this.#phase.kind === "up") this.#write(disconnect());
        this.#phase = { kind: "stopped" };
        this.#effects.push({ kind: "close" });
        this.#failAll("stopped");
        this.#state = { kind: "down", cause: "stopped", detail: "stopped" };
    }

    #failAll(kind: "interrupted" | "stopped"): void {
        this.#outbox.failAll(meshError(kind));
        for (const { id, result } of this.#outbox.step(0).settled) this.#settle(id, result);
    }

    #settle(id: number, result: Extract<SessionEffect, { readonly kind: "settle" }>["result"]): void {
        const token = this.#tokens.get(id);
        this.#tokens.delete(id);
        if (token !== undefined) this.#effects.push({ kind: "settle", token, result });
    }

    #tell(state: MeshState): void {
        const isNews = state.kind !== this.#state.kind || state.detail !== this.#state.detail;
        this.#state = state;
        const detail = `${this.#options.label}: ${state.detail}`;
        if (isNews) this.#effects.push({ kind: "state", state: { ...state, detail } });
    }

    #write(bytes: Uint8Array): void {
        this.#effects.push({ kind: "write", bytes });
    }

    /** Random, not zero, and none of those with a meaning of their own. */
    #number(): number {
        const bytes = new Uint8Array(4);
        for (;;) {
            this.#options.entropy.fill(bytes);
            const number = new DataView(bytes.buffer).getUint32(0);
            const isSpecial = number === CONFIG_WITHOUT_NODES || number === CONFIG_ONLY_NODES;
            if (number !== 0 && number !== BROADCAST && !isSpecial && !this.#tokens.has(number)) return number;
        }
    }
}

/** A node's number as people write it. */
export function nodeId(number: number): string {
    return `!${number.toString(16).padStart(8, "0")}`;
}
