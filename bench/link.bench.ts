import { LinkSim, payloadOf } from "../test/link/link-sim.ts";
import type { Bench } from "./figure.ts";

/** Transfers for each figure; each has its own seed. */
const TRANSFERS = 200;

/** An ordinary sealed message of 20 characters, and a long one. */
const SIZES = [235, 2_000];
const HOUR_MS = 3_600_000;

export const bench: Bench = {
    title: "the first link: what a payload costs on the air (SF9, 125 kHz, frames of 240 bytes, both directions)",
    async run(report) {
        for (const size of SIZES) {
            for (const loss of [0, 0.3]) {
                const name = `link.${size}B.loss${loss * 100}`;
                const { frames, bytes, airtimeMs, seconds } = carry(size, loss);
                report({ name: `${name}.frames`, value: frames, unit: "frames", target: null, better: "lower" });
                report({ name: `${name}.bytes`, value: bytes, unit: "bytes", target: null, better: "lower" });
                report({ name: `${name}.airtime`, value: airtimeMs, unit: "ms", target: null, better: "lower" });
                report({ name: `${name}.seconds`, value: seconds, unit: "s", target: null, better: "lower" });
            }
        }
    },
};

/** Averages over all transfers, in virtual time. */
function carry(size: number, loss: number) {
    const sum = { frames: 0, bytes: 0, airtimeMs: 0, seconds: 0 };
    for (let seed = 1; seed <= TRANSFERS; seed++) {
        const sim = new LinkSim({ seed, nodes: 2, loss });
        sim.offer(0, 1, payloadOf(seed, size));
        sim.runUntil(() => sim.node(0).outcomes.has(1), HOUR_MS);
        if (sim.node(0).outcomes.get(1)?.kind !== "acknowledged") throw new Error(`transfer ${seed} did not arrive`);
        sum.frames += sim.framesSent;
        sum.bytes += sim.bytesSent;
        sum.airtimeMs += sim.airtimeSentMs;
        sum.seconds += sim.now / 1000;
    }
    const mean = (value: number): number => Math.round((value / TRANSFERS) * 100) / 100;
    return {
        frames: mean(sum.frames),
        bytes: mean(sum.bytes),
        airtimeMs: mean(sum.airtimeMs),
        seconds: mean(sum.seconds),
    };
}
