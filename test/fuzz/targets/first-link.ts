import { blake3 } from "@noble/hashes/blake3.js";
import { toHex } from "../../../src/base/encoding.ts";
import { decodeFirstFrame, encodeFirstFrame } from "../../../src/link/first-frame.ts";
import { makeFirstLink } from "../../../src/link/first-link.ts";
import type { Link, LinkEffect } from "../../../src/link/link.ts";
import type { FuzzTarget } from "../target.ts";

const OPTIONS = { source: 0x0102, seed: 1, digest: blake3, frameSizeMax: 240, airtimeMs: (size: number) => size };
const PAYLOAD = Uint8Array.from({ length: 700 }, (_, index) => index % 256);
const HOUR_MS = 3_600_000;

/** More ticks than any honest use of one frame and one hour needs; above it the link spins. */
const STEPS_MAX = 500;

/** Frames as they come from the air, given to a link that is idle and to one that waits for an answer. */
export const target: FuzzTarget = {
    name: "first-link",
    corpus() {
        const link = makeFirstLink(OPTIONS);
        const frames: Uint8Array[] = [];
        for (let step = 0, effects = link.handle({ kind: "offer", offer: 1, payload: PAYLOAD }, 0); step < 4; step++) {
            for (const effect of effects) if (effect.kind === "transmit") frames.push(effect.frame);
            effects = link.handle({ kind: "transmitted", sent: true }, step);
        }
        const transfer = blake3(PAYLOAD).slice(0, 8);
        const ack = { kind: "ack", source: 7, transfer, total: 4 } as const;
        frames.push(encodeFirstFrame({ ...ack, status: "partial", bitmap: Uint8Array.of(0b0101) }));
        for (const status of ["stored", "rejected", "later"] as const)
            frames.push(encodeFirstFrame({ ...ack, status, bitmap: new Uint8Array(0) }));
        return frames;
    },
    run(bytes) {
        const decoded = decodeFirstFrame(bytes);
        if (decoded.ok && toHex(encodeFirstFrame(decoded.value)) !== toHex(bytes)) throw new Error("lossy round trip");
        const waiting = makeFirstLink({ ...OPTIONS, source: 0x0304 });
        waiting.handle({ kind: "offer", offer: 1, payload: PAYLOAD }, 0);
        live(waiting, bytes);
        live(makeFirstLink({ ...OPTIONS, source: 0x0506 }), bytes);
    },
};

/** One hostile frame, then an hour in which the link must come to rest. */
function live(link: Link, bytes: Uint8Array): void {
    let now = 10;
    const queue: LinkEffect[] = [...link.handle({ kind: "frame", bytes }, now)];
    for (let step = 0; step < STEPS_MAX; step++) {
        const effect = queue.shift();
        if (effect) {
            queue.push(...answer(link, effect, now));
            continue;
        }
        const at = link.deadline();
        if (at === undefined || at > HOUR_MS) return;
        now = Math.max(now, at);
        queue.push(...link.handle({ kind: "transmitted", sent: true }, now));
    }
    throw new Error("the link does not come to rest");
}

function answer(link: Link, effect: LinkEffect, now: number): readonly LinkEffect[] {
    if (effect.kind === "deliver")
        return link.handle({ kind: "settled", delivery: effect.delivery, verdict: "stored" }, now);
    if (effect.kind !== "transmit") return [];
    if (effect.frame.length > OPTIONS.frameSizeMax) throw new Error("a frame is too long");
    return link.handle({ kind: "transmitted", sent: true }, now);
}
