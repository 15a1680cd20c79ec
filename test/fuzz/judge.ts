import type { FuzzTarget } from "./target.ts";

/** One input may take this long, in milliseconds; generous, because the machine does other things too. */
const INPUT_MS_MAX = 50;
/** Slow once is the machine, slow this many more times in a row is the code. */
const STALL_REPEATS = 3;
const SHRINK_TRIES_MAX = 2_000;

export interface Fault {
    readonly kind: "threw" | "stalled";
    readonly detail: string;
}

/** Runs one input and says what is wrong with what happened, if anything. */
export async function judge(target: FuzzTarget, bytes: Uint8Array): Promise<Fault | undefined> {
    const first = await runOnce(target, bytes);
    if (first.fault || first.ms <= INPUT_MS_MAX) return first.fault;
    let fastest = first.ms;
    for (let again = 0; again < STALL_REPEATS; again++) fastest = Math.min(fastest, (await runOnce(target, bytes)).ms);
    if (fastest <= INPUT_MS_MAX) return undefined;
    return { kind: "stalled", detail: `takes ${Math.round(fastest)} ms for ${bytes.length} bytes` };
}

async function runOnce(target: FuzzTarget, bytes: Uint8Array): Promise<{ ms: number; fault: Fault | undefined }> {
    // The target gets its own copy: one that writes into its input must not spoil the record of it.
    const copy = bytes.slice();
    const started = performance.now();
    try {
        await target.run(copy);
        return { ms: performance.now() - started, fault: undefined };
    } catch (cause) {
        return { ms: performance.now() - started, fault: { kind: "threw", detail: describe(cause) } };
    }
}

/** The first line and the place: two faults with the same one are taken for the same fault. */
function describe(cause: unknown): string {
    if (!(cause instanceof Error)) return String(cause);
    const place = cause.stack?.split("\n").find((line) => line.trimStart().startsWith("at ")) ?? "";
    return `${cause.name}: ${cause.message.split("\n")[0]} ${/[^/]+:\d+:\d+/.exec(place)?.[0] ?? ""}`.trim();
}

/** A smaller input with a fault of the same kind: cuts ever smaller pieces out, within a bounded number of tries. */
export async function shrink(target: FuzzTarget, bytes: Uint8Array, kind: Fault["kind"]): Promise<Uint8Array> {
    let smallest = bytes;
    let tries = 0;
    for (let size = Math.ceil(bytes.length / 2); size >= 1; size = Math.floor(size / 2)) {
        for (let at = 0; at < smallest.length && tries < SHRINK_TRIES_MAX; tries++) {
            const candidate = without(smallest, at, size);
            if ((await judge(target, candidate))?.kind === kind) smallest = candidate;
            else at += size;
        }
    }
    return smallest;
}

function without(bytes: Uint8Array, at: number, size: number): Uint8Array {
    const tail = bytes.subarray(at + size);
    const rest = new Uint8Array(at + tail.length);
    rest.set(bytes.subarray(0, at));
    rest.set(tail, at);
    return rest;
}
