import fc from "fast-check";
import { expect, it } from "vitest";
import { type BundleItem, planBundle } from "../../../src/carriers/bundle/plan.ts";

const items: fc.Arbitrary<readonly BundleItem[]> = fc
    .array(
        fc.record({
            kind: fc.constantFrom("message" as const, "tombstone" as const),
            size: fc.integer({ min: 90, max: 2_000 }),
            waiting: fc.boolean(),
        }),
        { maxLength: 40 },
    )
    .map((list) =>
        list.map((item, row) => ({ ...item, row, messageId: String(row), receivedAt: row, expiresAt: row + 9 })),
    );

it("a plan never outgrows its room, forgets nothing, and tells the file's size", () => {
    fc.assert(
        fc.property(items, fc.integer({ min: 42, max: 20_000 }), (list, room) => {
            const { chosen, left, fileSize } = planBundle(list, room);
            expect(fileSize).toBeLessThanOrEqual(room);
            expect(fileSize).toBe(42 + chosen.reduce((sum, { size }) => sum + 4 + size, 0));
            expect([...chosen, ...left].map(({ row }) => row).sort((a, b) => a - b)).toEqual(
                list.map(({ row }) => row),
            );
            const free = room - fileSize;
            // What stays out does not fit beside what is more urgent.
            for (const item of left) if (item.kind === "tombstone") expect(item.size + 4).toBeGreaterThan(free);
        }),
    );
});

function message(row: number, waiting: boolean, size = 100): BundleItem {
    return { kind: "message", row, messageId: String(row), size, receivedAt: row, expiresAt: row + 9, waiting };
}

it("takes tombstones, then what nobody else has, then the rest; the newest first; and writes the oldest first", () => {
    const tombstone: BundleItem = { ...message(1, true, 97), kind: "tombstone" };
    const all = [message(1, true), message(2, true), message(3, false), message(4, false), tombstone];
    const rows = (room: number) => planBundle(all, room).chosen.map(({ kind, row }) => `${kind[0]}${row}`);
    expect(rows(42 + 101)).toEqual(["t1"]);
    expect(rows(42 + 101 + 104)).toEqual(["m2", "t1"]);
    expect(rows(42 + 101 + 3 * 104)).toEqual(["m1", "m2", "m4", "t1"]);
    expect(rows(10_000)).toEqual(["m1", "m2", "m3", "m4", "t1"]);
});

it("a large message does not keep smaller ones out", () => {
    const { chosen, left } = planBundle([message(1, true), message(2, true, 5_000)], 1_000);
    expect(chosen.map(({ row }) => row)).toEqual([1]);
    expect(left.map(({ row }) => row)).toEqual([2]);
});
