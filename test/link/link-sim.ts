import { blake3 } from "@noble/hashes/blake3.js";
import { toHex } from "../../src/base/encoding.ts";
import { makePrng } from "../../src/base/prng.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import { makeFirstLink } from "../../src/link/first-link.ts";
import type { Link, LinkEffect, LinkEvent } from "../../src/link/link.ts";

/** SF9 with 125 kHz, as the RYLR998 comes. */
const CHANNEL = {
    frequencyHz: 868_100_000,
    spreadingFactor: 9,
    bandwidthHz: 125_000,
    codingRate: 1,
    preambleSymbols: 12,
    powerDbm: 14,
};

export const airtimeMs = (size: number): number => loraAirtimeMs(CHANNEL, size);

export interface SimOptions {
    readonly seed: number;
    readonly nodes: number;
    readonly frameSizeMax?: number;
    /** Shares of frames, each for each listener. */
    readonly loss?: number;
    readonly corrupt?: number;
    readonly duplicate?: number;
    /** A frame arrives up to so much after its end, so that frames may overtake each other. */
    readonly delayMaxMs?: number;
    /** Old frames of anybody are played again, so many for each frame sent. */
    readonly replay?: number;
    /** What the depot of a node says; "stored" where nothing is told. */
    readonly verdict?: (node: number, payload: Uint8Array) => "stored" | "rejected" | "later";
    /** True where a node is out of reach of another. */
    readonly deaf?: (from: number, to: number) => boolean;
}

export interface SimNode {
    link: Link;
    /** Counts restarts: timers and answers of an earlier life are void. */
    life: number;
    /** End of each own transmission that is on. */
    sendingUntil: number;
    /** Payloads delivered in this life, by digest. */
    delivered: Map<string, number>;
    readonly outcomes: Map<number, LinkEffect>;
    readonly counts: Map<string, number>;
    /** Every payload that this node's depot holds; outlives restarts. */
    readonly depot: Set<string>;
}

interface Task {
    readonly at: number;
    readonly order: number;
    readonly run: () => void;
}

/** Some links over one bad half-duplex channel, in virtual time, from a seed. */
export class LinkSim {
    readonly nodes: SimNode[] = [];
    now = 0;
    framesSent = 0;
    bytesSent = 0;
    airtimeSentMs = 0;
    readonly log: Uint8Array[] = [];
    readonly #options: SimOptions;
    readonly #random: () => number;
    #tasks: Task[] = [];
    #order = 0;

    constructor(options: SimOptions) {
        this.#options = options;
        this.#random = makePrng(options.seed);
        for (let index = 0; index < options.nodes; index++) this.nodes.push(this.#newNode());
    }

    node(index: number): SimNode {
        const node = this.nodes[index];
        if (!node) throw new Error(`no node ${index}`);
        return node;
    }

    offer(index: number, offer: number, payload: Uint8Array): void {
        this.give(index, { kind: "offer", offer, payload });
    }

    /** The process dies and starts again: the link forgets all, the depot nothing. */
    restart(index: number): void {
        const node = this.node(index);
        node.link = this.#newLink();
        node.life++;
        node.delivered = new Map();
        node.sendingUntil = 0;
    }

    at(ms: number, run: () => void): void {
        this.#tasks.push({ at: this.now + ms, order: this.#order++, run });
    }

    /** Runs until `done` or for `maxMs`; tells whether it was done. */
    runUntil(done: () => boolean, maxMs: number): boolean {
        const end = this.now + maxMs;
        while (!done()) {
            const next = this.#nextTask();
            const deadlines = this.nodes.map(({ link }) => link.deadline() ?? Number.POSITIVE_INFINITY);
            const due = Math.min(...deadlines);
            const at = Math.max(this.now, Math.min(due, next?.at ?? Number.POSITIVE_INFINITY));
            this.now = Math.min(at, end);
            if (at > end) return false;
            if (next && next.at <= due) {
                this.#tasks = this.#tasks.filter((task) => task !== next);
                next.run();
            } else this.give(deadlines.indexOf(due), { kind: "tick" });
        }
        return true;
    }

    give(index: number, event: LinkEvent): void {
        const node = this.node(index);
        for (const effect of node.link.handle(event, this.now)) this.#perform(index, node, effect);
    }

    #perform(index: number, node: SimNode, effect: LinkEffect): void {
        switch (effect.kind) {
            case "transmit":
                this.#transmit(index, node, effect.frame);
                return;
            case "deliver":
                this.#deliver(index, node, effect);
                return;
            case "count":
                node.counts.set(effect.what, (node.counts.get(effect.what) ?? 0) + 1);
                return;
            default:
                if (node.outcomes.has(effect.offer)) throw new Error(`offer ${effect.offer} was answered twice`);
                node.outcomes.set(effect.offer, effect);
        }
    }

