import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AirtimeBook } from "../../src/link/airtime-book.ts";
import { busiestWindowMs, type Sent } from "../support/busiest-window.ts";

const LIMIT = { windowMs: 1_000, budgetMs: 100 };

describe("the twin", () => {
    it("sees partial overlap at both ends", () => {
        const sent = [
            { start: 0, airtimeMs: 50 },
            { start: 1_020, airtimeMs: 50 },
        ];
        expect(busiestWindowMs(sent, 1_000)).toBe(50);
        expect(busiestWindowMs(sent, 1_030)).toBe(60);
        expect(busiestWindowMs(sent, 1_070)).toBe(100);
    });
});

describe("the book of airtime", () => {
    it("is exact: what has left the window in part counts in part", () => {
        const book = new AirtimeBook();
        book.enter(0, 60);
        expect(book.roomAt(LIMIT, 39.99, 60)).toBe(60);
        // At 980 the window that ends at 1040 begins at 40, and 20 of the 60 are in it.
        expect(book.roomAt(LIMIT, 80, 60)).toBeCloseTo(960, 2);
        expect([book.usedSince(-1), book.usedSince(25), book.usedSince(60)]).toEqual([60, 35, 0]);
    });

    it("takes a transmission for as late as it may have been, until it is known to be over", () => {
        const book = new AirtimeBook();
        const span = book.enter(500, 100);
        expect(book.roomAt(LIMIT, 100, 100)).toBeCloseTo(1_500, 1);
        book.endBy(span, 130);
        expect(book.roomAt(LIMIT, 100, 130)).toBeCloseTo(1_030, 1);
        book.endBy(span, 90_000);
        expect(book.roomAt(LIMIT, 100, 130)).toBeCloseTo(1_030, 1);
        book.remove(span);
        book.remove(span);
        expect(book.usedSince(0)).toBe(0);
    });

    it("lends its reserve when as much is coming back soon, down to the least", () => {
        const book = new AirtimeBook();
        book.enter(0, 80);
        const reserve = { mostMs: 20, leastMs: 5 };
        const at = (now: number) => book.roomBeside(LIMIT, 10, now, reserve);
        expect(at(80)).toBeGreaterThan(500);
        expect(at(80)).toBeLessThan(700);
        expect(at(900)).toBe(900);
        expect(book.roomBeside(LIMIT, 16, 940, reserve)).toBeGreaterThan(940);
    });

    it("never allows more than the limit in any window, whatever is asked when, and wastes next to nothing", () => {
        const wishes = fc.array(
            fc.record({
                pauseMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1_500, noNaN: true })),
                airtimeMs: fc.double({ min: 0.1, max: 100, noNaN: true }),
                lateMs: fc.double({ min: 0, max: 20, noNaN: true }),
                isKnown: fc.boolean(),
            }),
            { minLength: 5, maxLength: 60 },
        );
        fc.assert(
            fc.property(wishes, (list) => {
                const book = new AirtimeBook();
                const sent: Sent[] = [];
                let now = 0;
                for (const { pauseMs, airtimeMs, lateMs, isKnown } of list) {
                    now = book.roomAt(LIMIT, airtimeMs, now + pauseMs);
                    expect(book.roomAt(LIMIT, airtimeMs, now)).toBe(now);
                    const span = book.enter(now + 20, airtimeMs);
                    sent.push({ start: now + lateMs, airtimeMs });
                    now += lateMs + airtimeMs;
                    if (isKnown) book.endBy(span, now);
                }
                // The twin's own sums round.
                expect(busiestWindowMs(sent, LIMIT.windowMs)).toBeLessThanOrEqual(LIMIT.budgetMs + 1e-9);
            }),
            { numRuns: 300 },
        );
    });

    it("stays small: with very many transmissions neighbours become one, and count no shorter", () => {
        const book = new AirtimeBook();
        const exact: { start: number; end: number }[] = [];
        for (let index = 0; index < 20_000; index++) exact.push(book.enter(index * 3, 1 + (index % 2)));
        for (const from of [0, 17, 30_000.5, 59_000, 59_999]) {
            const true_ = exact.reduce((sum, { start, end }) => sum + Math.max(0, end - Math.max(start, from)), 0);
            expect(book.usedSince(from)).toBeGreaterThanOrEqual(true_ - 1e-6);
            expect(book.usedSince(from)).toBeLessThanOrEqual(true_ + 40);
        }
        book.forgetBefore(60_100);
        expect(book.usedSince(0)).toBe(0);
    });
});
