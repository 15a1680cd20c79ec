import { closeSync, fdatasync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";

const syncData = promisify(fdatasync);

export interface WalSync {
    sync(): Promise<void>;
    close(): void;
}

/**
 * Makes what SQLite appended to the write-ahead log durable, in a thread of libuv's pool, so that the event loop goes on
 * meanwhile. The log must exist; it keeps its inode for as long as a connection is open. Its name in the directory is
 * synced here, once. Only the log is opened, never the database file: closing a second descriptor of that would drop
 * SQLite's locks.
 */
export function walSync(databasePath: string): WalSync {
    const descriptor = openSync(`${databasePath}-wal`, "r");
    syncDirectory(dirname(databasePath));
    return { sync: () => syncData(descriptor), close: () => closeSync(descriptor) };
}

/** A new file survives a power cut only once the directory that names it was synced too. */
export function syncDirectory(directory: string): void {
    const descriptor = openSync(directory, "r");
    try {
        fsyncSync(descriptor);
    } finally {
        closeSync(descriptor);
    }
}
