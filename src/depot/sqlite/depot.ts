import type { Database as Connection } from "better-sqlite3";
import { DepotFailed } from "../errors.ts";
import type { Depot, RelayStore } from "../store.ts";
import { airtimeJournal } from "./airtime.ts";
import { closeAsIs } from "./connect.ts";
import { fetchCursors } from "./cursors.ts";
import { isDamage, markSuspect } from "./damage.ts";
import { deliveryStore } from "./deliveries.ts";
import { GroupCommit } from "./group-commit.ts";
import { linkStates } from "./link-states.ts";
import { lockDirectory } from "./lock.ts";
import { mailbox } from "./mailbox.ts";
import { messageStore } from "./messages.ts";
import { offerStore } from "./offers.ts";
import { depotPath, makeDirectory, type OpenOptions, openDatabase, readable } from "./open.ts";
import { sheltered, UNREADABLE } from "./shelter.ts";
import { walSync } from "./sync.ts";
import { tombstoneStore } from "./tombstones.ts";
import { transactionsOf } from "./transactions.ts";

export interface DepotOptions extends OpenOptions {
    /** Instead of the real sync of the write-ahead log; for tests of its failure. */
    readonly sync?: () => Promise<void>;
}

/**
 * Opens the depot in a directory, which it makes where it is missing. Rejects with `DepotUnusable` for what the user must
 * mend: no permission, a second Hearth, a file of a newer version. A damaged file is set aside and recovered from.
 */
export async function openDepot(options: DepotOptions): Promise<Depot> {
    const { directory } = options;
    makeDirectory(directory);
    let unlock = (): void => undefined;
    try {
        unlock = lockDirectory(`${depotPath(directory)}.lock`, directory);
        const connection = openDatabase(options);
        const wal = walSync(depotPath(directory));
        // What a killed process committed without a sync may be shown from now on, so it must be durable from now on.
        await wal.sync();
        return depotOver({ connection, options, sync: options.sync ?? wal.sync, release: [wal.close, unlock] });
    } catch (cause) {
        unlock();
        throw readable(cause, directory);
    }
}

interface Parts {
    readonly connection: Connection;
    readonly options: DepotOptions;
    readonly sync: () => Promise<void>;
    readonly release: readonly (() => void)[];
}

function depotOver({ connection, options, sync, release }: Parts): Depot {
    const { directory, decodes, onNotice } = options;
    const offers = offerStore(connection);
    const reader = mailbox(connection, decodes, (row, now) => void quarantine(row, now));
    const group = new GroupCommit(transactionsOf(connection, offers.forget), async () => {
        const synced = reader.lastRow();
        await sync();
        reader.showUpTo(synced);
    });
    let told = false;
    const tell = (): void => {
        if (told || !group.failure) return;
        told = true;
        onNotice(group.failure.message);
    };
    const onError = (cause: unknown): void => {
        if (isDamage(cause) && !group.failure) {
            markSuspect(depotPath(directory));
            group.fail(
                new DepotFailed(
                    `The depot in ${directory} is damaged. Restart Hearth: it will set the file aside and recover it.`,
                ),
            );
        }
        tell();
    };
    const commit = <T>(work: () => T): Promise<T> => {
        const result = group.commit(work);
        result.catch(onError);
        return result;
    };
    const quarantine = async (row: number, now: number): Promise<void> => {
        const moved = await commit(() => reader.quarantine(row, "does not decode", now)).catch(() => false);
        if (moved) onNotice(`Message ${row} in ${directory} no longer decodes and was moved to the quarantine.`);
    };
    const store: RelayStore = {
        ...messageStore(connection),
        ...tombstoneStore(connection, offers.forget),
        ...offers.store,
        ...deliveryStore(connection),
    };
    const shelter = { onError, isInWork: () => connection.inTransaction };
    const end = async (): Promise<void> => {
        await group.close();
        // After a failure nothing may be moved from the log into the database.
        if (group.failure) closeAsIs(connection, depotPath(directory));
        else connection.close();
        for (const each of release) each();
    };
    let closing: Promise<void> | undefined;
    return {
        store: sheltered(store, UNREADABLE, shelter),
        mailbox: sheltered({ page: reader.page, stats: reader.stats }, {}, shelter),
        airtime: sheltered(airtimeJournal(connection), {}, shelter),
        links: sheltered(linkStates(connection), {}, shelter),
        cursors: sheltered(fetchCursors(connection), {}, shelter),
        commit,
        close: () => (closing ??= end()),
    };
}
