import type { Millis } from "../../src/base/time.ts";

/** More tasks than this at once mean that a scenario runs away. */
const TASKS_MAX = 1_000_000;

/** Cancelled tasks are swept out when there are this many and they are the majority. */
const SWEEP_FROM = 256;

/** `end` runs before every `plain` of the same moment: what is over at that moment disturbs nothing that begins then. */
export type Rank = "end" | "plain";

interface Task {
    readonly at: Millis;
    readonly rank: 0 | 1;
    readonly order: number;
    /** Undefined once it was cancelled or has run. */
    run: (() => void) | undefined;
}

/** Virtual time: tasks in the order of their moments, those of one moment in the order they came. A binary heap. */
export class EventQueue {
    #heap: Task[] = [];
    #now: Millis = 0;
    #order = 0;
    #cancelled = 0;

    get now(): Millis {
        return this.#now;
    }

    get size(): number {
        return this.#heap.length - this.#cancelled;
    }

    /** Moments that have passed already count as now. The returned function cancels the task. */
    schedule(at: Millis, run: () => void, rank: Rank = "plain"): () => void {
        if (!(at < Number.POSITIVE_INFINITY)) throw new Error(`no moment: ${at}`);
        if (this.size >= TASKS_MAX) throw new Error(`more than ${TASKS_MAX} tasks wait`);
        const task: Task = {
            at: Math.max(at, this.#now),
            rank: rank === "end" ? 0 : 1,
            order: this.#order++,
            run,
        };
        this.#heap.push(task);
        this.#rise(this.#heap.length - 1);
        return () => {
            if (task.run === undefined) return;
            task.run = undefined;
            this.#cancelled++;
            this.#sweep();
        };
    }

    /** Runs the next task that is due at `latest` or before and moves time on to it; false when there is none. */
    runNext(latest: Millis): boolean {
        for (let top = this.#heap[0]; top && top.at <= latest; top = this.#heap[0]) {
            this.#pop();
            const { run } = top;
            if (run === undefined) {
                this.#cancelled--;
                continue;
            }
            top.run = undefined;
            this.#now = top.at;
            run();
            return true;
        }
        return false;
    }

    /** Lets the time up to `at` pass; for after the last task that is due before. */
    passTo(at: Millis): void {
        this.#now = Math.max(this.#now, at);
    }

    #sweep(): void {
        if (this.#cancelled < SWEEP_FROM || 2 * this.#cancelled < this.#heap.length) return;
        // An array in ascending order is a heap.
        this.#heap = this.#heap.filter(({ run }) => run !== undefined).sort((a, b) => (isBefore(a, b) ? -1 : 1));
        this.#cancelled = 0;
    }

    #pop(): void {
        const last = this.#heap.pop();
        if (last === undefined || this.#heap.length === 0) return;
        this.#heap[0] = last;
        this.#sink();
    }

    #rise(from: number): void {
        const heap = this.#heap;
        const task = heap[from];
        let index = from;
        while (task && index > 0) {
            const above = (index - 1) >> 1;
            const parent = heap[above];
            if (!parent || isBefore(parent, task)) break;
            heap[index] = parent;
            index = above;
        }
        if (task) heap[index] = task;
    }

    #sink(): void {
        const heap = this.#heap;
        const task = heap[0];
        let index = 0;
        while (task) {
            const left = heap[2 * index + 1];
            const right = heap[2 * index + 2];
            const isRight = left !== undefined && right !== undefined && isBefore(right, left);
            const least = isRight ? right : left;
            if (!least || isBefore(task, least)) break;
            heap[index] = least;
            index = 2 * index + (isRight ? 2 : 1);
        }
        if (task) heap[index] = task;
    }
}

function isBefore(a: Task, b: Task): boolean {
    if (a.at !== b.at) return a.at < b.at;
    if (a.rank !== b.rank) return a.rank < b.rank;
    return a.order < b.order;
}
