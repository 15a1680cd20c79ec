import type { Millis } from "../base/time.ts";

/** How far back the use of the channel is measured, and in how many steps. */
const WINDOW_MS = 60_000;
const STEPS = 30;
const STEP_MS = WINDOW_MS / STEPS;

/** A sender waits for one of so many slots on an idle channel, and on one that is never free. */
const SLOTS_LEAST = 4;
const SLOTS_MOST = 64;

/** Measures which share of the last minute a channel was busy with frames, own and heard. Fixed memory. */
export class ChannelUse {
    readonly #busyMs = new Float64Array(STEPS);
    /** Which step of all time each place holds. */
    readonly #steps = new Float64Array(STEPS).fill(-1);

    /** A frame was on the air for `airtimeMs` until `end`. */
    note(end: Millis, airtimeMs: Millis): void {
        // What is older than the window counts no more; so the loop is bounded too.
        const start = Math.max(end - Math.min(airtimeMs, WINDOW_MS), 0);
        for (let step = Math.floor(start / STEP_MS); step * STEP_MS < end; step++) {
            const from = Math.max(start, step * STEP_MS);
            this.#add(step, Math.min(end, (step + 1) * STEP_MS) - from);
        }
    }

    /** 0 to 1. Frames that collided with each other count once at most: a step cannot be busier than it is long. */
    share(now: Millis): number {
        const current = Math.floor(now / STEP_MS);
        let busyMs = 0;
        for (const [place, step] of this.#steps.entries()) {
            if (step > current - STEPS && step <= current) busyMs += Math.min(STEP_MS, this.#busyMs[place] ?? 0);
        }
        const coveredMs = (STEPS - 1) * STEP_MS + (now - current * STEP_MS);
        return Math.min(1, busyMs / coveredMs);
    }

    #add(step: number, busyMs: Millis): void {
        const place = step % STEPS;
        const held = this.#steps[place] ?? -1;
        // A frame noted late does not push younger ones out.
        if (held > step) return;
        const before = held === step ? (this.#busyMs[place] ?? 0) : 0;
        this.#steps[place] = step;
        this.#busyMs[place] = before + busyMs;
    }
}

export interface Contention {
    /** Share of time that the channel is busy, 0 to 1. */
    readonly share: number;
    /** Long enough to notice that somebody else has begun. */
    readonly slotMs: Millis;
    /** From 0 up to 1. */
    readonly random: () => number;
}

/** How long to wait before the next try: an even draw from a window that grows with the use of the channel. */
export function backOffMs({ share, slotMs, random }: Contention): Millis {
    const slots = SLOTS_LEAST + (SLOTS_MOST - SLOTS_LEAST) * Math.min(1, Math.max(0, share));
    return random() * slots * slotMs;
}
