import type { Database as Connection, Statement } from "better-sqlite3";
import { LINK_STATES_MAX } from "../store.ts";
import { openSalvage } from "./salvage.ts";

/** Queries for one damaged table before the rest of it is given up. */
const QUERIES_MAX = 1_000_000;
/** The same where the highest row is only guessed, and most queries ask for nothing. */
const QUERIES_GUESSING_MAX = 50_000;
/** Row numbers asked for in one query. */
const ROWS_TOGETHER = 4_096;
/** Highest row number looked for where the file no longer tells its own. */
const ROWS_GUESSED = 2 ** 24;
/** A row number beyond this is damage, not a row. */
const ROWS_MAX = 2 ** 48;
/** Row numbers left unused after a recovery, so that no fetch cursor from before can point at another message. */
const ROWS_SKIPPED = 1_000_000;

export interface Recovery {
    readonly messages: number;
    readonly tombstones: number;
}

interface Table {
    readonly name: string;
    /** The column that is the row number. */
    readonly key: string;
    readonly columns: number;
    /** Which column must decode, if any. */
    readonly payload?: number;
}

const MESSAGES: Table = { name: "messages", key: "row", columns: 8, payload: 4 };
const TOMBSTONES: Table = { name: "tombstones", key: "rowid", columns: 6, payload: 2 };
const OTHERS: readonly Table[] = [
    { name: "offers", key: "ordinal", columns: 8 },
    { name: "quarantine", key: "row", columns: 4 },
    { name: "airtime", key: "rowid", columns: 3 },
];

type Decodes = (payload: Uint8Array) => boolean;

/**
 * Fills a fresh database with every row of the damaged one that can still be read and still decodes. The counters come
 * right by themselves: triggers keep them. Reads the damaged file only.
 */
export function recover(fresh: Connection, damagedPath: string, decodes: Decodes): Recovery {
    const salvage = openSalvage(damagedPath, fresh);
    try {
        fresh.exec("BEGIN IMMEDIATE");
        const copy = (table: Table): number => copyTable(salvage.readers, fresh, table, decodes);
        const messages = copy(MESSAGES);
        skipRows(salvage.readers, fresh);
        const tombstones = copy(TOMBSTONES);
        for (const table of OTHERS) copy(table);
        copyLinkStates(salvage.readers, fresh);
        // An offer whose item did not survive would never end.
        fresh.exec(`DELETE FROM offers WHERE kind = 0 AND message_id NOT IN (SELECT message_id FROM messages);
            DELETE FROM offers WHERE kind = 1 AND message_id NOT IN (SELECT message_id FROM tombstones);`);
        fresh.exec("COMMIT");
        return { messages, tombstones };
    } finally {
        if (fresh.inTransaction) fresh.exec("ROLLBACK");
        salvage.close();
    }
}

function skipRows(readers: readonly Connection[], fresh: Connection): void {
    const last = Number(fresh.prepare("SELECT ifnull(max(row), 0) FROM messages").pluck().get());
    const next = Math.max(last, ...readers.map((reader) => highestRow(reader, MESSAGES))) + ROWS_SKIPPED;
    fresh.prepare("DELETE FROM sqlite_sequence WHERE name = 'messages'").run();
    fresh.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('messages', ?)").run(next);
}

/** The first reader that knows the table tells what it can. */
function copyTable(readers: readonly Connection[], fresh: Connection, table: Table, decodes: Decodes): number {
    const { name, columns } = table;
    const insert = fresh.prepare(`INSERT OR IGNORE INTO ${name} VALUES (${Array(columns).fill("?").join(", ")})`);
    for (const reader of readers) {
        const select = selectRange(reader, table);
        if (select) {
            return copyRanges(select, highestRow(reader, table), (row) =>
                isWanted(row, table, decodes) ? insertRow(insert, filledUp(row, columns)) : 0,
            );
        }
    }
    return 0;
}

/** Few rows without numbers: from both ends, each as far as the damage. */
function copyLinkStates(readers: readonly Connection[], fresh: Connection): void {
    const insert = fresh.prepare("INSERT OR IGNORE INTO link_states VALUES (?, ?)");
    for (const reader of readers) {
        for (const order of ["ASC", "DESC"]) {
            try {
                const rows = reader
                    .prepare(`SELECT radio, state FROM link_states ORDER BY radio ${order} LIMIT ?`)
                    .raw();
                for (const row of rows.iterate(LINK_STATES_MAX) as Iterable<unknown[]>) insertRow(insert, row);
            } catch (cause) {
                if (isFull(cause)) throw cause;
            }
        }
    }
}

/** Undefined where this reader lost the table itself; the next one may know it. */
function selectRange(reader: Connection, { name, key }: Table): Statement | undefined {
    try {
        return reader.prepare(`SELECT * FROM ${name} WHERE ${key} BETWEEN ? AND ? ORDER BY ${key}`).raw();
    } catch {
        return undefined;
    }
}

/** Reads ranges of rows, low ones first, and halves those that cannot be read: a torn page costs its own rows only. */
function copyRanges(select: Statement, highest: number, copy: (row: unknown[]) => number): number {
    let queries = highest === ROWS_GUESSED ? QUERIES_MAX - QUERIES_GUESSING_MAX : 0;
    let copied = 0;
    const ranges: [number, number][] = [[0, highest]];
    for (let range = ranges.pop(); range && queries < QUERIES_MAX; range = ranges.pop()) {
        const [from, to] = range;
        const middle = Math.floor((from + to) / 2);
        const halves: [number, number][] = [
            [middle + 1, to],
            [from, middle],
        ];
        if (to - from >= ROWS_TOGETHER) {
            ranges.push(...halves);
            continue;
        }
        queries++;
        try {
            for (const row of select.iterate(from, to) as Iterable<unknown[]>) copied += copy(row);
        } catch (cause) {
            if (isFull(cause)) throw cause;
            if (from < to) ranges.push(...halves);
        }
    }
    return copied;
}

function isWanted(row: readonly unknown[], { payload }: Table, decodes: Decodes): boolean {
    if (payload === undefined) return true;
    const bytes = row[payload];
    return bytes instanceof Uint8Array && decodes(bytes);
}

/** A row of an older schema: columns that were added since begin as 0. */
function filledUp(row: unknown[], columns: number): unknown[] {
    return row.concat(Array(Math.max(0, columns - row.length)).fill(0));
}

function insertRow(insert: Statement, row: unknown[]): number {
    try {
        return insert.run(...row).changes;
    } catch (cause) {
        if (isFull(cause)) throw cause;
        // A row with wrong types or without a value: its bytes stay in the file that is set aside.
        return 0;
    }
}

function isFull(cause: unknown): boolean {
    return cause instanceof Error && "code" in cause && cause.code === "SQLITE_FULL";
}

function highestRow(reader: Connection, { name, key }: Table): number {
    for (const query of [`SELECT max(${key}) FROM ${name}`, `SELECT seq FROM sqlite_sequence WHERE name = '${name}'`]) {
        try {
            const highest = reader.prepare(query).pluck().get();
            if (typeof highest === "number" && highest >= 0 && highest < ROWS_MAX) return highest;
        } catch {
            // The next way may still know.
        }
    }
    return ROWS_GUESSED;
}
