import type { Mesh } from "@meshtastic/protobufs";
import { err, ok, type Result } from "../../src/base/result.ts";
import type { Millis } from "../../src/base/time.ts";
import { type MeshError, meshError, queueError, routingError } from "./errors.ts";
import { BROADCAST } from "./messages.ts";

/** Sends that wait for their turn; one more is answered "busy". */
export const WAITING_MAX = 32;
/** Packets that the node has taken and whose acknowledgment is awaited. */
export const OPEN_ACKS_MAX = 8;
/** Places in the node's transmit queue that are left to its owner and to the mesh. */
const FREE_KEPT = 4;
/** A node tells within this time what became of a packet, or its word is lost: firmware keeps only two. */
const QUEUE_STATUS_MS = 5_000;
/** How often a node with a full queue is asked how full it is now. */
const FREE_ASK_MS = 2_000;
/** What a node said of its queue is no news any more: firmware before 2.6 does not answer that question. */
const FREE_STALE_MS = 20_000;

/** Where a packet got to, as far as the mesh can know. */
export interface Sent {
    /** "relayed": another node was overheard passing it on. "acked": the addressee has it. */
    readonly kind: "queued" | "relayed" | "acked";
    readonly id: number;
}

export type SendResult = Result<Sent, MeshError>;

export interface Parcel {
    readonly id: number;
    readonly to: number;
    readonly wantAck: boolean;
    /** After this time without any word the acknowledgment is given up. */
    readonly ackMsMax: Millis;
    /** The ToRadio message. */
    readonly packet: Uint8Array;
}

export interface Settled {
    readonly id: number;
    readonly result: SendResult;
}

/** What is to be done now. */
export interface OutboxStep {
    readonly post: Uint8Array | undefined;
    /** The node shall tell how much room its queue has. */
    readonly ask: boolean;
    readonly settled: readonly Settled[];
    /** The node swallowed a packet and does not answer either. */
    readonly isSilent: boolean;
}

interface Posted {
    readonly parcel: Parcel;
    readonly until: Millis;
    /** A second chance: the node was asked for its queue. */
    readonly wasAsked: boolean;
    readonly answered: boolean;
}

interface OpenAck {
    readonly parcel: Parcel;
    readonly until: Millis;
    readonly wasRelayed: boolean;
}

/**
 * The way of packets into the node: one at a time, each only after the node told what became of the one before, never
 * into the last places of its queue, and one unacknowledged packet per peer. Pure.
 */
export class Outbox {
    #waiting: Parcel[] = [];
    #posted: Posted | undefined;
    readonly #open = new Map<number, OpenAck>();
    #free: number | undefined;
    #length: number | undefined;
    #freeAt: Millis = 0;
    #askAt: Millis = 0;
    #settled: Settled[] = [];

