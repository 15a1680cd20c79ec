import { existsSync, renameSync } from "node:fs";
import Database, { type Database as Connection } from "better-sqlite3";

/** Queries that may fail before the rest of a damaged table is given up. */
const FAILURES_MAX = 20_000;
/** Row numbers asked for in one query. */
const ROWS_TOGETHER = 4_096;
/** Highest row number looked for where the file no longer tells its own. */
const ROWS_GUESSED = 2 ** 24;
/** Row numbers left unused after a recovery, so that no fetch cursor from before can point at another message. */
const ROWS_SKIPPED = 1_000_000;

export interface Recovery {
    /** Where the damaged file lies now. */
    readonly asidePath: string;
    readonly messages: number;
    readonly tombstones: number;
}

/** Names a damaged file and its companions out of the way. Nothing is deleted or overwritten. */
export function setAside(path: string): string {
    let number = 1;
    while (existsSync(`${path}.damaged-${number}`)) number++;
    const aside = `${path}.damaged-${number}`;
    // The write-ahead log must keep its database's name, or SQLite would not read the two together.
    for (const suffix of ["-wal", "-shm", ""]) {
        if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
    }
    return aside;
}

/** Fills the fresh database with every row of the damaged one that can still be read and still decodes. */
export function recover(fresh: Connection, asidePath: string, decodes: (payload: Uint8Array) => boolean): Recovery {
    let messages = 0;
    let tombstones = 0;
    let damaged: Connection;
    try {
        damaged = new Database(asidePath, { readonly: true });
    } catch {
        return { asidePath, messages, tombstones };
    }
    try {
        fresh.exec("BEGIN IMMEDIATE");
        messages = copyMessages(damaged, fresh, decodes);
        tombstones = copyTable(damaged, fresh, "tombstones", "rowid", 6, (row) => decodes(row[2] as Uint8Array));
        copyTable(damaged, fresh, "offers", "ordinal", 7, () => true);
        copyTable(damaged, fresh, "quarantine", "row", 4, () => true);
        copyTable(damaged, fresh, "airtime", "rowid", 3, () => true);
        // An offer whose item did not survive would never end.
        fresh.exec(`DELETE FROM offers WHERE kind = 0 AND message_id NOT IN (SELECT message_id FROM messages);
            DELETE FROM offers WHERE kind = 1 AND message_id NOT IN (SELECT message_id FROM tombstones);`);
        fresh.exec("COMMIT");
    } finally {
        if (fresh.inTransaction) fresh.exec("ROLLBACK");
        damaged.close();
    }
    return { asidePath, messages, tombstones };
}

function copyMessages(damaged: Connection, fresh: Connection, decodes: (payload: Uint8Array) => boolean): number {
    const count = copyTable(damaged, fresh, "messages", "row", 8, (row) => decodes(row[4] as Uint8Array));
    const last = Number(fresh.prepare("SELECT ifnull(max(row), 0) FROM messages").pluck().get());
    const next = Math.max(last, highestRow(damaged, "messages", "row") ?? 0) + ROWS_SKIPPED;
    fresh.prepare("DELETE FROM sqlite_sequence WHERE name = 'messages'").run();
    fresh.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('messages', ?)").run(next);
    return count;
}

/** Reads ranges of rows and halves those that cannot be read, so one torn page costs its own rows only. */
function copyTable(
    damaged: Connection,
    fresh: Connection,
    table: string,
    key: string,
    columns: number,
    wanted: (row: readonly unknown[]) => boolean,
): number {
    let select: Database.Statement;
    try {
        select = damaged.prepare(`SELECT * FROM ${table} WHERE ${key} BETWEEN ? AND ? ORDER BY ${key}`).raw();
    } catch {
        return 0;
    }
    const insert = fresh.prepare(`INSERT OR IGNORE INTO ${table} VALUES (${Array(columns).fill("?").join(", ")})`);
    let failures = 0;
    let copied = 0;
    const ranges: [number, number][] = [[0, highestRow(damaged, table, key) ?? ROWS_GUESSED]];
    for (let range = ranges.pop(); range && failures < FAILURES_MAX; range = ranges.pop()) {
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
        try {
            for (const row of select.iterate(from, to) as Iterable<unknown[]>) copied += copyRow(insert, row, wanted);
        } catch {
            failures++;
            if (from < to) ranges.push(...halves);
        }
    }
    return copied;
}

function copyRow(insert: Database.Statement, row: unknown[], wanted: (row: readonly unknown[]) => boolean): number {
    try {
        return wanted(row) ? insert.run(...row).changes : 0;
    } catch {
        // A row with the wrong types or without a value: its bytes stay in the file that was set aside.
        return 0;
    }
}

function highestRow(damaged: Connection, table: string, key: string): number | undefined {
    for (const query of [
        `SELECT max(${key}) FROM ${table}`,
        `SELECT seq FROM sqlite_sequence WHERE name = '${table}'`,
    ]) {
        try {
            const highest = damaged.prepare(query).pluck().get();
            if (typeof highest === "number" && highest >= 0) return highest;
        } catch {
            // The next way may still know.
        }
    }
    return undefined;
}
