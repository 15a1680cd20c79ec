import { toHex } from "../../../src/base/encoding.ts";
import { givenLoss } from "../../sim/paths.ts";
import { SimAir } from "../../sim/sim-air.ts";
import { type End, HOUR_MS, LinkEnd, MINUTE_MS, message, noise, tombstone } from "./rig.ts";

/** When the weather turns fair and nobody restarts any more; from then on all has to end. */
const FAIR_AT_MS = 2 * HOUR_MS;
const LATEST_MS = 24 * HOUR_MS;

export interface ScenarioResult {
    readonly trace: string;
    /** Broken promises; empty where all is well. */
    readonly wrongs: readonly string[];
    readonly frames: number;
    /** How many offers ended in each way. */
    readonly tally: Readonly<Record<End, number>>;
}

interface World {
    readonly air: SimAir;
    readonly ends: readonly LinkEnd[];
    readonly wrongs: string[];
    /** What everybody offered, in hex. */
    readonly offered: Set<string>;
    readonly below: (limit: number) => number;
    restarts: number;
}

/** Stations, weather, payloads and accidents from a seed. */
export function runScenario(seed: number): ScenarioResult {
    const world = makeWorld(seed);
    const { air, ends, wrongs, offered, below } = world;
    const payloads = payloadsOf(world);
    for (const [index, payload] of payloads.entries()) {
        const end = ends[below(ends.length)];
        const at = below(4) === 0 ? below(HOUR_MS) : below(5_000);
        offered.add(toHex(payload));
        air.schedule(at, () => offerTo(end, payload));
        if (index % 7 === 6) air.schedule(at + 1_000 + below(20_000), () => end?.withdraw(payload));
    }
    planAccidents(world);
    air.schedule(FAIR_AT_MS, () => air.setWeather({ loss: 0.05 }));
    air.run(FAIR_AT_MS);
    air.run(() => ends.every(({ isDone }) => isDone), LATEST_MS);
    // What was answered too late to matter may still be on its way.
    air.run(air.now + 10 * MINUTE_MS);
    for (const [index, end] of ends.entries())
        wrongs.push(...judge(world, end).map((wrong) => `station ${index} ${wrong}`));
    const tally: Record<End, number> = { acknowledged: 0, rejected: 0, failed: 0 };
    for (const what of ends.flatMap((end) => [...end.ends.values()])) if (what) tally[what]++;
    return { trace: air.trace.hash(), wrongs, frames: air.counts.sent, tally };
}

function makeWorld(seed: number): World {
    const draw = new SimAir({ seed: seed ^ 0x5eed }).random;
    const below = (limit: number): number => Math.floor(draw() * limit);
    const pick = <T>(...choices: readonly T[]): T => choices[below(choices.length)] as T;
    const loss = pick(0, 0.05, 0.2, 0.35, 0.5);
    const count = pick(2, 2, 2, 3, 4, 6);
    const bursts = below(4) === 0 ? { goodMs: 20_000, badMs: 4_000, lossInGood: loss / 2, lossInBad: 0.95 } : undefined;
    const isHidden = count > 2 && below(3) === 0;
    const air = new SimAir({
        seed,
        paths: givenLoss((from, to) => (isHidden && from + to === 1 ? undefined : 0), bursts),
        weather: {
            loss,
            corruption: pick(0, 0.05),
            garbling: pick(0, 0, 0.02),
            duplication: pick(0, 0.1),
            delayMaxMs: pick(0, 0, 500, 2_000),
        },
    });
    const frameSizeMax = pick(32, 51, 222, 222);
    const wrongs: string[] = [];
    const offered = new Set<string>();
    const ends = Array.from({ length: count }, () => {
        return new LinkEnd(air, {
            frameSizeMax,
            ...(below(6) === 0 ? { forgets: true as const } : {}),
            ...(below(6) === 0 ? { hour: () => undefined } : {}),
            ...(below(8) === 0 ? { fsyncMs: { least: 200, most: 3_000 } } : {}),
            verdict: (payload) =>
                payload[0] === 0xe1 ? "rejected" : payload[0] === 0xe2 && draw() < 0.5 ? "later" : "stored",
        });
    });
    return { air, ends, wrongs, offered, below, restarts: 0 };
}

function payloadsOf({ below }: World): readonly Uint8Array[] {
    return Array.from({ length: 2 + below(12) }, (_, index) => {
        const kind = below(10);
        if (kind < 4) return message(index, { key: below(4), size: 20 + below(300) });
        if (kind === 4) return tombstone(index);
        if (kind === 5) return Uint8Array.of(0xe1, index, ...noise(index, below(200)));
        if (kind === 6) return Uint8Array.of(0xe2, index, ...noise(index, below(200)));
        if (kind === 7 && below(3) === 0) return Uint8Array.of(7, index, ...noise(index, 3_000 + below(3_000)));
        return Uint8Array.of(7, index, ...noise(index, below(900)));
    });
}

function offerTo(end: LinkEnd | undefined, payload: Uint8Array): void {
    if (end?.at.station.isOn) end.offer(payload);
}

function planAccidents(world: World): void {
    const { air, ends, below } = world;
    for (let accident = below(5); accident > 1; accident--) {
        const end = ends[below(ends.length)];
        const awayMs = [0, 1_000, 60_000, 20 * MINUTE_MS][below(4)] ?? 0;
        air.schedule(below(HOUR_MS / 2), () => {
            if (!end?.at.station.isOn) return;
            world.restarts++;
            end.restart(awayMs);
        });
    }
}

function judge({ ends, offered, restarts }: World, end: LinkEnd): readonly string[] {
    const got = [...end.at.stored.keys(), ...end.delivered];
    const invented = got.filter((name) => !offered.has(name)).map((name) => `got what nobody offered: ${name}`);
    const repeated = end.delivered
        .filter((name, at) => end.delivered.indexOf(name) !== at && restarts === 0 && !mayRepeat(ends, name))
        .map((name) => `got twice: ${name}`);
    const unended = [...end.ends].flatMap(([name, what]) => (what ? [] : [`has an offer without an end: ${name}`]));
    return [...invented, ...repeated, ...unended, ...falseEnds(ends, end)];
}

/**
 * A new life of the sender, a new try of its relay or a withdrawal may put the same payload into another block, and a block
 * of which something is to come later comes as a whole.
 */
function mayRepeat(ends: readonly LinkEnd[], name: string): boolean {
    const sender = ends.find((each) => each.ends.has(name));
    if (!sender || sender.withdrawals > 0 || sender.failures.has(name)) return true;
    return [...sender.ends.keys()].some((each) => each.startsWith("e2"));
}

function falseEnds(ends: readonly LinkEnd[], end: LinkEnd): readonly string[] {
    return [...end.ends].flatMap(([name, what]) => {
        const isStored = ends.some((each) => each !== end && each.at.stored.has(name));
        if (what === "acknowledged" && !isStored) return [`has what is acknowledged, but nowhere: ${name}`];
        return what === "rejected" && !name.startsWith("e1") ? [`has what nobody rejected: ${name}`] : [];
    });
}
