import { blake3 } from "@noble/hashes/blake3.js";
import { concatBytes, equalBytes } from "../../../src/base/bytes.ts";
import { encodeBlock } from "../../../src/link/block/block.ts";
import { FORM } from "../../../src/link/block/item.ts";
import { decodeFrame, encodeFrame } from "../../../src/link/frame/frame.ts";
import type { Link, LinkEvent } from "../../../src/link/link.ts";
import { makeLink } from "../../../src/link/machine/machine.ts";
import { bytes as fromText } from "../../link/frame/frames.ts";
import { makeFramesFile } from "../../support/link-twin/frame-cases.ts";
import type { FuzzTarget } from "../target.ts";

const PAYLOAD = new Uint8Array(60).fill(6);
const BLOCK = encodeBlock([{ payload: PAYLOAD, item: { head: FORM.raw, content: PAYLOAD } }], blake3);
const SINGLE = encodeFrame({ kind: "single", alias: 4, block: BLOCK });
const TICKS_MAX = 100;

/** Frames for one link that has something to send itself, each behind its length in one byte. */
export const target: FuzzTarget = {
    name: "link",
    corpus: () => {
        const frames = makeFramesFile().data.written.map(({ frame }) => fromText(frame));
        const chosen = [...frames.filter(({ length }) => length < 256), SINGLE];
        return [...chosen.map((frame) => framed(frame)), concatBytes(...chosen.map(framed))];
    },
    run(bytes) {
        const link = makeLink({ node: 9, seed: 1, digest: blake3, frameSizeMax: 100, airtimeMs: (size) => 20 + size });
        give(link, { kind: "offer", offer: 1, payload: new Uint8Array(500).fill(7) }, 0);
        for (let at = 0; at < bytes.length; ) {
            const size = bytes[at] ?? 0;
            const frame = bytes.subarray(at + 1, at + 1 + size);
            at += 1 + size;
            rewrite(frame);
            const now = at * 100;
            give(link, { kind: "frame", bytes: frame }, now);
            for (let tick = 0; (link.deadline() ?? Number.POSITIVE_INFINITY) <= now; tick++) {
                if (tick > TICKS_MAX) throw new Error("ticks without end");
                give(link, { kind: "tick" }, now);
            }
        }
    },
};

/** Answers for modem and depot. */
function give(link: Link, event: LinkEvent, now: number): void {
    for (const effect of link.handle(event, now)) {
        if (effect.kind === "transmit") {
            if (effect.frame.length > 100) throw new Error("a frame too large");
            give(link, { kind: "transmitted", sent: true }, now);
        }
        if (effect.kind !== "deliver") continue;
        if (effect.payload.length === 0) throw new Error("nothing delivered");
        give(link, { kind: "settled", delivery: effect.delivery, verdict: "stored" }, now);
    }
}

function framed(frame: Uint8Array): Uint8Array {
    return concatBytes(Uint8Array.of(frame.length), frame);
}

/** What is read means the same when it is written again. */
function rewrite(frame: Uint8Array): void {
    const read = decodeFrame(frame);
    if (!read.ok) return;
    const again = decodeFrame(encodeFrame(read.frame));
    if (!again.ok || !equalBytes(encodeFrame(again.frame), encodeFrame(read.frame))) throw new Error("another frame");
}
