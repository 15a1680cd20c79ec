import { makePrng } from "../src/base/prng.ts";
import { loraAirtimeMs } from "../src/link/airtime.ts";
import { AIRTIME_MEMORY_S, type AirLaw, type AirtimeEntry, makeAirLaw } from "../src/link/ledger.ts";
import { findRegion } from "../src/link/region.ts";
import { transmitterLife } from "../test/carriers/lora/transmitter-life.ts";
import { busiestWindowMs, type Sent } from "../test/support/busiest-window.ts";
import type { Bench, Figure } from "./figure.ts";

const SEED = 1;
const HOURS = 1_000;
const HOUR_MS = 3_600_000;
const BUDGET_MS = 36_000;
const SHARE_AIM = 97;

/** A gateway restarts about so often, and is away for up to a minute. */
const RESTART_MS = 12 * HOUR_MS;
const AWAY_MAX_MS = 60_000;

/** From the permit to the first symbol, at most. */
const START_MS = 300;

/** What the LoRa carrier keeps free for acknowledgments, see src/carriers/lora/fit.ts. */
const RESERVE_SHARE = 0.05;
const RESERVE_ACKS = 2;

/** One frame in so many is an acknowledgment. */
const ACK_EVERY = 10;
const ACK_SIZE = 20;

interface Traffic {
    readonly name: string;
    readonly spreadingFactor: number;
    readonly sizeOf: (random: () => number) => number;
    readonly target: number | null;
}

const FULL = 222;
const mixed = (random: () => number): number => 20 + Math.floor(random() * (FULL - 19));

/** At SF12 four frames are the budget of an hour, and what is left over is never a whole one. */
const TRAFFIC: readonly Traffic[] = [
    { name: "sf7.mixed", spreadingFactor: 7, sizeOf: mixed, target: SHARE_AIM },
    { name: "sf7.full", spreadingFactor: 7, sizeOf: () => FULL, target: SHARE_AIM },
    { name: "sf9.mixed", spreadingFactor: 9, sizeOf: mixed, target: SHARE_AIM },
    { name: "sf9.full", spreadingFactor: 9, sizeOf: () => FULL, target: SHARE_AIM },
    { name: "sf12.mixed", spreadingFactor: 12, sizeOf: mixed, target: null },
];

export const bench: Bench = {
    title: `the legal budget: 1 % in any hour, ${HOURS} simulated hours of backlog with restarts, seed ${SEED}`,
    async run(report) {
        for (const traffic of TRAFFIC) {
            for (const figure of figuresOf(`law.${traffic.name}`, live(traffic), traffic.target)) report(figure);
        }
        const sent = await transmitterLife(SEED, HOURS);
        for (const figure of figuresOf("transmitter.sf7.full", sent, SHARE_AIM)) report(figure);
    },
};

function figuresOf(name: string, sent: readonly Sent[], target: number | null): readonly Figure[] {
    const spentMs = sent.reduce((sum, { airtimeMs }) => sum + airtimeMs, 0);
    const used = Math.round((spentMs / (BUDGET_MS * HOURS)) * 10_000) / 100;
    const over = Math.round(Math.max(0, busiestWindowMs(sent, HOUR_MS) - BUDGET_MS) * 1_000) / 1_000;
    return [
        { name: `airtime.${name}.used`, value: used, unit: "%", target, better: "higher" },
        { name: `airtime.${name}.over`, value: over, unit: "ms", target: 0, better: "lower" },
    ];
}

/** What a transmitter does: asks, waits, writes down, sends, says when it is over; from life to life. */
function live({ spreadingFactor, sizeOf }: Traffic): readonly Sent[] {
    const params = {
        frequencyHz: 868_100_000,
        spreadingFactor,
        bandwidthHz: 125_000,
        codingRate: 1,
        preambleSymbols: 8,
        powerDbm: 14,
    };
    const random = makePrng(SEED);
    const ackMs = loraAirtimeMs(params, ACK_SIZE);
    const reserve = {
        mostMs: RESERVE_SHARE * BUDGET_MS,
        leastMs: Math.min(RESERVE_SHARE * BUDGET_MS, RESERVE_ACKS * ackMs),
    };
    const sent: Sent[] = [];
    let [journal, now]: [AirtimeEntry[], number] = [[], 1_800_000_000_000];
    const end = now + HOURS * HOUR_MS;
    while (now < end) {
        const bornAt = now;
        const diesAt = now + 2 * random() * RESTART_MS;
        const law = bornLaw(journal, now);
        for (let turn = 1; now < Math.min(diesAt, end); turn++) {
            const isAck = turn % ACK_EVERY === 0;
            const airtimeMs = isAck ? ackMs : loraAirtimeMs(params, sizeOf(random));
            const answer = law.ask({ params, airtimeMs, reserve: isAck ? undefined : reserve }, now - bornAt);
            if (answer.kind === "never") throw new Error(answer.reason);
            if (answer.kind === "wait") {
                now = Math.min(bornAt + answer.until, diesAt);
                turn--;
                continue;
            }
            const wall = Math.floor(now / 1000);
            journal = [...journal.filter(({ at }) => at >= wall - AIRTIME_MEMORY_S), { at: wall, airtimeMs }];
            now += random() * START_MS;
            sent.push({ start: now, airtimeMs });
            now += airtimeMs;
            law.ended(answer.permit, now - bornAt);
        }
        now += random() * AWAY_MAX_MS;
    }
    return sent;
}

function bornLaw(journal: readonly AirtimeEntry[], now: number): AirLaw {
    const law = makeAirLaw({ region: findRegion("EU868"), station: { antennaGainDbi: 2, listensBeforeTalk: false } });
    law.restore(journal, { monotonic: 0, wall: Math.floor(now / 1000) });
    return law;
}
