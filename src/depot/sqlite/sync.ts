import { close, fdatasync, fsync, open } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";

const openFile = promisify(open);
const closeFile = promisify(close);
const syncFile = promisify(fsync);
const syncData = promisify(fdatasync);

export interface WalSync {
    sync(): Promise<void>;
    close(): Promise<void>;
}

/**
 * Makes what SQLite appended to the write-ahead log durable, in a thread of libuv's pool, so that the event loop goes
 * on meanwhile. SQLite itself syncs the log before each checkpoint and the database after it (synchronous = NORMAL).
 * Only the log is opened here, never the database file: closing another descriptor of that would drop SQLite's locks.
 */
export function walSync(databasePath: string): WalSync {
    let descriptor: number | undefined;
    return {
        async sync() {
            if (descriptor === undefined) {
                descriptor = await openFile(`${databasePath}-wal`, "r");
                await syncDirectory(dirname(databasePath));
            }
            await syncData(descriptor);
        },
        async close() {
            if (descriptor !== undefined) await closeFile(descriptor);
            descriptor = undefined;
        },
    };
}

/** A new file survives a power cut only once the directory that names it was synced too. */
export async function syncDirectory(directory: string): Promise<void> {
    const descriptor = await openFile(directory, "r");
    try {
        await syncFile(descriptor);
    } finally {
        await closeFile(descriptor);
    }
}
