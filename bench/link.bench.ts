import { bench as airtime } from "./airtime.bench.ts";
import { bench as erasure } from "./erasure.bench.ts";
import type { Bench, Figure } from "./figure.ts";
import { type Channel, carry, frameAirtimeMs, makeIsland, messageOf, randomPayload } from "./link/rig.ts";
import { bench as sketch } from "./sketch.bench.ts";

const SEED = 1;
const SF7: Channel = { spreadingFactor: 7, frameSizeMax: 222 };
const SF12: Channel = { spreadingFactor: 12, frameSizeMax: 51 };
const FULL: Channel = { spreadingFactor: 7, frameSizeMax: 255 };

/** Transfers before measuring, so that losses are known, and measured ones. */
const WARM_UP = 12;
const TRANSFERS = 300;

/** Fits exactly 16 symbols as a raw block. */
const K = 16;
const HEADER = 3;
const BLOCK_OVERHEAD = 6;

type Report = (figure: Figure) => void;

export const bench: Bench = {
    title: `the link: what crosses the air, at what cost (seed ${SEED}; virtual time)`,
    async run(report) {
        messages(report);
        losses(report);
        listeners(report);
        goodput(report);
        // What the link is made of, in the same table.
        for (const part of [airtime, sketch, erasure]) await part.run(report);
    },
};

function figure(
    report: Report,
    name: string,
    value: number,
    options: Pick<Figure, "unit" | "target" | "better">,
): void {
    report({ name: `link.${name}`, value: Math.round(value * 1000) / 1000, ...options });
}

/** Bytes and frames of one ordinary message to a recipient that is known. */
function messages(report: Report): void {
    const cases = [
        { name: "20chars.mtu222", text: 20, channel: SF7, bytes: 216, frames: 1 },
        { name: "100chars.mtu222", text: 100, channel: SF7, bytes: 300, frames: 2 },
        { name: "100chars.mtu51", text: 100, channel: SF12, bytes: 330, frames: 7 },
    ];
    for (const { name, text, channel, bytes, frames } of cases) {
        const island = makeIsland({ seed: SEED, channel });
        carry(island, 1, messageOf(1, text));
        island.reset();
        carry(island, 2, messageOf(2, text));
        const [sums] = island.sent;
        figure(report, `${name}.bytes`, sums?.bytes ?? 0, { unit: "bytes", target: bytes, better: "lower" });
        figure(report, `${name}.frames`, sums?.data ?? 0, { unit: "frames", target: frames, better: "lower" });
        figure(report, `${name}.ack`, island.sent[1]?.bytes ?? 0, { unit: "bytes", target: null, better: "lower" });
    }
}

/** Airtime of everything, answers included, over that of k/(1−p) full frames; and waits for an answer. */
function losses(report: Report): void {
    const cases = [
        { loss: 0, target: 1.03, rounds: null },
        { loss: 0.1, target: 1.09, rounds: null },
        { loss: 0.3, target: 1.13, rounds: null },
        { loss: 0.4, target: 1.2, rounds: 1.9 },
        { loss: 0.5, target: 1.17, rounds: null },
    ];
    const size = K * (SF7.frameSizeMax - HEADER) - BLOCK_OVERHEAD;
    for (const { loss, target, rounds } of cases) {
        const island = makeIsland({ seed: SEED, channel: SF7, loss });
        for (let offer = 0; offer < WARM_UP; offer++) carry(island, offer, randomPayload(offer, size));
        island.reset();
        for (let offer = 0; offer < TRANSFERS; offer++)
            carry(island, WARM_UP + offer, randomPayload(1000 + offer, size));
        const airtimeMs = island.sent.reduce((sum, each) => sum + each.airtimeMs, 0) / TRANSFERS;
        const bound = (K / (1 - loss)) * frameAirtimeMs(SF7);
        figure(report, `k16.loss${loss * 100}.airtime`, airtimeMs / bound, {
            unit: "of the bound",
            target,
            better: "lower",
        });
        figure(report, `k16.loss${loss * 100}.rounds`, (island.sent[0]?.turns ?? 0) / TRANSFERS, {
            unit: "waits",
            target: rounds,
            better: "lower",
        });
    }
}

/** One transfer to five at once. */
function listeners(report: Report): void {
    const loss = 0.2;
    const island = makeIsland({ seed: SEED, channel: SF7, loss, stations: 6 });
    for (let offer = 0; offer < WARM_UP; offer++) carry(island, offer, randomPayload(offer, 4_096));
    island.reset();
    for (let offer = 0; offer < TRANSFERS; offer++) carry(island, WARM_UP + offer, randomPayload(1000 + offer, 4_096));
    const optimum = Math.ceil((4_096 + BLOCK_OVERHEAD) / (SF7.frameSizeMax - HEADER)) / (1 - loss);
    const data = (island.sent[0]?.data ?? 0) / TRANSFERS;
    const airtimeMs = island.sent.reduce((sum, each) => sum + each.airtimeMs, 0) / TRANSFERS;
    figure(report, "five.frames", data / optimum, { unit: "of one listener's optimum", target: 1.25, better: "lower" });
    figure(report, "five.airtime", airtimeMs / (optimum * frameAirtimeMs(SF7)), {
        unit: "of the same, with answers",
        target: null,
        better: "lower",
    });
}

/** Payload bytes a second under full backlog, over full frames sent back to back. */
function goodput(report: Report): void {
    const cases = [
        { name: "messages", payload: (seed: number) => messageOf(seed, 60) },
        { name: "3KB", payload: (seed: number) => randomPayload(seed, 3_000) },
    ];
    const best = FULL.frameSizeMax / frameAirtimeMs(FULL);
    for (const { name, payload } of cases) {
        const island = makeIsland({ seed: SEED, channel: FULL });
        const [from] = island.stations;
        let [offers, bytes] = [0, 0];
        const sizes = new Map<number, number>();
        const feed = (): void => {
            while (from && sizes.size < 48) {
                const next = payload(offers);
                sizes.set(offers, next.length);
                from.offer(offers++, next);
            }
        };
        const collect = (): void => {
            for (const [offer, size] of [...sizes]) {
                if (!from?.outcomes.has(offer)) continue;
                bytes += size;
                sizes.delete(offer);
            }
            feed();
        };
        const startedAt = island.air.now;
        feed();
        island.air.run(() => {
            collect();
            return island.air.now >= startedAt + 1_800_000;
        }, startedAt + 7_200_000);
        figure(report, `goodput.${name}`, bytes / (island.air.now - startedAt) / best, {
            unit: "of full frames",
            target: 0.92,
            better: "higher",
        });
    }
}
