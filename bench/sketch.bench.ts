import { makePrng } from "../src/base/prng.ts";
import { decode } from "../src/link/sketch/decode.ts";
import { halfSipHash } from "../src/link/sketch/half-siphash.ts";
import { indexIds, makeShortOf } from "../src/link/sketch/short-ids.ts";
import { sketchOf } from "../src/link/sketch/sketch.ts";
import { islands, meet, randomIds } from "../test/link/sketch/meet.ts";
import type { Bench, Figure } from "./figure.ts";

const SEED = 1;
const IDS = 10_000;
const CAPACITY = 40;
/** Meetings of each kind, of which the worst is shown: all but the one in fifty where own short ids collide (33 bytes more). */
const MEETINGS = 10;
const RUNS = 25;
const LIST = 0xc3;

/** Differences, those of them that the one who begins has, and the bytes that knowing them may take. */
const CASES = [
    { differences: 0, near: 0, target: 8 },
    { differences: 1, near: 1, target: 16 },
    { differences: 1, near: 0, target: 16 },
    { differences: 10, near: 5, target: 64 },
    { differences: 10, near: 0, target: 64 },
    { differences: 40, near: 20, target: 200 },
    { differences: 40, near: 13, target: 200 },
    { differences: 40, near: 40, target: 200 },
    { differences: 100, near: 50, target: null },
    { differences: 1_000, near: 500, target: null },
];

export const bench: Bench = {
    title: `reconciliation of two depots of ${IDS} envelopes, seed ${SEED}: bytes and messages, all headers included`,
    async run(report) {
        for (const each of CASES) for (const figure of meetings(each)) report(figure);
        const ids = randomIds(makePrng(SEED), IDS);
        const own = indexIds(ids, makeShortOf(halfSipHash, new Uint8Array(8)));
        const few = sketchOf(own.shorts.subarray(0, CAPACITY), { from: 0, to: CAPACITY });
        report(time("sketch.index", null, () => indexIds(ids, makeShortOf(halfSipHash, new Uint8Array(8)))));
        report(time("sketch.sketch.capacity40", 60, () => sketchOf(own.shorts, { from: 0, to: CAPACITY })));
        report(time("sketch.decode.differences40", 20, () => decode(few)));
    },
};

/** The worst of some meetings: bytes until one end knows everything, bytes of everything, messages. */
function meetings({ differences, near, target }: (typeof CASES)[number]): readonly Figure[] {
    const far = differences - near;
    const worst = { known: 0, all: 0, messages: 0 };
    for (let meeting = 0; meeting < MEETINGS; meeting++) {
        const both = islands(SEED * 1_000 + meeting, { shared: IDS - near, near, far });
        const { bytesToKnow, bytes, lines, outcomes, nearGives } = meet(both);
        if (lines.some(({ bytes }) => bytes[0] === LIST)) continue;
        if (outcomes.near !== "complete" || nearGives.length !== near) throw new Error("the meeting went wrong");
        worst.known = Math.max(worst.known, differences === 0 ? bytes : bytesToKnow);
        worst.all = Math.max(worst.all, bytes);
        worst.messages = Math.max(worst.messages, lines.length);
    }
    const name = `sketch.${differences}differences.${near}mine`;
    return [
        { name: `${name}.known`, value: worst.known, unit: "bytes", target, better: "lower" },
        { name: `${name}.all_asked`, value: worst.all, unit: "bytes", target: null, better: "lower" },
        { name: `${name}.messages`, value: worst.messages, unit: "messages", target: null, better: "lower" },
    ];
}

/** The mean of some runs, after two that do not count. */
function time(name: string, target: number | null, work: () => unknown): Figure {
    let kept: unknown;
    for (let warm = 0; warm < 2; warm++) kept = work();
    const started = performance.now();
    for (let run = 0; run < RUNS; run++) kept = work();
    const value = (performance.now() - started) / RUNS;
    if (kept === undefined) throw new Error(`${name} came to nothing`);
    return { name, value: Math.round(value * 100) / 100, unit: "ms", target, better: "lower" };
}
