import type { Clock, Millis } from "../../src/base/time.ts";
import type { ModemError } from "../modem.ts";

export const RETRY_MS_FIRST = 1_000;
export const RETRY_MS_MAX = 30_000;

/** A device that was not spoken to for so long is asked whether it is there. */
export const PROBE_MS = 30_000;

/**
 * What every driver does about a device that fails: bad news are told once, and each pause before the next try is twice
 * the one before, until the device has shown that it works. Coming up is not enough: a device with a weak power supply
 * comes up each time and goes down with each frame.
 */
export class Recovery {
    readonly #clock: Clock;
    #pauseMs: Millis = RETRY_MS_FIRST;
    /** The last bad news that was told; the same again at each retry is no news. */
    #told: string | undefined;
    #cancelTimer: () => void = () => undefined;

    constructor(clock: Clock) {
        this.#clock = clock;
    }

    /** Whether the device failed since it last worked. */
    get hasFailed(): boolean {
        return this.#pauseMs > RETRY_MS_FIRST;
    }

    /** It can be used; whether it works has to be seen. */
    cameUp(): void {
        this.#told = undefined;
    }

    /** It sent a frame, or was still there when it was asked. */
    works(): void {
        this.#pauseMs = RETRY_MS_FIRST;
    }

    isNews({ kind, detail }: ModemError): boolean {
        const text = `${kind} ${detail}`;
        const isNew = text !== this.#told;
        this.#told = text;
        return isNew;
    }

    /** Counts a failure, and gives the pause that it is worth. */
    failed(): Millis {
        const pauseMs = this.#pauseMs;
        this.#pauseMs = Math.min(RETRY_MS_MAX, 2 * pauseMs);
        return pauseMs;
    }

    /** There is one timer: for the next try while the device is down, for the next question while it is up. */
    later(ms: Millis, task: () => Promise<void>): void {
        this.#cancelTimer();
        this.#cancelTimer = this.#clock.schedule(this.#clock.now().monotonic + ms, () => void task());
    }

    cancel(): void {
        this.#cancelTimer();
    }
}
