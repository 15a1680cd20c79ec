import type { Clock, Millis, Moment, UnixSeconds } from "../../src/base/time.ts";

interface Task {
    readonly at: Millis;
    readonly order: number;
    readonly run: () => void;
}

/** Time that moves only when a test moves it. Between two tasks every pending promise gets its turn. */
export class VirtualClock implements Clock {
    #tasks: Task[] = [];
    #order = 0;
    #monotonic: Millis = 0;
    #wallAtZero: UnixSeconds;
    /** Real work that time waits for. */
    #stills = 0;

    constructor(wallAtZero: UnixSeconds = 1_767_225_600) {
        this.#wallAtZero = wallAtZero;
    }

    now(): Moment {
        return { monotonic: this.#monotonic, wall: this.#wallAtZero + Math.floor(this.#monotonic / 1000) };
    }

    /** Sets the wall clock as NTP or a battery-less board would; monotonic time does not notice. */
    jumpWall(to: UnixSeconds): void {
        this.#wallAtZero = to - Math.floor(this.#monotonic / 1000);
    }

    schedule(at: Millis, run: () => void): () => void {
        const task: Task = { at, order: this.#order++, run };
        this.#tasks.push(task);
        return () => {
            this.#tasks = this.#tasks.filter((other) => other !== task);
        };
    }

    /** Time does not move until `work` has settled: the real disk takes no virtual time. */
    async standStill<T>(work: Promise<T>): Promise<T> {
        this.#stills++;
        try {
            return await work;
        } finally {
            this.#stills--;
        }
    }

    /** Moves time on by `ms`, running what falls due on the way. */
    async advance(ms: Millis): Promise<void> {
        await this.runUntil(() => false, ms);
    }

    /** Runs until `done` holds or `maxMs` have passed; tells whether it held. */
    async runUntil(done: () => boolean, maxMs: Millis): Promise<boolean> {
        const end = this.#monotonic + maxMs;
        for (;;) {
            do await settle();
            while (this.#stills > 0);
            if (done()) return true;
            const next = this.#earliest();
            if (next === undefined || next.at > end) {
                this.#monotonic = end;
                return done();
            }
            this.#tasks = this.#tasks.filter((other) => other !== next);
            this.#monotonic = Math.max(this.#monotonic, next.at);
            next.run();
        }
    }

    #earliest(): Task | undefined {
        let best: Task | undefined;
        for (const task of this.#tasks) {
            if (!best || task.at < best.at || (task.at === best.at && task.order < best.order)) best = task;
        }
        return best;
    }
}

/** Promise chains of any depth run dry within one turn of the event loop. */
function settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
}
