import { makePrng } from "../../../src/base/prng.ts";
import { halfSipHash } from "../../../src/link/sketch/half-siphash.ts";
import { makeReconciler, type Reconciler } from "../../../src/link/sketch/reconciler.ts";
import type { ShortHash } from "../../../src/link/sketch/short-ids.ts";

/** More messages than any meeting of these tests needs: a meeting that goes on for ever ends here. */
const MESSAGES_MAX = 20_000;

export function randomBytes(random: () => number, size: number): Uint8Array {
    return Uint8Array.from({ length: size }, () => Math.floor(random() * 256));
}

export function randomIds(random: () => number, count: number): readonly Uint8Array[] {
    return Array.from({ length: count }, () => randomBytes(random, 16));
}

export interface Islands {
    readonly near: readonly Uint8Array[];
    readonly far: readonly Uint8Array[];
    readonly salt: Uint8Array;
}

/** Two sets that share `shared` ids and have some of their own. */
export function islands(seed: number, counts: { shared: number; near: number; far: number }): Islands {
    const random = makePrng(seed);
    const shared = randomIds(random, counts.shared);
    return {
        near: [...shared, ...randomIds(random, counts.near)],
        far: [...shared, ...randomIds(random, counts.far)],
        salt: randomBytes(random, 8),
    };
}

type Side = "near" | "far";
const SIDES: readonly Side[] = ["near", "far"];

export interface Line {
    readonly from: Side;
    readonly bytes: Uint8Array;
}

export interface Met {
    readonly lines: readonly Line[];
    /** Octets of everything until one side knew all differences, and of everything at all. */
    readonly bytesToKnow: number;
    readonly bytes: number;
    /** The ids that each side was told to give, in that order. */
    readonly nearGives: readonly Uint8Array[];
    readonly farGives: readonly Uint8Array[];
    readonly outcomes: { near?: string; far?: string };
    readonly ignored: number;
}

interface Options {
    readonly hash?: ShortHash;
    readonly expected?: number;
    readonly starts?: Side | "both";
}

/** Lets both ends talk over a channel without faults until nobody has anything to say. */
export function meet(
    { near, far, salt }: Islands,
    { hash = halfSipHash, expected = 0, starts = "near" }: Options = {},
): Met {
    const ends: Record<Side, Reconciler> = {
        near: makeReconciler({ ids: near, salt, hash, expected }),
        far: makeReconciler({ ids: far, salt, hash, expected }),
    };
    const lines: Line[] = [];
    const gives: Record<Side, Uint8Array[]> = { near: [], far: [] };
    const outcomes: { near?: string; far?: string } = {};
    const say = (from: Side, messages: readonly Uint8Array[]) =>
        lines.push(...messages.map((bytes) => ({ from, bytes })));
    for (const side of SIDES) if (starts === side || starts === "both") say(side, ends[side].start());
    let ignored = 0;
    let bytesToKnow: number | undefined;
    for (const { from, bytes } of lines) {
        if (lines.length > MESSAGES_MAX) throw new Error("the meeting does not end");
        const to = from === "near" ? "far" : "near";
        const step = ends[to].handle(bytes);
        gives[to].push(...step.missingThere);
        ignored += step.ignored ? 1 : 0;
        if (step.outcome !== undefined) {
            outcomes[to] = step.outcome;
            bytesToKnow ??= sizeOf(lines);
        }
        say(to, step.replies);
    }
    const bytes = sizeOf(lines);
    return {
        lines,
        bytesToKnow: bytesToKnow ?? bytes,
        bytes,
        nearGives: gives.near,
        farGives: gives.far,
        outcomes,
        ignored,
    };
}

function sizeOf(lines: readonly Line[]): number {
    return lines.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
