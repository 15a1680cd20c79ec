/** Milliseconds of a clock that never jumps; its zero means nothing. */
export type Millis = number;

/** Whole seconds since 1970-01-01 UTC, as the wall clock believes them. */
export type UnixSeconds = number;

/** Both clocks at one moment, as handed to pure code. */
export interface Moment {
    readonly monotonic: Millis;
    readonly wall: UnixSeconds;
}

/** The only door to time. Pure code gets a `Moment` as an argument and never holds a Clock. */
export interface Clock {
    now(): Moment;
    /** Runs `task` once, at monotonic time `at` or later; the returned function cancels it. */
    schedule(at: Millis, task: () => void): () => void;
}

/** The only door to chance: fills `target` with random bytes. */
export interface Entropy {
    fill(target: Uint8Array): void;
}

/**
 * The shape of every pure state machine: timers are state, and the shell sleeps until `deadline`.
 * `handle` never throws on bad input and performs nothing itself.
 */
export interface Machine<Event, Effect> {
    handle(event: Event, now: Millis): readonly Effect[];
    /** When `handle` wants its tick, in the time base of `now`; undefined means never. */
    deadline(): Millis | undefined;
}
