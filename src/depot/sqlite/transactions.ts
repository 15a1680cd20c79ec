import type { Database as Connection } from "better-sqlite3";
import type { Transactions } from "./group-commit.ts";

/** The transaction statements of one connection. `onRollback` hears when something that was read may not be true. */
export function transactionsOf(connection: Connection, onRollback: () => void): Transactions {
    const statement = (text: string): (() => void) => {
        const prepared = connection.prepare(text);
        return () => void prepared.run();
    };
    const rollback = statement("ROLLBACK");
    const rollbackTo = statement("ROLLBACK TO work");
    return {
        begin: statement("BEGIN IMMEDIATE"),
        commit: statement("COMMIT"),
        savepoint: statement("SAVEPOINT work"),
        release: statement("RELEASE work"),
        rollback() {
            onRollback();
            rollback();
        },
        rollbackTo() {
            onRollback();
            rollbackTo();
        },
        isOpen() {
            // Asked after a failure only: the engine may have rolled back by itself.
            if (!connection.inTransaction) onRollback();
            return connection.inTransaction;
        },
    };
}