    #deliver(index: number, node: SimNode, { delivery, payload }: { delivery: number; payload: Uint8Array }): void {
        const name = toHex(blake3(payload));
        node.delivered.set(name, (node.delivered.get(name) ?? 0) + 1);
        const verdict = this.#options.verdict?.(index, payload) ?? "stored";
        const { life } = node;
        // The fsync takes its time, and a crash in between stores nothing.
        this.at(5 + this.#random() * 200, () => {
            if (life !== node.life) return;
            if (verdict === "stored") node.depot.add(name);
            this.give(index, { kind: "settled", delivery, verdict });
        });
    }

    #transmit(index: number, node: SimNode, frame: Uint8Array): void {
        if (node.sendingUntil > this.now) throw new Error(`node ${index} sends two frames at once`);
        const { life } = node;
        const start = this.now;
        const endAt = start + airtimeMs(frame.length);
        node.sendingUntil = endAt;
        this.framesSent++;
        this.bytesSent += frame.length;
        this.airtimeSentMs += endAt - start;
        this.log.push(frame);
        for (const [other, listener] of this.nodes.entries()) {
            if (other === index || this.#options.deaf?.(index, other)) continue;
            this.at(endAt - this.now, () => this.#arrive(other, listener, { frame, start }));
        }
        if (this.#random() < (this.#options.replay ?? 0)) this.#replay();
        this.at(endAt - this.now, () => {
            if (life === node.life) this.give(index, { kind: "transmitted", sent: true });
        });
    }

    /** Half-duplex: who sent meanwhile heard nothing. */
    #arrive(index: number, listener: SimNode, { frame, start }: { frame: Uint8Array; start: number }): void {
        const { loss = 0, duplicate = 0, delayMaxMs = 0 } = this.#options;
        if (listener.sendingUntil > start || this.#random() < loss) return;
        const copies = this.#random() < duplicate ? 2 : 1;
        for (let copy = 0; copy < copies; copy++) {
            const bytes = this.#maybeCorrupt(frame);
            this.at(this.#random() * delayMaxMs, () => this.give(index, { kind: "frame", bytes }));
        }
    }

    #maybeCorrupt(frame: Uint8Array): Uint8Array {
        if (this.#random() >= (this.#options.corrupt ?? 0)) return frame;
        const bytes = frame.slice(0, this.#random() < 0.3 ? Math.floor(this.#random() * frame.length) : frame.length);
        const at = Math.floor(this.#random() * bytes.length);
        const old = bytes[at];
        if (old !== undefined) bytes[at] = old ^ (1 + Math.floor(this.#random() * 255));
        return bytes;
    }

    #replay(): void {
        const old = this.log[Math.floor(this.#random() * this.log.length)];
        const to = Math.floor(this.#random() * this.nodes.length);
        if (old) this.at(this.#random() * 5_000, () => this.give(to, { kind: "frame", bytes: old }));
    }

    #nextTask(): Task | undefined {
        let best: Task | undefined;
        for (const task of this.#tasks) {
            if (!best || task.at < best.at || (task.at === best.at && task.order < best.order)) best = task;
        }
        return best;
    }

    #newNode(): SimNode {
        return {
            link: this.#newLink(),
            life: 0,
            sendingUntil: 0,
            delivered: new Map(),
            outcomes: new Map(),
            counts: new Map(),
            depot: new Set(),
        };
    }

    #newLink(): Link {
        return makeFirstLink({
            source: Math.floor(this.#random() * 0x10000),
            seed: Math.floor(this.#random() * 2 ** 32),
            digest: blake3,
            frameSizeMax: this.#options.frameSizeMax ?? 240,
            airtimeMs,
        });
    }
}

/** Bytes that look like ciphertext, the same for the same seed. */
export function payloadOf(seed: number, size: number): Uint8Array {
    const random = makePrng(seed);
    return Uint8Array.from({ length: size }, () => Math.floor(random() * 256));
}

export function nameOf(payload: Uint8Array): string {
    return toHex(blake3(payload));
}
