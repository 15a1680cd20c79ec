import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import fc from "fast-check";
import { expect, it } from "vitest";
import { openDepot } from "../../src/depot/sqlite/depot.ts";
import { depotPath } from "../../src/depot/sqlite/open.ts";
import type { Depot } from "../../src/depot/store.ts";
import { id16 } from "../support/envelopes.ts";
import { seededRandom } from "./random.ts";
import { decodes, newMessage, withDirectory } from "./rig.ts";

/**
 * A power cut keeps what a finished sync covered, and of all later writes any part: sectors that came, that did not, that
 * hold zeros or noise. The files as they are when a sync is asked for are what is on the disk once it has ended.
 */
const SECTOR = 512;
/** Bytes of the header of a write-ahead log: https://www.sqlite.org/walformat.html. */
const LOG_HEADER = 32;
const RUNS = Number(process.env["HEARTH_POWER_RUNS"] ?? 6);
const STEPS = 30;
const CUTS_A_STEP = 3;
const TEST_MS = RUNS * 20_000;
/** Few, so that the log is moved into the database, and begun again, many times in a run. */
const CHECKPOINT_PAGES = 12;

interface Files {
    readonly database: Uint8Array;
    readonly log: Uint8Array;
}

interface Moment {
    readonly files: Files;
    /** What was acknowledged once the sync of these files had ended. */
    readonly there: ReadonlySet<number>;
    readonly gone: ReadonlySet<number>;
}

it(
    "loses nothing acknowledged, wherever between two syncs the power is cut",
    async () => {
        await fc.assert(
            fc.asyncProperty(fc.integer(), async (seed) => {
                const random = seededRandom(seed);
                const moments = await withDirectory((directory) => workload(directory, random));
                for (const [index, before] of moments.entries()) {
                    const after = moments[index + 1];
                    if (!after) break;
                    for (let cut = 0; cut < CUTS_A_STEP; cut++) {
                        await withDirectory((directory) =>
                            verify(directory, cutBetween(before, after, random), before, after),
                        );
                    }
                }
            }),
            { numRuns: RUNS, endOnFailure: true },
        );
    },
    TEST_MS,
);

async function workload(directory: string, random: () => number): Promise<readonly Moment[]> {
    const moments: Moment[] = [];
    const there = new Set<number>();
    const gone = new Set<number>();
    let asked: Files | undefined;
    const sync = async (): Promise<void> => {
        asked = filesOf(directory);
    };
    const depot = await openDepot({ directory, decodes, onNotice: fail, sync, checkpointPages: CHECKPOINT_PAGES });
    for (let step = 0; step < STEPS; step++) {
        await Promise.all(worksOf(depot, { step, random, there, gone }));
        if (!asked) throw new Error("nothing was synced");
        moments.push({ files: asked, there: new Set(there), gone: new Set(gone) });
    }
    await depot.close();
    return moments;
}

function worksOf(
    depot: Depot,
    { step, random, there, gone }: { step: number; random: () => number; there: Set<number>; gone: Set<number> },
): Promise<unknown>[] {
    const count = 1 + Math.floor(random() * 6);
    return Array.from({ length: count }, (_, index) => {
        const [oldest] = there;
        if (oldest !== undefined && random() < 0.3) {
            there.delete(oldest);
            return depot.commit(() => depot.store.removeMessage(id16(oldest, 0xa0))).then(() => gone.add(oldest));
        }
        const number = step * 10 + index;
        const message = newMessage(number, { size: 5 + Math.floor(random() * 6_000) });
        return depot.commit(() => depot.store.insertMessage(message)).then(() => there.add(number));
    });
}

function filesOf(directory: string): Files {
    const path = depotPath(directory);
    return { database: readFileSync(path), log: readFileSync(`${path}-wal`) };
}

function cutBetween({ files: before }: Moment, { files: after }: Moment, random: () => number): Files {
    // SQLite syncs the whole log before it begins to change the database.
    if (random() < 0.5) return { database: torn(before.database, after.database, random), log: after.log };
    return { database: before.database, log: tornLog(before.log, after.log, random) };
}

/** When the log begins anew, SQLite syncs its new header before anything is written over the old frames. */
function tornLog(before: Uint8Array, after: Uint8Array, random: () => number): Uint8Array {
    const begun = Uint8Array.from(before);
    begun.set(after.subarray(0, LOG_HEADER));
    return random() < 0.3 ? torn(before, begun, random) : torn(begun, after, random);
}

/**
 * Each sector that differs is old, new, or zeros or noise where it differs; the file may end anywhere beyond its old size.
 * Bytes beside a write stay whole: SQLite and its synchronous = FULL rest on that too ("powersafe overwrite").
 */
function torn(before: Uint8Array, after: Uint8Array, random: () => number): Uint8Array {
    const shortest = Math.min(before.length, after.length);
    const size = shortest + Math.floor(random() * (Math.max(before.length, after.length) - shortest + 1));
    const result = new Uint8Array(size);
    for (let offset = 0; offset < size; offset += SECTOR) {
        const choice = Math.floor(random() * 4);
        const noise = choice === 3 ? Math.floor(random() * 256) : 0;
        for (let at = offset; at < Math.min(size, offset + SECTOR); at++) {
            const [old, fresh] = [before[at], after[at]];
            result[at] = old === fresh ? (old ?? 0) : ([old, fresh][choice] ?? noise);
        }
    }
    return result;
}

/** What was there before must be there, unless its removal had begun; what was gone must be gone. */
async function verify(directory: string, files: Files, before: Moment, after: Moment): Promise<void> {
    const path = depotPath(directory);
    rmSync(directory, { recursive: true });
    mkdirSync(directory);
    writeFileSync(path, files.database);
    writeFileSync(`${path}-wal`, files.log);
    const depot = await openDepot({ directory, decodes, onNotice: fail });
    const isThere = (number: number): boolean => depot.store.message(id16(number, 0xa0)) !== undefined;
    const missing = [...before.there].filter((number) => !after.gone.has(number) && !isThere(number));
    const back = [...before.gone].filter(isThere);
    await depot.close();
    expect({ missing, back }).toEqual({ missing: [], back: [] });
    expect(existsSync(join(directory, "depot.sqlite.damaged-1"))).toBe(false);
    const checker = new Database(path, { readonly: true });
    expect(checker.pragma("integrity_check", { simple: true })).toBe("ok");
    checker.close();
}

function fail(text: string): void {
    throw new Error(text);
}
