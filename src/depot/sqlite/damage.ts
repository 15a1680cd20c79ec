import { closeSync, existsSync, openSync, readSync, rmSync, statSync, writeFileSync } from "node:fs";
import Database, { type Database as Connection } from "better-sqlite3";
import { knownVersion, migrate } from "./migrations.ts";
import { MIGRATIONS } from "./schema.ts";

/**
 * A file up to this size, in bytes, is checked whole at every start (0.2 s on a PC); a larger one only when damage was met
 * while it was in use.
 */
const CHECKED_BYTES_MAX = 64 * 1024 * 1024;

/** SQLite's default page size, which all our files have. */
export const PAGE_BYTES = 4096;

/** Whether an error says that the file, not the request, is wrong. */
export function isDamage(cause: unknown): boolean {
    return isCode(cause, /^SQLITE_(?:CORRUPT|NOTADB)/);
}

function isCode(cause: unknown, pattern: RegExp): boolean {
    return cause instanceof Database.SqliteError && pattern.test(cause.code);
}

/** Damage met while running: the next start looks at every page, whatever the size. */
export function markSuspect(path: string): void {
    writeFileSync(suspectPath(path), "");
}

export function clearSuspect(path: string): void {
    rmSync(suspectPath(path), { force: true });
}

/**
 * What is wrong with an existing file, in words; undefined when it is sound. It is only read: the companions of a damaged
 * file stay as they are, and so does a file of a newer Hearth, for which this throws.
 */
export function damageOf(path: string): string | undefined {
    const { size } = statSync(path);
    // SQLite would take it for a new one, and delete a write-ahead log that still holds everything.
    if (size < PAGE_BYTES) return "the file is shorter than a page";
    if (!startsLikeOurs(path)) return "its header is wrong";
    const reader = new Database(path, { readonly: true });
    try {
        const version = knownVersion(reader);
        if (version === 0) return "the file holds no depot";
        if (version === MIGRATIONS.length && schemaOf(reader) !== schemaExpected()) return "its schema was changed";
        return size <= CHECKED_BYTES_MAX || existsSync(suspectPath(path)) ? faultOf(reader) : undefined;
    } catch (cause) {
        // Each question is a right one, so SQLITE_ERROR is not the question's fault.
        if (isDamage(cause) || isCode(cause, /^SQLITE_ERROR/)) return textOf(cause);
        throw cause;
    } finally {
        reader.close();
    }
}

function schemaOf(database: Connection): string {
    return JSON.stringify(
        database.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").raw().all(),
    );
}

/** What a new file has. A changed word in there would otherwise show only when a statement needs it. */
function schemaExpected(): string {
    const model = new Database(":memory:");
    try {
        migrate(model);
        return schemaOf(model);
    } finally {
        model.close();
    }
}

/**
 * Bytes that are the same in every file of ours, by their offset: name, page size, WAL, fractions; schema format; UTF-8.
 * SQLite overlooks some of them and then opens the file in another way.
 */
const HEADER: readonly (readonly [number, string])[] = [
    [0, "SQLite format 3\0\x10\x00\x02\x02\x00\x40\x20\x20"],
    [44, "\0\0\0\x04"],
    [56, "\0\0\0\x01"],
];
const HEADER_BYTES = 100;

/** Only before SQLite opens the file: closing a second descriptor would drop its locks. */
function startsLikeOurs(path: string): boolean {
    const descriptor = openSync(path, "r");
    try {
        const found = Buffer.alloc(HEADER_BYTES);
        readSync(descriptor, found, 0, found.length, 0);
        return HEADER.every(([at, text]) => found.toString("latin1", at, at + text.length) === text);
    } finally {
        closeSync(descriptor);
    }
}

/** One row with one number: 1 where every counter says what the tables say. */
const COUNTERS_AGREE = `
    WITH counted AS (SELECT routing_key, count(*) AS messages, sum(length(payload)) AS bytes FROM messages GROUP BY 1)
    SELECT t.messages = (SELECT ifnull(sum(messages), 0) FROM counted)
        AND t.bytes = (SELECT ifnull(sum(bytes), 0) FROM counted)
        AND t.proven = (SELECT count(*) FROM tombstones WHERE proven = 1)
        AND t.unproven = (SELECT count(*) FROM tombstones WHERE proven = 0)
        AND NOT EXISTS (SELECT * FROM counted EXCEPT SELECT routing_key, messages, bytes FROM mailboxes)
        AND NOT EXISTS (SELECT routing_key, messages, bytes FROM mailboxes EXCEPT SELECT * FROM counted)
    FROM totals t`;

function faultOf(reader: Connection): string | undefined {
    const found = String(reader.pragma("integrity_check(1)", { simple: true }));
    if (found !== "ok") return found;
    return reader.prepare(COUNTERS_AGREE).pluck().get() === 1 ? undefined : "the counters are wrong";
}

export function textOf(cause: unknown): string {
    return cause instanceof Error ? cause.message : String(cause);
}

function suspectPath(path: string): string {
    return `${path}.suspect`;
}
