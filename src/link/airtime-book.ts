import type { Millis } from "../base/time.ts";

/** So many spans are kept apart; beyond that neighbours become one, which only ever counts longer. */
const SPANS_MAX = 4096;

/** Limits are kept with this much to spare, because sums of fractions round; a thousandth of a millisecond. */
const GUARD_MS = 0.001;

/** What is kept in reserve is found by halving, to this precision. */
const SEARCH_MS = 1;

/** No stretch of `windowMs`, wherever it begins, may hold more than `budgetMs` of airtime. */
export interface AirtimeLimit {
    readonly windowMs: Millis;
    readonly budgetMs: Millis;
}

/** What a question leaves free for others: `mostMs` when the past goes on counting for long, `leastMs` when it soon ends. */
export interface AirtimeReserve {
    readonly mostMs: Millis;
    readonly leastMs: Millis;
}

/** One transmission, at the latest moments at which it can have taken place; all of it is airtime. */
export interface AirtimeSpan {
    start: Millis;
    end: Millis;
}

/**
 * What was spent on one band, exact to the start and end of each transmission. The busiest window always ends with a
 * transmission, so it is enough to look at the window that ends with the next one: that one taken as early as it can
 * be, all before it as late as they can have been.
 */
export class AirtimeBook {
    /** In order, and never one over another. */
    #spans: AirtimeSpan[] = [];

    /** Enters a transmission that starts at `latestStart` or before. */
    enter(latestStart: Millis, airtimeMs: Millis): AirtimeSpan {
        const start = Math.max(latestStart, this.#spans.at(-1)?.end ?? latestStart);
        const span = { start, end: start + airtimeMs };
        this.#spans.push(span);
        if (this.#spans.length > SPANS_MAX) this.#coalesce();
        return span;
    }

    /** It is over now, which may be earlier than it had to be taken for. */
    endBy(span: AirtimeSpan, now: Millis): void {
        const index = this.#spans.lastIndexOf(span);
        if (index < 0) return;
        const airtimeMs = span.end - span.start;
        span.start = Math.max(
            this.#spans[index - 1]?.end ?? Number.NEGATIVE_INFINITY,
            Math.min(span.end, now) - airtimeMs,
        );
        span.end = span.start + airtimeMs;
    }

    /** It never took place. What has become one with another goes on counting. */
    remove(span: AirtimeSpan): void {
        const index = this.#spans.lastIndexOf(span);
        if (index >= 0) this.#spans.splice(index, 1);
    }

    /** Nobody will ask about anything before that moment. */
    forgetBefore(at: Millis): void {
        const kept = this.#spans.findIndex(({ end }) => end > at);
        if (kept !== 0) this.#spans.splice(0, kept < 0 ? this.#spans.length : kept);
    }

    /** Airtime after `from`. */
    usedSince(from: Millis): Millis {
        let sum = 0;
        for (const { start, end } of this.#spans) if (end > from) sum += end - Math.max(start, from);
        return sum;
    }

    /** The first moment, `now` or later, at which a transmission of `airtimeMs` keeps the limit and leaves `freeMs`. */
    roomAt(limit: AirtimeLimit, airtimeMs: Millis, now: Millis, freeMs: Millis = 0): Millis {
        const from = now + airtimeMs - limit.windowMs;
        const allowedMs = Math.max(0, limit.budgetMs - freeMs - airtimeMs - GUARD_MS);
        const excessMs = this.usedSince(from) - allowedMs;
        return excessMs <= GUARD_MS / 2 ? now : now + this.#untilLeft(from, excessMs);
    }

    /** The same with a reserve that shrinks as the time comes near when as much will have been freed anyway. */
    roomBeside(limit: AirtimeLimit, airtimeMs: Millis, now: Millis, reserve: AirtimeReserve): Millis {
        const fits = (at: Millis): boolean => {
            const wait = Math.min(1, this.#untilLeft(at + airtimeMs - limit.windowMs, reserve.mostMs) / limit.windowMs);
            const freeMs = reserve.leastMs + (reserve.mostMs - reserve.leastMs) * wait;
            return this.roomAt(limit, airtimeMs, at, freeMs) <= at;
        };
        if (fits(now)) return now;
        let [early, late] = [now, this.roomAt(limit, airtimeMs, now, reserve.mostMs)];
        while (late - early > SEARCH_MS) {
            const middle = (early + late) / 2;
            if (fits(middle)) late = middle;
            else early = middle;
        }
        return late;
    }

    /** How far `from` has to move until so much of what lies after it lies before it. */
    #untilLeft(from: Millis, leavingMs: Millis): Millis {
        let left = leavingMs;
        for (const { start, end } of this.#spans) {
            const begin = Math.max(start, from);
            if (end <= begin) continue;
            if (left <= end - begin) return begin + left - from;
            left -= end - begin;
        }
        // What is left then is what sums of fractions lose.
        return left > GUARD_MS ? Number.POSITIVE_INFINITY : (this.#spans.at(-1)?.end ?? from) - from;
    }

    /** Two and two become one span that ends with the second: the first counts longer than it has to. */
    #coalesce(): void {
        const merged: AirtimeSpan[] = [];
        for (let index = 0; index < this.#spans.length; index += 2) {
            const [first, second] = this.#spans.slice(index, index + 2);
            if (first && second) merged.push({ start: second.start - (first.end - first.start), end: second.end });
            else if (first) merged.push(first);
        }
        this.#spans = merged;
    }
}
