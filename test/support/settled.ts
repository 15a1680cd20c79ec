import type { Millis } from "../../src/base/time.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** Moves virtual time on until `promise` settles, and gives its value. Throws when `maxMs` were not enough. */
export async function settled<T>(clock: VirtualClock, promise: Promise<T>, maxMs: Millis = 60_000): Promise<T> {
    let isSettled = false;
    const done = promise.finally(() => {
        isSettled = true;
    });
    if (!(await clock.runUntil(() => isSettled, maxMs))) throw new Error(`not settled within ${maxMs} ms`);
    return done;
}
