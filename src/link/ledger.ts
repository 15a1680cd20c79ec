import type { LoraParams } from "../../hw/modem.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Millis, Moment, UnixSeconds } from "../base/time.ts";
import { AirtimeBook, type AirtimeLimit, type AirtimeReserve } from "./airtime-book.ts";
import type { TransmitPermit } from "./law.ts";
import { bandFor, type RegionBand, type RegionProfile, type Station } from "./region.ts";

/** Duty cycles are shares of this long, at any moment. */
const WINDOW_MS = 3_600_000;

/**
 * The first symbol follows its permit within this time: the fsync of the journal, a last look at the channel and the
 * serial line lie in between. Whoever is later has to take the permit back and ask again.
 */
export const START_MAX_MS = 10_000;

/** How much younger an entry of the journal may be than its whole seconds say: they are cut off, and small steps of the wall clock go unnoticed. */
const WALL_DOUBT_S = 6;

/** Longest transmission that anybody makes; lumps after a step of the wall clock are not longer than an hour's budget. */
const LONGEST_S = 400;

/** How far back the entries of a journal matter after a restart, in seconds. */
export const AIRTIME_MEMORY_S = (WINDOW_MS + START_MAX_MS) / 1000 + WALL_DOUBT_S + LONGEST_S;

export type AirAnswer =
    /** Already spent in the ledger: record it durably, then send once, within `START_MAX_MS`. */
    | { readonly kind: "permit"; readonly permit: TransmitPermit }
    | { readonly kind: "wait"; readonly until: Millis }
    | { readonly kind: "never"; readonly reason: string };

export interface AirQuestion {
    readonly params: LoraParams;
    readonly airtimeMs: Millis;
    /** What is left of the hour's budget for others, say for acknowledgments. */
    readonly reserve?: AirtimeReserve | undefined;
}

export interface AirAllowance {
    readonly band: RegionBand;
    /** Longest single frame. */
    readonly frameAirtimeMaxMs: Millis;
    /** What any hour may hold; undefined where there is no such limit. */
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
    /** Its last symbol has left the antenna. Without this word it counts as late as it may have been. */
    ended(permit: TransmitPermit, now: Millis): void;
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

/** One band of one radio. */
interface Account {
    readonly book: AirtimeBook;
    silentUntil: Millis;
}

/** Keeps the duty cycle, the dwell time, the pauses and the power of a region. Pure: `now` comes from the caller. */
export function makeAirLaw({ region, station }: AirLawOptions): AirLaw {
    const accounts = new Map<string, Account>();
    const open = new WeakMap<TransmitPermit, { takeBack(): void; ended(now: Millis): void }>();
    const restored: { latestStart: Millis; airtimeMs: Millis }[] = [];

    function accountOf(band: RegionBand): Account {
        const known = accounts.get(band.name);
        if (known) return known;
        const account = { book: new AirtimeBook(), silentUntil: Number.NEGATIVE_INFINITY };
        for (const { latestStart, airtimeMs } of restored) account.book.enter(latestStart, airtimeMs);
        accounts.set(band.name, account);
        return account;
    }

    function allowance(params: LoraParams): Result<AirAllowance, readonly string[]> {
        if (!region) return err(["no region is set: nothing is transmitted until the configuration names one"]);
        const found = bandFor(region, params, station);
        return found.ok ? ok(allowanceOf(found.value)) : found;
    }

    function spend(account: Account, { pauseMs }: RegionBand, airtimeMs: Millis, now: Millis): TransmitPermit {
        const { book, silentUntil } = account;
        const span = book.enter(now + START_MAX_MS, airtimeMs);
        const silentAfter = (end: Millis): Millis => (pauseMs === undefined ? silentUntil : end + pauseMs);
        account.silentUntil = silentAfter(span.end);
        const permit = { airtimeMs } as TransmitPermit;
        open.set(permit, {
            takeBack: () => {
                book.remove(span);
                account.silentUntil = silentUntil;
            },
            ended: (end) => {
                book.endBy(span, end);
                account.silentUntil = silentAfter(end);
            },
        });
        return permit;
    }

    return {
        allowance,
        ask({ params, airtimeMs, reserve }, now) {
            const allowed = allowance(params);
            if (!allowed.ok) return { kind: "never", reason: allowed.error.join("; ") };
            const { band, frameAirtimeMaxMs } = allowed.value;
            if (!(airtimeMs > 0) || airtimeMs > frameAirtimeMaxMs) return tooLong(airtimeMs, allowed.value);
            const account = accountOf(band);
            const { book } = account;
            book.forgetBefore(now - WINDOW_MS);
            const moments = limitsOf(band).map((limit) =>
                reserve && limit.windowMs === WINDOW_MS
                    ? book.roomBeside(limit, airtimeMs, now, reserve)
                    : book.roomAt(limit, airtimeMs, now),
            );
            const until = Math.max(now, account.silentUntil, ...moments);
            if (until > now) return { kind: "wait", until };
            return { kind: "permit", permit: spend(account, band, airtimeMs, now) };
        },
        takeBack(permit) {
            open.get(permit)?.takeBack();
            open.delete(permit);
        },
        ended(permit, now) {
            open.get(permit)?.ended(now);
            open.delete(permit);
        },
        spentMs(params, now) {
            const allowed = allowance(params);
            return allowed.ok ? accountOf(allowed.value.band).book.usedSince(now - WINDOW_MS) : 0;
        },
        restore(entries, { monotonic, wall }) {
            for (const { at, airtimeMs } of [...entries].sort((a, b) => a.at - b.at)) {
                const ageS = Math.max(0, wall - at - WALL_DOUBT_S);
                restored.push({ latestStart: monotonic - ageS * 1000 + START_MAX_MS, airtimeMs });
            }
            accounts.clear();
        },
    };
}

/** What every stretch of time may hold on a band. */
function limitsOf({ dutyCycle, airtimePerPeriod }: RegionBand): readonly AirtimeLimit[] {
    const limits: AirtimeLimit[] = [];
    if (dutyCycle < 1) limits.push({ windowMs: WINDOW_MS, budgetMs: dutyCycle * WINDOW_MS });
    if (airtimePerPeriod) limits.push({ windowMs: airtimePerPeriod.periodMs, budgetMs: airtimePerPeriod.airtimeMaxMs });
    return limits;
}

function allowanceOf(band: RegionBand): AirAllowance {
    const limits = limitsOf(band);
    const frameAirtimeMaxMs = Math.min(band.airtimeMaxMs ?? WINDOW_MS, ...limits.map(({ budgetMs }) => budgetMs));
    const hours = limits.map(({ windowMs, budgetMs }) => (budgetMs * WINDOW_MS) / windowMs);
    return { band, frameAirtimeMaxMs, hourBudgetMs: hours.length > 0 ? Math.min(...hours) : undefined };
}

function tooLong(airtimeMs: Millis, { band, frameAirtimeMaxMs }: AirAllowance): AirAnswer {
    const reason = `a frame of ${airtimeMs.toFixed(0)} ms is longer than the ${frameAirtimeMaxMs.toFixed(0)} ms that band ${band.name} allows`;
    return { kind: "never", reason };
}
