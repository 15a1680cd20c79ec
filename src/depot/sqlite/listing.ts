import { existsSync } from "node:fs";
import Database from "better-sqlite3";
import type { UnixSeconds } from "../../base/time.ts";
import { DepotUnusable } from "../errors.ts";
import { depotPath, readable } from "./open.ts";

/** One live item of the depot, without its bytes. */
export interface ListedItem {
    readonly kind: "message" | "tombstone";
    readonly row: number;
    /** In hex. */
    readonly messageId: string;
    /** Of the WirePayload, in bytes. */
    readonly size: number;
    /** Of a tombstone: unknown, 0. */
    readonly receivedAt: UnixSeconds;
    readonly expiresAt: UnixSeconds;
    /** True while some carrier has still to bring it out, or none ever was to. */
    readonly waiting: boolean;
}

export interface ListQuery {
    readonly kind: "message" | "tombstone";
    readonly now: UnixSeconds;
    readonly routingKey?: Uint8Array | undefined;
    /** Only what came at this second or later. */
    readonly since?: UnixSeconds | undefined;
    /** The newest so many. */
    readonly limit: number;
}

/** Looks at a depot at one moment without keeping anybody from writing. */
export interface DepotListing {
    /** The newest first. */
    items(query: ListQuery): readonly ListedItem[];
    payload(item: Pick<ListedItem, "kind" | "row">): Uint8Array | undefined;
    close(): void;
}

type Row = Omit<ListedItem, "waiting"> & { readonly waiting: number };

/**
 * Opens the depot of a directory for reading, whether a gateway runs on it or not. Everything is seen as it was at this
 * moment. Throws `DepotUnusable` for what the user must mend.
 */
export function openListing(directory: string): DepotListing {
    const path = depotPath(directory);
    if (!existsSync(path)) {
        throw new DepotUnusable(`There is no depot in ${directory}: no gateway has run there. Choose with --data-dir.`);
    }
    let database: Database.Database | undefined;
    try {
        database = new Database(path, { readonly: true, fileMustExist: true });
        database.pragma("trusted_schema = OFF");
        database.exec("BEGIN");
        return listing(database);
    } catch (cause) {
        database?.close();
        throw readable(cause, directory);
    }
}

function listing(database: Database.Database): DepotListing {
    const messages = database.prepare<[number, number, Uint8Array | null, number], Row>(
        `SELECT 'message' AS kind, row, lower(hex(message_id)) AS messageId, length(payload) AS size,
            received_at AS receivedAt, expires_at AS expiresAt,
            (EXISTS (SELECT 1 FROM offers o WHERE o.message_id = m.message_id AND o.kind = 0 AND o.ended = 0)
             OR NOT EXISTS (SELECT 1 FROM offers o WHERE o.message_id = m.message_id AND o.kind = 0)) AS waiting
         FROM messages m WHERE expires_at > ? AND received_at >= ? AND routing_key = ifnull(?, routing_key)
         ORDER BY row DESC LIMIT ?`,
    );
    const tombstones = database.prepare<[number, number], Row>(
        `SELECT 'tombstone' AS kind, rowid AS row, lower(hex(message_id)) AS messageId, length(payload) AS size,
            0 AS receivedAt, expires_at AS expiresAt, 1 AS waiting
         FROM tombstones WHERE expires_at > ? AND proven = 1 ORDER BY rowid DESC LIMIT ?`,
    );
    const ofMessage = database.prepare<[number], Uint8Array>("SELECT payload FROM messages WHERE row = ?").pluck();
    const ofTombstone = database
        .prepare<[number], Uint8Array>("SELECT payload FROM tombstones WHERE rowid = ?")
        .pluck();
    return {
        items({ kind, now, routingKey, since = 0, limit }) {
            const rows =
                kind === "message" ? messages.all(now, since, routingKey ?? null, limit) : tombstones.all(now, limit);
            return rows.map((row) => ({ ...row, waiting: row.waiting === 1 }));
        },
        payload: ({ kind, row }) => (kind === "message" ? ofMessage : ofTombstone).get(row),
        close: () => void database.close(),
    };
}
