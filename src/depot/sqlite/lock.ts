import Database from "better-sqlite3";
import { DepotUnusable } from "../errors.ts";
import { makePrivate } from "./open.ts";

/**
 * Keeps a second process out of a data directory. The lock is an open SQLite transaction on a file of its own, so the
 * operating system ends it with the process, however that ends: nothing stale can stay behind.
 */
export function lockDirectory(path: string, directory: string): () => void {
    makePrivate(path);
    const database = new Database(path, { timeout: 0 });
    try {
        database.pragma("journal_mode = MEMORY");
        database.exec("BEGIN EXCLUSIVE");
    } catch (cause) {
        database.close();
        if (cause instanceof Database.SqliteError && cause.code.startsWith("SQLITE_BUSY")) {
            throw new DepotUnusable(
                `Another Hearth already uses ${directory}. Stop it first, or choose another directory with --data-dir.`,
                { inUse: true },
            );
        }
        throw cause;
    }
    return () => database.close();
}
