import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AirClass, FairQueue, QUEUE_MAX } from "../../src/link/fair-queue.ts";

const SHARING = ["tombstone", "short", "long"] as const;

/** Takes turns while every class named always has something waiting; airtime by class. */
function airtimeUnderBacklog(
    costs: Partial<Record<AirClass, number>>,
    turns: number,
): Partial<Record<AirClass, number>> {
    const queue = new FairQueue<AirClass>();
    const spent: Partial<Record<AirClass, number>> = {};
    const classes = Object.keys(costs) as AirClass[];
    for (let turn = 0; turn < turns; turn++) {
        for (const airClass of classes) if (queue.sizeOf(airClass) === 0) queue.push({ airClass, item: airClass });
        const taken = queue.take((item) => costs[item] ?? 0);
        if (taken) spent[taken.airClass] = (spent[taken.airClass] ?? 0) + (costs[taken.airClass] ?? 0);
    }
    return spent;
}

describe("the fair queue", () => {
    it("gives nothing when nothing waits", () => {
        expect(new FairQueue<number>().take(() => 1)).toBeUndefined();
    });

    it("lets acks go first, but not for ever", () => {
        const queue = new FairQueue<string>();
        queue.push({ airClass: "short", item: "text" });
        for (let index = 0; index < 20; index++) queue.push({ airClass: "ack", item: `ack ${index}` });
        const order = Array.from({ length: 21 }, () => queue.take(() => 1)?.item);
        expect(order.slice(0, 9)).toEqual([...Array.from({ length: 8 }, (_, index) => `ack ${index}`), "text"]);
        expect(order.at(-1)).toBe("ack 19");
        expect(queue.size).toBe(0);
    });

    it("divides the air 2 : 5 : 1, whatever one frame of each costs", () => {
        const spent = airtimeUnderBacklog({ tombstone: 80, short: 300, long: 1_100 }, 4_000);
        const total = SHARING.reduce((sum, each) => sum + (spent[each] ?? 0), 0);
        const shares = SHARING.map((each) => Math.round(((spent[each] ?? 0) / total) * 800) / 100);
        expect(shares).toEqual([2, 5, 1].map((share) => expect.closeTo(share, 1)));
    });

    it("leaves the whole air to who alone wants it, and nothing of that is held against a newcomer or for one", () => {
        const queue = new FairQueue<string>();
        for (let turn = 0; turn < 100; turn++) {
            queue.push({ airClass: "long", item: "long" });
            expect(queue.take(() => 1_000)?.item).toBe("long");
        }
        for (let index = 0; index < 60; index++) {
            queue.push({ airClass: "short", item: "short" });
            queue.push({ airClass: "long", item: "long" });
        }
        const order = Array.from({ length: 60 }, () => queue.take(() => 1_000)?.item);
        // 60 turns at 5 : 1 are 10, and its last turn alone counts once more.
        expect(order.filter((item) => item === "long")).toHaveLength(9);
    });

    it("keeps what is put back before the others of its class", () => {
        const queue = new FairQueue<string>();
        for (const item of ["a", "b", "c"]) queue.push({ airClass: "long", item });
        const first = queue.take(() => 1);
        if (first) queue.putBack(first);
        expect([1, 2, 3].map(() => queue.take(() => 1)?.item)).toEqual(["a", "b", "c"]);
    });

    it("is bounded in each class, and takes out what is withdrawn", () => {
        const queue = new FairQueue<number>();
        for (let item = 0; item < QUEUE_MAX; item++) expect(queue.push({ airClass: "short", item })).toBe(true);
        expect(queue.push({ airClass: "short", item: -1 })).toBe(false);
        expect(queue.push({ airClass: "long", item: 4 })).toBe(true);
        expect(queue.remove((item) => item % 2 === 0)).toBe(QUEUE_MAX / 2 + 1);
        expect(queue.size).toBe(QUEUE_MAX / 2);
        expect(queue.take(() => 1)).toEqual({ airClass: "short", item: 1 });
    });

    it("loses and doubles nothing, keeps the order in a class, and starves none of them", () => {
        const step = fc.record({
            airClass: fc.constantFrom<AirClass>("ack", "tombstone", "short", "long"),
            cost: fc.integer({ min: 1, max: 1_000 }),
            takes: fc.nat(2),
        });
        fc.assert(
            fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
                const queue = new FairQueue<{ readonly id: number; readonly cost: number }>();
                const [pushed, taken]: [Map<AirClass, number[]>, Map<AirClass, number[]>] = [new Map(), new Map()];
                const note = (book: Map<AirClass, number[]>, airClass: AirClass, id: number): void => {
                    book.set(airClass, [...(book.get(airClass) ?? []), id]);
                };
                const take = (): boolean => {
                    const next = queue.take(({ cost }) => cost);
                    if (next) note(taken, next.airClass, next.item.id);
                    return next !== undefined;
                };
                for (const [id, { airClass, cost, takes }] of steps.entries()) {
                    if (queue.push({ airClass, item: { id, cost } })) note(pushed, airClass, id);
                    for (let turn = 0; turn < takes; turn++) take();
                }
                while (take());
                expect(taken).toEqual(pushed);
            }),
            { numRuns: 100 },
        );
        const spent = airtimeUnderBacklog({ ack: 50, tombstone: 300, short: 300, long: 300 }, 2_000);
        for (const each of ["ack", ...SHARING] as const) expect(spent[each]).toBeGreaterThan(0);
    });
});
