import { concatBytes, equalBytes } from "../base/bytes.ts";
import { toHex } from "../base/encoding.ts";
import type { Millis } from "../base/time.ts";
import { type AckFrame, type AckStatus, bitmapOf, type DataFrame, TRANSFER_SIZE } from "./first-frame.ts";
import { ACK_SLOTS, TURNAROUND_MS } from "./first-options.ts";
import { earliest, type OutboundParts } from "./first-outbound.ts";
import type { LinkEffect } from "./link.ts";

/** Half-heard transfers kept at once. */
export const ASSEMBLIES_MAX = 16;

/** Bytes of all half-heard transfers together. */
export const ASSEMBLY_BYTES_MAX = 64 * 1024;

/** A half-heard transfer that gains nothing for so long is forgotten: senders may have to wait for the duty cycle. */
export const ASSEMBLY_AGE_MS = 3_600_000;

/** Whole payloads whose `settled` has not come yet. */
export const DELIVERIES_MAX = 16;

/** Transfers whose end is remembered, so that a lost ack costs one frame and not the payload again. */
export const ENDED_MAX = 512;

/** "later" is said again for so long; then the sender may try anew. */
const LATER_MS = 10_000;

/** Answers that wait for their slot. */
const ACKS_MAX = 16;

/** Partial acks may be had for a frame of any content, so they are rationed: so many at once, and one more each second. */
const PARTIAL_ACKS_MAX = 20;
const PARTIAL_ACK_MS = 1_000;

interface Assembly {
    readonly transfer: Uint8Array;
    readonly total: number;
    readonly fragments: Map<number, Uint8Array>;
    bytes: number;
    touchedAt: Millis;
}

interface Ended {
    readonly status: AckStatus;
    readonly until: Millis;
}

interface PlannedAck {
    readonly transfer: Uint8Array;
    readonly total: number;
    readonly at: Millis;
}

/**
 * The receiving side: gathers fragments, whoever sends them, delivers what fits its digest, and answers. Every table is
 * bounded; the one that gained nothing for longest goes first.
 */
export class FirstInbound {
    readonly #parts: OutboundParts;
    /** By transfer and total, the least recently touched first. */
    readonly #assemblies = new Map<string, Assembly>();
    #bytesHeld = 0;
    readonly #deliveries = new Map<number, { readonly id: string; readonly transfer: Uint8Array; total: number }>();
    #deliveryCount = 0;
    /** By transfer, the oldest first. */
    readonly #ended = new Map<string, Ended>();
    /** By transfer. */
    readonly #acks = new Map<string, PlannedAck>();
    #partialAcks = PARTIAL_ACKS_MAX;
    #partialAcksAt: Millis | undefined;

    constructor(parts: OutboundParts) {
        this.#parts = parts;
    }

