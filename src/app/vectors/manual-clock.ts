import type { Clock, Moment, UnixSeconds } from "../../base/time.ts";

/** Time as a vector names it. Nothing scheduled ever runs: what is tested here happens within one request. */
export class ManualClock implements Clock {
    #wall: UnixSeconds;

    constructor(wall: UnixSeconds) {
        this.#wall = wall;
    }

    set(wall: UnixSeconds): void {
        this.#wall = wall;
    }

    now(): Moment {
        return { monotonic: this.#wall * 1000, wall: this.#wall };
    }

    schedule(): () => void {
        return () => undefined;
    }
}
