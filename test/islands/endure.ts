import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Air, type AirStatistics } from "../../hw/air/air.ts";
import type { GatewayEvent } from "../../src/app/gateway.ts";
import { toHex } from "../../src/base/encoding.ts";
import { makePrng } from "../../src/base/prng.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { LORA } from "./carrier.ts";
import { type Island, openIsland } from "./island.ts";
import { KINDS, type KindName } from "./kinds.ts";
import { mailboxesOf, trafficFor } from "./traffic.ts";
import { memoryWire } from "./wires.ts";

const HOUR_MS = 3_600_000;

/** What a run may take at most, in virtual time. */
const RUN_MS_MAX = 48 * HOUR_MS;

/** After the last envelope: the answers that follow it, and what would arrive twice. */
const AFTERMATH_MS = 600_000;

/** An unplug comes so long after the envelope that sets it off, at most. */
const PULL_MS_MAX = 5_000;

/** How long a device stays away. */
const AWAY_MS_MIN = 2_000;
const AWAY_MS_MAX = 300_000;

const WEATHER = { loss: 0.2, duplication: 0.02 };

export interface Endurance {
    readonly kind: KindName;
    /** Each way. */
    readonly envelopes: number;
    readonly unplugs: number;
    readonly seed: number;
}

export interface Outcome {
    /** Bytes of all payloads. */
    readonly needBytes: number;
    readonly air: AirStatistics;
    readonly virtualMs: number;
    readonly unplugs: number;
    /** Payloads that came over the air although they were there already; the relay took each once. */
    readonly repeated: number;
    /** Times that a modem said it was down. */
    readonly downs: number;
}

/**
 * Two islands at a lossy air, full backlogs both ways, and devices that are pulled out at random moments. Resolves when
 * every envelope is in the other island's mailbox exactly once and bit for bit and nothing is owed; throws otherwise.
 */
export async function endure({ kind, envelopes, unplugs, seed }: Endurance): Promise<Outcome> {
    const directory = mkdtempSync(join(tmpdir(), "hearth-endurance-"));
    const clock = new VirtualClock();
    const air = new Air({ clock, seed, weather: WEATHER });
    const tally = { stored: 0, repeated: 0, settled: 0, downs: 0 };
    const pulls = new Pulls(clock, { seed, unplugs, span: 2 * envelopes });
    const take = (event: GatewayEvent): void => {
        if (event.kind === "state" && event.state.kind === "down") tally.downs++;
        if (event.kind === "sent" && event.outcome.kind !== "failed") tally.settled++;
        if (event.kind !== "arrival" || event.carrier !== LORA) return;
        if (event.arrival.kind === "stored") pulls.progress(++tally.stored);
        else tally.repeated++;
    };
    const open = async (index: number): Promise<Island> => {
        const station = await KINDS[kind]({ air, clock, number: index + 1, wire: memoryWire });
        return openIsland({
            clock,
            directory: join(directory, `${index}`),
            station,
            node: index + 1,
            seed: seed * 2 + index,
            onEvent: take,
        });
    };
    const islands = [await open(0), await open(1)] as const;
    pulls.islands = islands;
    const traffic = [trafficFor(1, envelopes, seed), trafficFor(0, envelopes, seed)] as const;
    try {
        for (const [index, payloads] of traffic.entries())
            await Promise.all(payloads.map((payload) => islands[index === 0 ? 0 : 1].submit(payload)));
        const isOver = (): boolean => tally.settled >= 2 * envelopes;
        const ended = await clock.runUntil(isOver, RUN_MS_MAX);
        const virtualMs = clock.now().monotonic;
        if (ended) await clock.advance(AFTERMATH_MS);
        compare(islands, traffic);
        if (!ended || islands.some((island) => island.owes())) throw new Error("something is still owed");
        const needBytes = traffic.flat().reduce((sum, { length }) => sum + length, 0);
        const { repeated, downs } = tally;
        return { needBytes, air: air.statistics, virtualMs, unplugs: pulls.done, repeated, downs };
    } catch (cause) {
        throw new Error(`${kind}, seed ${seed}: ${JSON.stringify({ ...tally, ms: clock.now().monotonic })}`, { cause });
    } finally {
        await Promise.all(islands.map((island) => island.stop()));
        rmSync(directory, { recursive: true });
    }
}

/** What one island was given is in the mailbox of the other, each once; what it has for itself is all that it was given. */
function compare(islands: readonly [Island, Island], traffic: readonly [readonly Uint8Array[], readonly Uint8Array[]]) {
    for (const [index, payloads] of traffic.entries()) {
        const expected = payloads.map(toHex).sort();
        const keys = mailboxesOf(index === 0 ? 1 : 0);
        for (const island of islands) {
            const held = [...island.held(keys)].sort();
            if (held.length !== expected.length) throw new Error(`${held.length} of ${expected.length} are there`);
            if (held.some((each, at) => each !== expected[at])) throw new Error("an envelope is not what it was");
        }
    }
}

/** Pulls devices out, spread at random over a run, and puts them back in. */
class Pulls {
    islands: readonly [Island, Island] | undefined;
    done = 0;
    readonly #clock: VirtualClock;
    readonly #random: () => number;
    readonly #moments: number[];
    readonly #away = new Set<number>();

    constructor(
        clock: VirtualClock,
        options: { readonly seed: number; readonly unplugs: number; readonly span: number },
    ) {
        this.#clock = clock;
        this.#random = makePrng(options.seed + 0x9e37);
        const moments = Array.from(
            { length: options.unplugs },
            () => 1 + Math.floor(this.#random() * (options.span - 1)),
        );
        this.#moments = moments.sort((a, b) => a - b);
    }

    /** So many envelopes have arrived. */
    progress(stored: number): void {
        while ((this.#moments[0] ?? Number.POSITIVE_INFINITY) <= stored) {
            this.#moments.shift();
            this.#after(this.#random() * PULL_MS_MAX, () => void this.#pull());
        }
    }

    async #pull(): Promise<void> {
        const first = this.#random() < 0.5 ? 0 : 1;
        const side = this.#away.has(first) ? 1 - first : first;
        const wire = this.islands?.[side === 0 ? 0 : 1].station.wire;
        if (this.#away.has(side) || !wire) {
            this.#after(AWAY_MS_MAX, () => void this.#pull());
            return;
        }
        this.#away.add(side);
        this.done++;
        await wire.unplug();
        this.#after(AWAY_MS_MIN + this.#random() * (AWAY_MS_MAX - AWAY_MS_MIN), () => {
            this.#away.delete(side);
            void wire.plugIn();
        });
    }

    #after(ms: number, task: () => void): void {
        this.#clock.schedule(this.#clock.now().monotonic + ms, task);
    }
}
