import type { LoraParams } from "../../hw/modem.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Millis, Moment, UnixSeconds } from "../base/time.ts";
import type { TransmitPermit } from "./law.ts";
import { bandFor, type RegionBand, type RegionProfile, type Station } from "./region.ts";

/** Duty cycles are shares of this long, at any moment. */
const WINDOW_MS = 3_600_000;

/** Airtime is remembered in steps of this long. */
const BUCKET_MS = 10_000;

/**
 * Airtime is forgotten when its bucket is this long over. The spare bucket covers the time that a modem may take from
 * the permit to the first symbol.
 */
const KEEP_MS = WINDOW_MS + BUCKET_MS;

/** How far back the entries of a journal matter after a restart, in seconds. */
export const AIRTIME_MEMORY_S = KEEP_MS / 1000 + 20;

export type AirAnswer =
    /** Already spent in the ledger: record it durably, then send once, soon. */
    | { readonly kind: "permit"; readonly permit: TransmitPermit }
    | { readonly kind: "wait"; readonly until: Millis }
    | { readonly kind: "never"; readonly reason: string };

export interface AirQuestion {
    readonly params: LoraParams;
    readonly airtimeMs: Millis;
    /** Answers "wait" if the permit would leave less of the hour's budget than this; keeps room for acknowledgments. */
    readonly keepFreeMs?: Millis;
}

export interface AirAllowance {
    readonly band: RegionBand;
    /** Longest single frame. */
    readonly frameAirtimeMaxMs: Millis;
    /** What any hour may hold; undefined where there is no duty cycle. */
    readonly hourBudgetMs: Millis | undefined;
}

export interface AirtimeEntry {
    readonly at: UnixSeconds;
    readonly airtimeMs: Millis;
}

export interface AirLaw {
    /** What the region allows on these parameters, or everything that is wrong with them. */
    allowance(params: LoraParams): Result<AirAllowance, readonly string[]>;
    /** The only place where permits are made; a permit counts as spent from then on. */
    ask(question: AirQuestion, now: Millis): AirAnswer;
    /** Takes back a permit that no modem ever saw. Once per permit; whatever a modem saw stays spent. */
    takeBack(permit: TransmitPermit): void;
    /** Airtime that still counts in the band of these parameters. */
    spentMs(params: LoraParams, now: Millis): Millis;
    /**
     * Takes up what was spent before a restart; once, before the first question. Entries name no band, so they count in
     * each. An entry from the future (the wall clock went back) counts as spent right now.
     */
    restore(entries: readonly AirtimeEntry[], moment: Moment): void;
}

export interface AirLawOptions {
    /** Undefined: the gateway does not know where it is, and nothing is ever sent. */
    readonly region: RegionProfile | undefined;
    readonly station: Station;
}

/** Keeps the duty cycle, the dwell time, the pauses and the power of a region. Pure: `now` comes from the caller. */
export function makeAirLaw({ region, station }: AirLawOptions): AirLaw {
    const books = new Map<string, Book>();
    const undo = new WeakMap<TransmitPermit, () => void>();
    const restored: { until: Millis; airtimeMs: Millis }[] = [];

    function bookOf(band: RegionBand): Book {
        const known = books.get(band.name);
        if (known) return known;
        const book = new Book();
        for (const { until, airtimeMs } of restored) book.enter(until, airtimeMs);
        books.set(band.name, book);
        return book;
    }

    function allowance(params: LoraParams): Result<AirAllowance, readonly string[]> {
        if (!region) return err(["no region is set: nothing is transmitted until the configuration names one"]);
        const found = bandFor(region, params, station);
        if (!found.ok) return found;
        const band = found.value;
        const hourBudgetMs = band.dutyCycle < 1 ? band.dutyCycle * WINDOW_MS : undefined;
        const frameAirtimeMaxMs = Math.min(band.airtimeMaxMs ?? WINDOW_MS, hourBudgetMs ?? WINDOW_MS);
        return ok({ band, frameAirtimeMaxMs, hourBudgetMs });
    }

    return {
        allowance,
        ask({ params, airtimeMs, keepFreeMs = 0 }, now) {
            const allowed = allowance(params);
            if (!allowed.ok) return { kind: "never", reason: allowed.error.join("; ") };
            const { band, frameAirtimeMaxMs, hourBudgetMs } = allowed.value;
            if (!(airtimeMs > 0) || airtimeMs > frameAirtimeMaxMs) return tooLong(airtimeMs, allowed.value);
            const book = bookOf(band);
            const until = Math.max(
                book.silentUntil,
                hourBudgetMs === undefined
                    ? now
                    : book.roomAt(now, Math.max(airtimeMs, hourBudgetMs - keepFreeMs) - airtimeMs),
            );
            if (until > now) return { kind: "wait", until };
            book.enter(now + airtimeMs, airtimeMs);
            book.silentUntil = band.pauseMs === undefined ? now : now + airtimeMs + band.pauseMs;
            const permit = { airtimeMs } as TransmitPermit;
            undo.set(permit, () => book.enter(now + airtimeMs, -airtimeMs));
            return { kind: "permit", permit };
        },
        takeBack(permit) {
            undo.get(permit)?.();
            undo.delete(permit);
        },
        spentMs(params, now) {
            const allowed = allowance(params);
            return allowed.ok ? bookOf(allowed.value.band).spent(now) : 0;
        },
        restore(entries, { monotonic, wall }) {
            for (const { at, airtimeMs } of entries) {
                const ageS = Math.max(0, wall - at - 1);
                restored.push({ until: monotonic - ageS * 1000 + airtimeMs, airtimeMs });
            }
            books.clear();
        },
    };
}

function tooLong(airtimeMs: Millis, { band, frameAirtimeMaxMs }: AirAllowance): AirAnswer {
    const reason = `a frame of ${airtimeMs.toFixed(0)} ms is longer than the ${frameAirtimeMaxMs.toFixed(0)} ms that band ${band.name} allows`;
    return { kind: "never", reason };
}

/** The airtime of one band in buckets by the end of each transmission; at most `KEEP_MS / BUCKET_MS` and a few of them. */
class Book {
    silentUntil: Millis = Number.NEGATIVE_INFINITY;
    /** Bucket number to airtime, oldest first unless entries were restored out of order. */
    readonly #buckets = new Map<number, Millis>();

    enter(end: Millis, airtimeMs: Millis): void {
        const bucket = Math.floor(end / BUCKET_MS);
        this.#buckets.set(bucket, Math.max(0, (this.#buckets.get(bucket) ?? 0) + airtimeMs));
    }

    spent(now: Millis): Millis {
        this.#forget(now);
        let sum = 0;
        for (const airtimeMs of this.#buckets.values()) sum += airtimeMs;
        return sum;
    }

    /** The first moment, `now` or later, at which no more than `mostMs` of the past counts. */
    roomAt(now: Millis, mostMs: Millis): Millis {
        let spent = this.spent(now);
        if (spent <= mostMs) return now;
        let until = now;
        for (const [bucket, airtimeMs] of [...this.#buckets].sort(([a], [b]) => a - b)) {
            until = forgottenAt(bucket);
            spent -= airtimeMs;
            if (spent <= mostMs) break;
        }
        return until;
    }

    #forget(now: Millis): void {
        for (const bucket of this.#buckets.keys()) if (forgottenAt(bucket) <= now) this.#buckets.delete(bucket);
    }
}

function forgottenAt(bucket: number): Millis {
    return (bucket + 1) * BUCKET_MS + KEEP_MS;
}
