import { blake3 } from "@noble/hashes/blake3.js";
import { makePrng } from "../../../src/base/prng.ts";
import { encodeBlock } from "../../../src/link/block/block.ts";
import { encodeItem } from "../../../src/link/block/item.ts";
import type { AckEntry } from "../../../src/link/frame/ack-entries.ts";
import { encodeFrame, type LinkFrame } from "../../../src/link/frame/frame.ts";
import type { Link, LinkEvent } from "../../../src/link/link.ts";
import { makeLink } from "../../../src/link/machine/machine.ts";
import { garble } from "../../sim/garble.ts";
import { KNOWING, NOW_HOUR } from "../block/rig.ts";
import { message, noise, tombstone } from "../machine/rig.ts";

/** The receiver has an offer of its own under way all the time, so that acks mean something. */
const OFFER_EVERY = 5_000;
const STALL_MS = 50;

export interface FloodResult {
    /** Calls of `handle` that took more than 50 ms of the processor. */
    readonly stalls: number;
    readonly slowestMs: number;
    /** Most bytes that one call hashed. */
    readonly hashedMost: number;
    readonly delivered: number;
    readonly snapshotMost: number;
    /** Bytes in use after the first half and at the end, garbage collected where that can be asked for. */
    readonly heapBytes: readonly number[];
}

/** Random and near-valid frames for one link; `aliases` are the names that the strangers use. */
export function strangerFrames(
    seed: number,
    aliases: readonly number[] = Array.from({ length: 16 }, (_, alias) => alias),
): () => Uint8Array {
    const random = makePrng(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const bodies = [message(1), message(2, { key: 1 }), tombstone(1), noise(1, 90), noise(2, 200)].map((payload) => {
        return encodeBlock([{ payload, item: encodeItem(payload, KNOWING) }], blake3);
    });
    const anyBytes = (size: number): Uint8Array => Uint8Array.from({ length: size }, () => below(256));
    const check = (): number => (below(3) === 0 ? below(64) : below(2 ** 32));
    const entry = (): AckEntry => {
        const kinds = ["stored", "rejected", "later", "kept", "none", "need", "partial", "held"] as const;
        const kind = kinds[below(8)] ?? "kept";
        if (kind === "partial") return { kind, alias: below(16), slot: below(16), missing: 1 + below(32) };
        if (kind === "need")
            return { kind, check: check(), keys: below(2) === 0, hour: below(2) === 0, ids: below(2) === 0 };
        if (kind === "held")
            return {
                kind,
                check: check(),
                missing: below(33),
                held: Array.from({ length: 1 + below(32) }, () => below(2) === 0),
            };
        return { kind, check: check(), item: below(32) } as AckEntry;
    };
    const frame = (): LinkFrame => {
        const alias = aliases[below(aliases.length)] ?? 0;
        const said = { alias, node: below(3) === 0 ? 100 + below(64) : below(0x10000) };
        const head = { alias, slot: below(16), count: 1 + below(32), left: below(4) };
        const symbol = anyBytes(below(2) === 0 ? 1 + below(60) : 48);
        switch (below(8)) {
            case 0:
                return { kind: "single", alias, block: bodies[below(bodies.length)] ?? symbol };
            case 1:
            case 2:
                return { kind: "source", ...head, index: below(head.count), symbol };
            case 3:
                return { kind: "repair", ...head, number: below(32), symbol };
            case 4:
                return {
                    kind: "ack",
                    ...said,
                    following: below(4),
                    wants: below(2) === 0,
                    loss: random(),
                    entries: Array.from({ length: below(12) }, entry),
                };
            case 5: {
                const block = () => ({
                    slot: below(16),
                    count: 1 + below(32),
                    symbolSize: 1 + below(below(2) === 0 ? 509 : 60),
                    check: check(),
                });
                return {
                    kind: "poll",
                    ...said,
                    whom: below(2) * below(0x10000),
                    blocks: Array.from({ length: below(9) }, block),
                };
            }
            case 6: {
                const keys = Array.from({ length: below(12) }, () =>
                    anyBytes(16).map((byte, at) => (at < 2 ? 0xb0 : byte)),
                );
                return { kind: "teach", ...said, hour: below(2) === 0 ? NOW_HOUR : undefined, routingKeys: keys };
            }
            default:
                return {
                    kind: "hello",
                    ...said,
                    hour: below(2) === 0 ? below(0xffffff) : undefined,
                    asks: below(2) === 0,
                };
        }
    };
    return () => {
        const kind = below(10);
        if (kind === 0) return anyBytes(below(100));
        const bytes = encodeFrame(frame()).subarray(0, 512);
        return kind < 4 ? garble(bytes, random) : bytes;
    };
}

/** One link that hears nothing but strangers, ten in a second. */
export function flood(seed: number, frames: number, collect: () => void = () => {}): FloodResult {
    let hashed = 0;
    const digest = (bytes: Uint8Array): Uint8Array => {
        hashed += bytes.length;
        return blake3(bytes);
    };
    const link = makeLink({
        node: 9,
        seed,
        digest,
        frameSizeMax: 222,
        airtimeMs: (size) => 20 + size,
        hour: () => NOW_HOUR,
    });
    const next = strangerFrames(seed);
    const tally = { stalls: 0, slowestMs: 0, hashedMost: 0, delivered: 0, snapshotMost: 0 };
    const heapBytes: number[] = [];
    for (let number = 0; number < frames; number++) {
        const now = number * 100;
        const bytes = next();
        if (number % OFFER_EVERY === 0)
            drive(link, { kind: "offer", offer: number, payload: noise(number, 700) }, now, tally);
        hashed = 0;
        const before = process.cpuUsage();
        drive(link, { kind: "frame", bytes }, now, tally);
        const { user, system } = process.cpuUsage(before);
        const ms = (user + system) / 1_000;
        if (ms > STALL_MS) tally.stalls++;
        tally.slowestMs = Math.max(tally.slowestMs, ms);
        tally.hashedMost = Math.max(tally.hashedMost, hashed);
        if (number % 20_000 === 0) tally.snapshotMost = Math.max(tally.snapshotMost, link.snapshot().length);
        if (number !== frames >> 1 && number !== frames - 1) continue;
        collect();
        heapBytes.push(process.memoryUsage().heapUsed);
    }
    return { ...tally, heapBytes };
}

/** Answers for modem and depot, and ticks when the link wants one. */
function drive(link: Link, event: LinkEvent, now: number, tally: { delivered: number }): void {
    const events: LinkEvent[] = [event];
    for (let turn = 0; turn < 200; turn++) {
        const at = link.deadline();
        const next = events.shift() ?? (at !== undefined && at <= now ? ({ kind: "tick" } as const) : undefined);
        if (!next) return;
        for (const effect of link.handle(next, now)) {
            if (effect.kind === "transmit") events.push({ kind: "transmitted", sent: true });
            if (effect.kind !== "deliver") continue;
            tally.delivered++;
            events.push({ kind: "settled", delivery: effect.delivery, verdict: "stored" });
        }
    }
    throw new Error("one frame begets events without end");
}