    /** What the tables hold; for tests and figures. */
    fill(): { readonly assemblies: number; readonly bytes: number; readonly ended: number; readonly acks: number } {
        const [assemblies, bytes] = [this.#assemblies.size, this.#bytesHeld];
        return { assemblies, bytes, ended: this.#ended.size, acks: this.#acks.size };
    }

    onData(frame: DataFrame, now: Millis): readonly LinkEffect[] {
        const id = toHex(frame.transfer);
        if (this.#endOf(id, now) !== undefined) {
            if (frame.asks) this.#planAck(frame, now);
            return [];
        }
        if ([...this.#deliveries.values()].some((delivery) => delivery.id === id)) return [];
        const effects: LinkEffect[] = [];
        const assembly = this.#keep(frame, now, effects);
        if (assembly.fragments.size === assembly.total) effects.push(...this.#complete(assembly, now));
        else if (frame.asks) this.#planPartialAck(frame, now);
        return effects;
    }

    /** Another neighbour said "stored": nobody needs to hear it from us as well, unless asked again. */
    onOtherAck(ack: AckFrame): void {
        if (ack.status === "stored") this.#acks.delete(toHex(ack.transfer));
    }

    settled(delivery: number, verdict: "stored" | "rejected" | "later", now: Millis): void {
        const settled = this.#deliveries.get(delivery);
        if (!settled) return;
        this.#deliveries.delete(delivery);
        this.#end(settled.id, verdict, now);
        this.#planAck(settled, now);
    }

    /** When the next answer wants to go out. */
    readyAt(): Millis | undefined {
        return earliest([...this.#acks.values()].map(({ at }) => at));
    }

    /** The answer whose time has come, with what is known now. */
    next(source: number, now: Millis): AckFrame | undefined {
        for (const [id, { transfer, total, at }] of this.#acks) {
            if (at > now) continue;
            this.#acks.delete(id);
            const status = this.#endOf(id, now) ?? "partial";
            const held = this.#assemblies.get(keyOf(transfer, total))?.fragments;
            const bitmap = status === "partial" ? bitmapOf(total, (index) => held?.has(index) === true) : NOTHING;
            return { kind: "ack", source, transfer, total, status, bitmap };
        }
        return undefined;
    }

    tick(now: Millis): readonly LinkEffect[] {
        const effects: LinkEffect[] = [];
        for (const [key, { touchedAt }] of this.#assemblies) {
            if (touchedAt + ASSEMBLY_AGE_MS > now) break;
            this.#drop(key);
            effects.push({ kind: "count", what: "assembly_expired" });
        }
        return effects;
    }

    deadline(): Millis | undefined {
        for (const { touchedAt } of this.#assemblies.values()) return touchedAt + ASSEMBLY_AGE_MS;
        return undefined;
    }

    /** Puts a fragment where it belongs, at the cost of other assemblies where there is no room. */
    #keep(frame: DataFrame, now: Millis, effects: LinkEffect[]): Assembly {
        const key = keyOf(frame.transfer, frame.total);
        const assembly = this.#assemblies.get(key) ?? {
            transfer: frame.transfer,
            total: frame.total,
            fragments: new Map<number, Uint8Array>(),
            bytes: 0,
            touchedAt: now,
        };
        if (assembly.fragments.has(frame.index)) return assembly;
        this.#assemblies.delete(key);
        while (
            this.#assemblies.size >= ASSEMBLIES_MAX ||
            this.#bytesHeld + frame.fragment.length > ASSEMBLY_BYTES_MAX
        ) {
            const oldest = this.#assemblies.keys().next();
            if (oldest.done) break;
            this.#drop(oldest.value);
            effects.push({ kind: "count", what: "assembly_evicted" });
        }
        assembly.fragments.set(frame.index, frame.fragment);
        assembly.bytes += frame.fragment.length;
        assembly.touchedAt = now;
        this.#bytesHeld += frame.fragment.length;
        this.#assemblies.set(key, assembly);
        return assembly;
    }

    #complete(assembly: Assembly, now: Millis): readonly LinkEffect[] {
        const { transfer, total, fragments } = assembly;
        this.#drop(keyOf(transfer, total));
        const whole = [...fragments].sort(([a], [b]) => a - b).map(([, fragment]) => fragment);
        const payload = concatBytes(...whole);
        if (!equalBytes(this.#parts.options.digest(payload).subarray(0, TRANSFER_SIZE), transfer)) {
            // The bitmap is empty again, so the answer asks for all of it.
            this.#planPartialAck(assembly, now);
            return [{ kind: "count", what: "assembly_damaged" }];
        }
        const id = toHex(transfer);
        if (this.#deliveries.size >= DELIVERIES_MAX) {
            this.#end(id, "later", now);
            this.#planAck(assembly, now);
            return [];
        }
        const delivery = ++this.#deliveryCount;
        this.#deliveries.set(delivery, { id, transfer, total });
        return [{ kind: "deliver", delivery, payload }];
    }

    #drop(key: string): void {
        this.#bytesHeld -= this.#assemblies.get(key)?.bytes ?? 0;
        this.#assemblies.delete(key);
    }

    #end(id: string, status: AckStatus, now: Millis): void {
        this.#ended.delete(id);
        this.#ended.set(id, { status, until: status === "later" ? now + LATER_MS : Number.POSITIVE_INFINITY });
        if (this.#ended.size <= ENDED_MAX) return;
        for (const oldest of this.#ended.keys()) {
            this.#ended.delete(oldest);
            return;
        }
    }

    #endOf(id: string, now: Millis): AckStatus | undefined {
        const ended = this.#ended.get(id);
        return ended && ended.until > now ? ended.status : undefined;
    }

    #planPartialAck(of: { readonly transfer: Uint8Array; readonly total: number }, now: Millis): void {
        const elapsed = now - (this.#partialAcksAt ?? now);
        this.#partialAcksAt = now;
        this.#partialAcks = Math.min(PARTIAL_ACKS_MAX, this.#partialAcks + elapsed / PARTIAL_ACK_MS);
        if (this.#partialAcks < 1) return;
        this.#partialAcks--;
        this.#planAck(of, now);
    }

    #planAck({ transfer, total }: { readonly transfer: Uint8Array; readonly total: number }, now: Millis): void {
        const id = toHex(transfer);
        if (this.#acks.size >= ACKS_MAX && !this.#acks.has(id)) return;
        const at = now + TURNAROUND_MS + this.#parts.random() * ACK_SLOTS * this.#parts.timing.slotMs;
        this.#acks.set(id, { transfer, total, at });
    }
}

const NOTHING = new Uint8Array(0);

function keyOf(transfer: Uint8Array, total: number): string {
    return `${toHex(transfer)} ${total}`;
}
