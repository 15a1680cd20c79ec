import Database, { type Database as Connection } from "better-sqlite3";
import { migrate } from "./migrations.ts";

/** Pages in the write-ahead log, of 4096 bytes, before they are moved into the database. */
const CHECKPOINT_PAGES = 4_000;
/** The log is cut back to this size, in bytes, after a checkpoint. */
const WAL_BYTES_KEPT = 32 * 1024 * 1024;
const CACHE_KIBIBYTES = 8_192;

export interface Tuning {
    /** Bound of the whole file, in pages. */
    readonly pagesMax?: number;
    readonly checkpointPages?: number;
}

/**
 * Opens a sound or a new file for writing, with its schema up to date.
 * With synchronous = NORMAL SQLite syncs around checkpoints only; the commits are synced by us, many at a time.
 */
export function connect(path: string, { pagesMax, checkpointPages = CHECKPOINT_PAGES }: Tuning = {}): Connection {
    const connection = new Database(path);
    try {
        connection.pragma("auto_vacuum = INCREMENTAL");
        connection.pragma("journal_mode = WAL");
        connection.pragma("synchronous = NORMAL");
        connection.pragma("trusted_schema = OFF");
        connection.pragma("cell_size_check = ON");
        connection.pragma(`wal_autocheckpoint = ${checkpointPages}`);
        connection.pragma(`journal_size_limit = ${WAL_BYTES_KEPT}`);
        connection.pragma(`cache_size = -${CACHE_KIBIBYTES}`);
        if (pagesMax !== undefined) connection.pragma(`max_page_count = ${pagesMax}`);
        migrate(connection);
        return connection;
    } catch (cause) {
        connection.close();
        throw cause;
    }
}

/**
 * Closes without moving the write-ahead log into the database: after a failed sync the pages in memory may not be those
 * on the disk, and the log's checksums will tell the difference at the next start. The last connection that may write
 * would move it, so one that only reads stays open a moment longer.
 */
export function closeAsIs(connection: Connection, path: string): void {
    let guard: Connection | undefined;
    try {
        guard = new Database(path, { readonly: true });
        guard.prepare("SELECT count(*) FROM totals").get();
    } catch {
        // A file that cannot even be read does not get better by being written.
    }
    try {
        connection.close();
    } finally {
        guard?.close();
    }
}
