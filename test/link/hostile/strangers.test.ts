import { blake3 } from "@noble/hashes/blake3.js";
import { describe, expect, it } from "vitest";
import { makePrng } from "../../../src/base/prng.ts";
import { encodeBlock } from "../../../src/link/block/block.ts";
import { FORM } from "../../../src/link/block/item.ts";
import { sourceSymbols } from "../../../src/link/erasure/symbols.ts";
import { encodeFrame, type LinkFrame } from "../../../src/link/frame/frame.ts";
import { uint } from "../../../src/link/frame/numbers.ts";
import type { Link, LinkEffect } from "../../../src/link/link.ts";
import { makeLink } from "../../../src/link/machine/machine.ts";
import { makeFrameGuard } from "../../../src/link/network-key.ts";
import { noise } from "../machine/rig.ts";
import { flood, strangerFrames } from "./flood.ts";

/** `LINK_FLOOD=10000000` for the long run. */
const FRAMES = Number(process.env["LINK_FLOOD"] ?? 4_000);
const SEED = Number(process.env["LINK_SEED_FROM"] ?? 1);
const TIMEOUT_MS = 20_000 + 10 * FRAMES;

const NEIGHBOUR = { node: 77, alias: 3 };
const STRANGERS = [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const PAYLOAD = noise(1, 2_000);
const BODY = encodeBlock([{ payload: PAYLOAD, item: { head: FORM.raw, content: PAYLOAD } }], blake3);
const SOURCES = sourceSymbols(BODY, 200);
const CHECK = uint(BODY, 2, 4);

function receiver(changes: Partial<Parameters<typeof makeLink>[0]> = {}): Link {
    return makeLink({ node: 9, seed: 1, digest: blake3, frameSizeMax: 222, airtimeMs: () => 100, ...changes });
}

function hear(link: Link, frame: LinkFrame | Uint8Array, now: number): readonly LinkEffect[] {
    const bytes = frame instanceof Uint8Array ? frame : encodeFrame(frame);
    const effects = [...link.handle({ kind: "frame", bytes }, now)];
    if (effects.some(({ kind }) => kind === "transmit")) link.handle({ kind: "transmitted", sent: true }, now);
    return effects;
}

/** A neighbour that is known, and half of its transfer. */
function halfHeard(link: Link): void {
    const hello = { kind: "hello", ...NEIGHBOUR, hour: undefined, asks: false } as const;
    for (const now of [0, 1]) hear(link, hello, now);
    for (const [index, symbol] of SOURCES.slice(0, 6).entries()) hear(link, source(index, symbol), 10 + index);
}

function source(index: number, symbol: Uint8Array): LinkFrame {
    return { kind: "source", alias: NEIGHBOUR.alias, slot: 5, count: SOURCES.length, index, left: 0, symbol };
}

function restComes(link: Link, now: number): boolean {
    return SOURCES.slice(6).some((symbol, at) =>
        hear(link, source(6 + at, symbol), now + at).some((effect) => effect.kind === "deliver"),
    );
}

describe("half a transfer of a known neighbour", () => {
    it(`outlasts strangers, seed ${SEED}`, () => {
        const link = receiver();
        halfHeard(link);
        const next = strangerFrames(SEED, STRANGERS);
        for (let number = 0; number < 2_000; number++) {
            const frame = next();
            // Who takes a neighbour's name can spoil its transfer; these do not.
            if (((frame[0] ?? 0) & 15) !== NEIGHBOUR.alias) hear(link, frame, 1_000 + number * 10);
        }
        expect(restComes(link, 40_000)).toBe(true);
    });

    it("is not given to a stranger who asks for it", () => {
        for (const symbolSize of [1, 200, 509]) {
            const link = receiver();
            halfHeard(link);
            const block = { slot: 5, count: SOURCES.length, symbolSize, check: CHECK };
            hear(link, { kind: "poll", alias: 8, node: 4000, whom: 0, blocks: [block] }, 1_000);
            expect(restComes(link, 2_000)).toBe(true);
        }
    });
});

it("a poll with a symbol size that cannot be harms nothing", () => {
    for (const size of [0, 510, 0xffff]) {
        const link = receiver();
        halfHeard(link);
        const poll = encodeFrame({
            kind: "poll",
            ...NEIGHBOUR,
            whom: 0,
            blocks: [{ slot: 6, count: SOURCES.length, symbolSize: 1, check: CHECK }],
        });
        expect(hear(link, poll.with(8, size >> 8).with(9, size & 255), 1_000)).toContainEqual({
            kind: "count",
            what: "frame_damaged",
        });
        expect(restComes(link, 2_000)).toBe(true);
    }
});

it(`${FRAMES} random and near-valid frames neither stall nor fill it, seed ${SEED}`, { timeout: TIMEOUT_MS }, () => {
    const { hashedMost, snapshotMost, heapBytes } = flood(SEED, FRAMES);
    // What is hashed is what takes time: 2 MB are some 45 ms.
    expect(hashedMost).toBeLessThan(2_000_000);
    expect(snapshotMost).toBeLessThan(4_000_000);
    expect(Math.max(...heapBytes)).toBeLessThan(200_000_000);
});

describe("with a network key", () => {
    it("strangers' frames cost one check at most and leave no trace", () => {
        let checks = 0;
        const guard = makeFrameGuard({
            keys: { current: { slot: 1, key: new Uint8Array(32).fill(1) } },
            nodeId: 9,
            counter: 0,
            mac: (key, message) => {
                checks++;
                return blake3(message, { key });
            },
        });
        const link = receiver({ guard });
        link.handle({ kind: "tick" }, 0);
        const before = link.snapshot();
        const deadline = link.deadline();
        const next = strangerFrames(SEED);
        const random = makePrng(SEED);
        checks = 0;
        for (let number = 0; number < 2_000; number++) {
            const trailer = Uint8Array.from({ length: 8 }, () => Math.floor(random() * 256));
            const checked = checks;
            const effects = hear(link, Uint8Array.of(...next(), ...trailer), 0);
            expect(effects).toEqual([{ kind: "count", what: "frame_stranger" }]);
            expect(checks - checked).toBeLessThanOrEqual(1);
        }
        expect(checks).toBeGreaterThan(300);
        expect([link.snapshot(), link.deadline()]).toEqual([before, deadline]);
    });
});
