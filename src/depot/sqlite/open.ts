import { chmodSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database, { type Database as Connection } from "better-sqlite3";
import { DepotUnusable } from "../errors.ts";
import { recover, setAside } from "./recover.ts";
import { MIGRATIONS, migrate } from "./schema.ts";

/** A file up to this size, in bytes, is checked page by page at every start; a larger one only when it is suspect. */
const CHECKED_BYTES_MAX = 128 * 1024 * 1024;

/** Pages in the write-ahead log, of 4096 bytes, before they are moved into the database. */
const CHECKPOINT_PAGES = 4_000;
/** The log is cut back to this size, in bytes, after a checkpoint. */
const WAL_BYTES_KEPT = 32 * 1024 * 1024;
const CACHE_KIBIBYTES = 8_192;

const DAMAGE = /^SQLITE_(?:CORRUPT|NOTADB)/;

export function isDamage(cause: unknown): boolean {
    return cause instanceof Database.SqliteError && DAMAGE.test(cause.code);
}

export interface OpenOptions {
    readonly directory: string;
    readonly decodes: (payload: Uint8Array) => boolean;
    readonly onNotice: (text: string) => void;
    /** The whole file in pages, as a stand-in for a full disk. */
    readonly pagesMax?: number;
}

export function depotPath(directory: string): string {
    return join(directory, "depot.sqlite");
}

/** The data directory, for this user only. */
export function makeDirectory(directory: string): void {
    try {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
    } catch (cause) {
        throw new DepotUnusable(
            `The data directory ${directory} cannot be made: ${textOf(cause)}. Choose another with --data-dir.`,
        );
    }
}

/** Opens the database with its schema up to date; a damaged one is set aside and what it still tells is recovered. */
export function openDatabase(options: OpenOptions): Connection {
    const path = depotPath(options.directory);
    try {
        const isNew = !existsSync(path);
        const connection = connect(path, options);
        if (isNew) chmodSync(path, 0o600);
        return connection;
    } catch (cause) {
        if (!isDamage(cause)) throw readable(cause, options.directory);
    }
    const asidePath = setAside(path);
    rmSync(suspectPath(path), { force: true });
    options.onNotice(`The depot ${path} is damaged. It was kept as ${asidePath}; recovering what can be read …`);
    const fresh = connect(path, options);
    chmodSync(path, 0o600);
    const { messages, tombstones } = recover(fresh, asidePath, options.decodes);
    options.onNotice(
        `Recovered ${messages} messages and ${tombstones} tombstones. Keep ${asidePath} if something is missing.`,
    );
    return fresh;
}

/** Damage met while running: the next start looks at every page, whatever the size. */
export function markSuspect(directory: string): void {
    writeFileSync(suspectPath(depotPath(directory)), "");
}

function suspectPath(path: string): string {
    return `${path}.suspect`;
}

function connect(path: string, { pagesMax }: OpenOptions): Connection {
    const connection = new Database(path);
    try {
        refuseNewer(connection);
        connection.pragma("auto_vacuum = INCREMENTAL");
        connection.pragma("journal_mode = WAL");
        connection.pragma("synchronous = NORMAL");
        connection.pragma("trusted_schema = OFF");
        connection.pragma("cell_size_check = ON");
        connection.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
        connection.pragma(`journal_size_limit = ${WAL_BYTES_KEPT}`);
        connection.pragma(`cache_size = -${CACHE_KIBIBYTES}`);
        if (pagesMax !== undefined) connection.pragma(`max_page_count = ${pagesMax}`);
        migrate(connection);
        check(connection, path);
        return connection;
    } catch (cause) {
        connection.close();
        throw cause;
    }
}

/** Before anything is written into the file. */
function refuseNewer(connection: Connection): void {
    if (Number(connection.pragma("user_version", { simple: true })) > MIGRATIONS.length) migrate(connection);
}

function check(connection: Connection, path: string): void {
    const suspect = existsSync(suspectPath(path));
    if (!suspect && statSync(path).size > CHECKED_BYTES_MAX) return;
    const found = connection.pragma("quick_check(1)", { simple: true });
    if (found !== "ok") throw new Database.SqliteError(String(found), "SQLITE_CORRUPT");
    const totals = connection.prepare("SELECT count(*) FROM totals").pluck().get();
    if (totals !== 1) throw new Database.SqliteError("the counters are missing", "SQLITE_CORRUPT");
    if (suspect) rmSync(suspectPath(path), { force: true });
}

function readable(cause: unknown, directory: string): Error {
    if (cause instanceof DepotUnusable) return cause;
    return new DepotUnusable(
        `The depot in ${directory} cannot be opened: ${textOf(cause)}. Check the permissions and the free space there.`,
    );
}

function textOf(cause: unknown): string {
    return cause instanceof Error ? cause.message : String(cause);
}