    get counts(): { readonly waiting: number; readonly openAcks: number; readonly free: number | undefined } {
        const waiting = this.#waiting.length + (this.#posted ? 1 : 0);
        return { waiting, openAcks: this.#open.size, free: this.#free };
    }

    add(parcel: Parcel): MeshError | undefined {
        if (this.#waiting.length >= WAITING_MAX) return meshError("busy");
        this.#waiting.push(parcel);
        return undefined;
    }

    hearQueue(status: Mesh.QueueStatus, now: Millis): void {
        this.#free = status.free;
        this.#freeAt = now;
        this.#length = status.maxlen;
        const posted = this.#posted;
        if (!posted) return;
        if (posted.parcel.id !== status.meshPacketId) {
            if (posted.wasAsked) this.#posted = { ...posted, answered: true };
            return;
        }
        this.#posted = undefined;
        const error = queueError(status.res);
        if (error) this.#settle(posted.parcel.id, err(error));
        else this.#taken(posted.parcel, now);
    }

    /** `code` 0 acknowledges. `fromPeer`: the addressee itself said so. */
    hearRouting({ id, code, fromPeer }: { id: number; code: number; fromPeer: boolean }): void {
        const isPosted = this.#posted?.parcel.id === id;
        const open = this.#open.get(id) ?? (isPosted && this.#posted ? openOf(this.#posted.parcel, 0) : undefined);
        if (!open) return;
        if (code !== 0) this.#close(id, err(routingError(code)));
        else if (fromPeer) this.#close(id, ok({ kind: "acked", id }));
        else if (open.parcel.to === BROADCAST) this.#close(id, ok({ kind: "relayed", id }));
        else if (this.#open.has(id)) this.#open.set(id, { ...open, wasRelayed: true });
    }

    /** Everything that is under way may or may not have been sent. */
    failAll(error: MeshError): void {
        for (const id of this.#open.keys()) this.#close(id, err(error));
        if (this.#posted) this.#close(this.#posted.parcel.id, err(error));
        for (const { id } of this.#waiting) this.#settle(id, err(error));
        this.#waiting = [];
        this.#free = undefined;
        this.#length = undefined;
    }

    step(now: Millis): OutboxStep {
        this.#giveUpAcks(now);
        const overdue = this.#posted && now >= this.#posted.until ? this.#overdue(this.#posted, now) : undefined;
        const post = this.#post(now);
        const isFull = !this.#posted && this.#nextIndex() !== -1 && !this.#hasRoom(now);
        if (isFull && now >= this.#askAt) {
            this.#askAt = now + FREE_ASK_MS;
            return this.#take({ post, ask: true, isSilent: overdue === "silent" });
        }
        return this.#take({ post, ask: overdue === "ask", isSilent: overdue === "silent" });
    }

    deadline(): Millis | undefined {
        const times = [...this.#open.values()].map(({ until }) => until);
        if (this.#posted) times.push(this.#posted.until);
        else if (this.#nextIndex() !== -1) times.push(this.#isCrowded() ? this.#askAt : 0);
        return times.length > 0 ? Math.min(...times) : undefined;
    }

    #take(step: Omit<OutboxStep, "settled">): OutboxStep {
        const settled = this.#settled;
        this.#settled = [];
        return { ...step, settled };
    }

    #post(now: Millis): Uint8Array | undefined {
        if (this.#posted || !this.#hasRoom(now)) return undefined;
        const [parcel] = this.#waiting.splice(this.#nextIndex(), this.#nextIndex() === -1 ? 0 : 1);
        if (!parcel) return undefined;
        this.#posted = { parcel, until: now + QUEUE_STATUS_MS, wasAsked: false, answered: false };
        return parcel.packet;
    }

    /** The first that waits for nothing but its turn. */
    #nextIndex(): number {
        if (this.#open.size >= OPEN_ACKS_MAX) return -1;
        const peers = new Set([...this.#open.values()].map(({ parcel }) => parcel.to));
        return this.#waiting.findIndex(({ to }) => !peers.has(to));
    }

    #hasRoom(now: Millis): boolean {
        return !this.#isCrowded() || now >= this.#freeAt + FREE_STALE_MS;
    }

    #isCrowded(): boolean {
        // Some radios do not count their queue and say zero of zero.
        if (this.#free === undefined || !this.#length) return false;
        return this.#free <= Math.min(FREE_KEPT, Math.floor(this.#length / 4));
    }

    /** The node's word about a packet is lost, or the packet is, or the node. */
    #overdue(posted: Posted, now: Millis): "ask" | "silent" | undefined {
        if (!posted.wasAsked) {
            this.#posted = { ...posted, until: now + QUEUE_STATUS_MS, wasAsked: true };
            return "ask";
        }
        this.#posted = undefined;
        // A node that answers the one question has most likely read the other.
        if (posted.answered) {
            this.#taken(posted.parcel, now);
            return undefined;
        }
        this.#settle(posted.parcel.id, err(meshError("silent")));
        return "silent";
    }

    #taken(parcel: Parcel, now: Millis): void {
        if (parcel.wantAck) this.#open.set(parcel.id, openOf(parcel, now));
        else this.#settle(parcel.id, ok({ kind: "queued", id: parcel.id }));
    }

    #giveUpAcks(now: Millis): void {
        for (const [id, { until, wasRelayed }] of this.#open) {
            if (now < until) continue;
            this.#close(id, wasRelayed ? ok({ kind: "relayed", id }) : err(meshError("ack_timeout")));
        }
    }

    #close(id: number, result: SendResult): void {
        this.#open.delete(id);
        if (this.#posted?.parcel.id === id) this.#posted = undefined;
        this.#settle(id, result);
    }

    #settle(id: number, result: SendResult): void {
        this.#settled.push({ id, result });
    }
}

function openOf(parcel: Parcel, now: Millis): OpenAck {
    return { parcel, until: now + parcel.ackMsMax, wasRelayed: false };
}
