import Database from "better-sqlite3";
import type { UnixSeconds } from "../../base/time.ts";
import { DepotUnusable } from "../errors.ts";
import { textOf } from "./damage.ts";

/** One row of the mailbox of Ember's node (SPEC section 20). */
export interface EmberRow {
    readonly id: number;
    /** An OuterEnvelope in postcard, without the type byte of a WirePayload. */
    readonly envelope: Uint8Array;
    readonly createdAt: UnixSeconds;
    readonly expiresAt: UnixSeconds;
}

export interface EmberNodeDatabase {
    /** Rows of all times. */
    readonly rows: number;
    /** Rows that Ember itself could not use any more. */
    readonly quarantined: number;
    /** In the order in which they came, after `id`. */
    after(id: number, limit: number): readonly EmberRow[];
    close(): void;
}

const COLUMNS = ["id", "routing_key", "message_id", "envelope_data", "expires_at", "created_at"];

/** Opens the database of Ember's node for reading only. Throws `DepotUnusable` for what is none. */
export function openEmberNode(path: string): EmberNodeDatabase {
    let database: Database.Database | undefined;
    try {
        database = new Database(path, { readonly: true, fileMustExist: true });
        database.pragma("trusted_schema = OFF");
        const columns = database.prepare<[], string>("SELECT name FROM pragma_table_info('mailbox_messages')").pluck();
        const found = columns.all();
        const missing = COLUMNS.filter((column) => !found.includes(column));
        if (missing.length > 0) throw new Error(`mailbox_messages has no ${missing.join(", ")}`);
        return reading(database);
    } catch (cause) {
        database?.close();
        throw new DepotUnusable(`${path} is no database of Ember's node that can be read: ${textOf(cause)}.`);
    }
}

function reading(database: Database.Database): EmberNodeDatabase {
    const count = (table: string): number => Number(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
    const hasQuarantine = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'quarantined_messages'").get();
    const page = database.prepare<[number, number], EmberRow>(
        `SELECT id, ifnull(CAST(envelope_data AS BLOB), x'') AS envelope, created_at AS createdAt, expires_at AS expiresAt
         FROM mailbox_messages WHERE id > ? ORDER BY id LIMIT ?`,
    );
    return {
        rows: count("mailbox_messages"),
        quarantined: hasQuarantine === undefined ? 0 : count("quarantined_messages"),
        after: (id, limit) => page.all(id, limit),
        close: () => void database.close(),
    };
}
