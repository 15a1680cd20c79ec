import type { Database as Connection } from "better-sqlite3";
import type { Depot, RelayStore } from "../store.ts";
import { airtimeJournal } from "./airtime.ts";
import { GroupCommit, type Transactions } from "./group-commit.ts";
import { lockDirectory } from "./lock.ts";
import { mailbox } from "./mailbox.ts";
import { messageStore } from "./messages.ts";
import { offerStore } from "./offers.ts";
import { depotPath, isDamage, makeDirectory, markSuspect, type OpenOptions, openDatabase } from "./open.ts";
import { walSync } from "./sync.ts";
import { tombstoneStore } from "./tombstones.ts";

export interface DepotOptions extends OpenOptions {
    /** Instead of the real sync of the write-ahead log; for tests of its failure. */
    readonly sync?: () => Promise<void>;
}

/**
 * Opens the depot in a directory, which it makes where it is missing. Rejects with `DepotUnusable` for what the user must
 * mend: no permission, a second Hearth, a file of a newer version. A damaged file is set aside and recovered from.
 */
export async function openDepot(options: DepotOptions): Promise<Depot> {
    const { directory, onNotice, decodes } = options;
    makeDirectory(directory);
    const unlock = lockDirectory(`${depotPath(directory)}.lock`, directory);
    let connection: Connection;
    try {
        connection = openDatabase(options);
    } catch (cause) {
        unlock();
        throw cause;
    }
    const wal = walSync(depotPath(directory));
    const group = new GroupCommit(transactionsOf(connection), options.sync ?? wal.sync);
    let damaged = false;
    const watch = (cause: unknown): void => {
        if (damaged || !isDamage(cause)) return;
        damaged = true;
        markSuspect(directory);
        onNotice(`The depot in ${directory} is damaged. Restart Hearth: it will set the file aside and recover it.`);
    };
    const commit = <T>(work: () => T): Promise<T> => {
        const result = group.commit(work);
        result.catch(watch);
        return result;
    };
    const reader = mailbox(connection, decodes, (row, now) => {
        commit(() => reader.quarantine(row, "does not decode", now)).catch(() => undefined);
        onNotice(`Message ${row} in ${directory} no longer decodes and was moved to the quarantine.`);
    });
    const store: RelayStore = { ...messageStore(connection), ...tombstoneStore(connection), ...offerStore(connection) };
    let closing: Promise<void> | undefined;
    const end = async (): Promise<void> => {
        await group.close();
        await wal.close();
        connection.close();
        unlock();
    };
    return {
        store: watched(store, watch),
        mailbox: watched({ page: reader.page, stats: reader.stats }, watch),
        airtime: airtimeJournal(connection),
        commit,
        close: () => (closing ??= end()),
    };
}

function transactionsOf(connection: Connection): Transactions {
    const [begin, commit, rollback, savepoint, release, rollbackTo] = [
        "BEGIN IMMEDIATE",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT work",
        "RELEASE work",
        "ROLLBACK TO work",
    ].map((statement) => connection.prepare(statement));
    return {
        begin: () => void begin?.run(),
        commit: () => void commit?.run(),
        rollback: () => void rollback?.run(),
        savepoint: () => void savepoint?.run(),
        release: () => void release?.run(),
        rollbackTo: () => void rollbackTo?.run(),
        isOpen: () => connection.inTransaction,
    };
}

/** Every function of `door`, with `watch` told of what it throws. */
function watched<Door extends object>(door: Door, watch: (cause: unknown) => void): Door {
    const entries = Object.entries(door).map(([name, call]) => [
        name,
        (...args: unknown[]) => {
            try {
                return call(...args);
            } catch (cause) {
                watch(cause);
                throw cause;
            }
        },
    ]);
    return Object.fromEntries(entries) as Door;
}
