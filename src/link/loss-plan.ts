/** Symbols in one burst. */
export const BURST_MAX = 64;
/** Below this loss nothing is sent in advance: what it would save is less than what it costs. */
const LOSS_MIN = 0.01;
/** A neighbour of which less than this arrives is planned for as if it were this. */
const LOSS_MAX = 0.9;
/** In frames. No round is cheaper; were it free, bursts of many lengths would be equally good. */
const ROUND_COST_MIN = 0.05;

export interface Listener {
    /** Symbols that it still needs, 0 or more. */
    readonly missing: number;
    /** The share of frames that it does not hear, 0 to 1, each lost independently. */
    readonly loss: number;
}

export interface LossPlan {
    /** All to whom the same symbols are of use. */
    readonly listeners: readonly Listener[];
    /** What one more round costs, in frames: the answer, the turning round, and what waiting is worth. */
    readonly roundCost: number;
}

/**
 * How many different symbols the next burst should have, so that frames and rounds until all listeners have what they
 * miss cost least in the mean. Never less than the largest number missing, nor more than four times that and 8, nor
 * more than 64; 0 when nobody misses anything. For one listener it is exact; for several, what comes after this
 * burst is taken for the matter of one listener, who misses most and hears worst.
 */
export function framesToSend({ listeners, roundCost }: LossPlan): number {
    const needing = listeners.filter(({ missing }) => missing > 0);
    const most = Math.min(BURST_MAX, Math.max(0, ...needing.map(({ missing }) => missing)));
    const worst = Math.max(0, ...needing.map(({ loss }) => loss));
    if (most === 0 || worst < LOSS_MIN) return most;
    const later = costsOfRest(arrivalsAt(worst), most, Math.max(roundCost, ROUND_COST_MIN));
    const heard = needing.map(({ missing, loss }) => ({ missing, arrivals: arrivalsAt(loss) }));
    return cheapest(most, (frames) => {
        let cost = frames;
        let atMost = 0;
        for (const [rest, costOfRest] of later.entries()) {
            const before = atMost;
            atMost = 1;
            for (const { missing, arrivals } of heard) atMost *= atLeast(arrivals[frames], missing - rest);
            cost += (atMost - before) * costOfRest;
        }
        return cost;
    }).frames;
}

/** What it costs one listener to get 0, 1, ... `most` symbols, if every burst is as long as is best. */
function costsOfRest(arrivals: Arrivals, most: number, roundCost: number): readonly number[] {
    const costs = [0];
    for (let missing = 1; missing <= most; missing++) {
        const { cost } = cheapest(missing, (frames) => {
            const chances = arrivals[frames] ?? [];
            let sum = frames + roundCost;
            for (let got = 1; got < missing; got++) sum += (chances[got] ?? 0) * (costs[missing - got] ?? 0);
            // With nothing heard all begins again: so often in the mean that this is what it comes to.
            return sum / (1 - (chances[0] ?? 0));
        });
        costs.push(cost);
    }
    return costs;
}

function cheapest(missing: number, costOf: (frames: number) => number): { frames: number; cost: number } {
    const end = Math.min(BURST_MAX, missing * 4 + 8);
    let best = { frames: missing, cost: Number.POSITIVE_INFINITY };
    for (let frames = missing; frames <= end; frames++) {
        const cost = costOf(frames);
        if (cost < best.cost) best = { frames, cost };
    }
    return best;
}

/** For each number of frames sent, the chance of each number that arrives. */
type Arrivals = readonly (readonly number[])[];

function arrivalsAt(loss: number): Arrivals {
    const lost = Math.min(Math.max(loss, 0), LOSS_MAX);
    const rows = [[1]];
    for (let frames = 1; frames <= BURST_MAX; frames++) {
        const before = rows[frames - 1] ?? [];
        rows.push(
            Array.from(
                { length: frames + 1 },
                (_, got) => (before[got] ?? 0) * lost + (before[got - 1] ?? 0) * (1 - lost),
            ),
        );
    }
    return rows;
}

function atLeast(chances: readonly number[] = [], number: number): number {
    let sum = 0;
    for (let got = Math.max(0, number); got < chances.length; got++) sum += chances[got] ?? 0;
    return sum;
}
