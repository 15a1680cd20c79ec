import { err, ok, type Result } from "../../base/result.ts";
import type { UnixSeconds } from "../../base/time.ts";
import type { NodeGroup } from "./http-format.ts";

/** 2026-01-01T00:00:00Z: the time that stands still in vectors which name none. */
export const VECTOR_EPOCH: UnixSeconds = 1_767_225_600;

const SPAN = /^(?:requests? )?(\d+)(?:-(\d+))? at T0((?:[+-]\d+[hms])*)$/;
const SECONDS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };

/**
 * The time of each exchange of a group: `now`, or spans such as "requests 0-3 at T0, 4 at T0+168h-1s". An exchange that no
 * span names is an error.
 */
export function timesOf(group: NodeGroup): Result<readonly UnixSeconds[], string> {
    const start = group.now ?? VECTOR_EPOCH;
    const all = Array.from({ length: group.exchanges.length }, () => start);
    if (group.times === undefined) return ok(all);
    const named = new Map<number, UnixSeconds>();
    for (const span of group.times.split(/,\s*/)) {
        const match = SPAN.exec(span);
        if (!match) return err(`times not understood: ${JSON.stringify(span)}`);
        const [, first = "", last = first, offsets = ""] = match;
        const at = start + offsetOf(offsets);
        for (let index = Number(first); index <= Math.min(Number(last), all.length); index++) named.set(index, at);
    }
    const missing = all.findIndex((_, index) => !named.has(index));
    if (missing >= 0) return err(`times name no time for request ${missing}`);
    return ok(all.map((at, index) => named.get(index) ?? at));
}

function offsetOf(text: string): number {
    let offset = 0;
    for (const [, amount, unit = "s"] of text.matchAll(/([+-]\d+)([hms])/g)) {
        offset += Number(amount) * (SECONDS[unit] ?? 0);
    }
    return offset;
}
