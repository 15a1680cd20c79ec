import type { Clock, Millis, Moment } from "../base/time.ts";

/** setTimeout runs at once for delays beyond 2^31-1 ms; longer waits are cut and taken up again. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** The real clocks of this machine. */
export const systemClock: Clock = {
    now(): Moment {
        return { monotonic: performance.now(), wall: Math.floor(Date.now() / 1000) };
    },
    schedule(at: Millis, task: () => void): () => void {
        let timer: NodeJS.Timeout;
        const arm = (): void => {
            const delay = at - performance.now();
            timer = setTimeout(delay > TIMEOUT_MS_MAX ? arm : task, Math.max(0, Math.min(delay, TIMEOUT_MS_MAX)));
        };
        arm();
        return () => clearTimeout(timer);
    },
};
