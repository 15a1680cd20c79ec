import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventQueue } from "./event-queue.ts";

const TASKS = fc.array(
    fc.record({ at: fc.integer({ min: 0, max: 50 }), isEnd: fc.boolean(), isCancelled: fc.boolean() }),
    { maxLength: 700 },
);

describe("the queue of virtual time", () => {
    it("runs what was not cancelled in the order of time, rank and arrival, like a sorted list", () => {
        fc.assert(
            fc.property(TASKS, (tasks) => {
                const queue = new EventQueue();
                const ran: number[] = [];
                const cancels = tasks.map(({ at, isEnd }, index) =>
                    queue.schedule(at, () => ran.push(index), isEnd ? "end" : "plain"),
                );
                for (const [index, { isCancelled }] of tasks.entries()) if (isCancelled) cancels[index]?.();
                const kept = tasks.map((task, index) => ({ ...task, index })).filter(({ isCancelled }) => !isCancelled);
                expect(queue.size).toBe(kept.length);
                while (queue.runNext(Number.POSITIVE_INFINITY));
                kept.sort((a, b) => a.at - b.at || Number(b.isEnd) - Number(a.isEnd) || a.index - b.index);
                expect(ran).toEqual(kept.map(({ index }) => index));
                expect(queue.size).toBe(0);
            }),
            { numRuns: 100 },
        );
    });

    it("moves time on to each task, never back, and not beyond what it is told", () => {
        const queue = new EventQueue();
        const seen: number[] = [];
        queue.schedule(10, () => {
            seen.push(queue.now);
            queue.schedule(3, () => seen.push(queue.now));
        });
        queue.schedule(20, () => seen.push(queue.now));
        expect([queue.runNext(9), queue.runNext(15), queue.runNext(15), queue.runNext(15)]).toEqual([
            false,
            true,
            true,
            false,
        ]);
        expect(seen).toEqual([10, 10]);
        expect(() => queue.schedule(Number.NaN, () => {})).toThrow("no moment");
    });

    it("forgets cancelled tasks without waiting for their time", () => {
        const queue = new EventQueue();
        const ran: number[] = [];
        queue.schedule(2_000_000, () => ran.push(1));
        for (let index = 0; index < 100_000; index++) queue.schedule(1_000_000 + index, () => ran.push(0))();
        expect(queue.size).toBe(1);
        while (queue.runNext(Number.POSITIVE_INFINITY));
        expect(ran).toEqual([1]);
    });
});
