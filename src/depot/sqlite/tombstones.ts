import type { Database } from "better-sqlite3";
import type { RelayStore, StoredTombstone } from "../store.ts";

type TombstoneStore = Pick<
    RelayStore,
    "tombstone" | "putTombstone" | "removeTombstone" | "tombstoneCounts" | "evictUnprovenTombstone"
>;

type Row = Omit<StoredTombstone, "proven"> & { readonly proven: number };

/** `onPut` hears of every tombstone that is added or replaced. */
export function tombstoneStore(database: Database, onPut: () => void): TombstoneStore {
    const byId = database.prepare<[Uint8Array], Row>(
        `SELECT message_id AS messageId, ack_secret AS ackSecret, payload, ingress, proven, expires_at AS expiresAt
         FROM tombstones WHERE message_id = ?`,
    );
    const put = database.prepare(
        `INSERT INTO tombstones (message_id, ack_secret, payload, ingress, proven, expires_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (message_id) DO UPDATE SET ack_secret = excluded.ack_secret, payload = excluded.payload,
            ingress = excluded.ingress, proven = excluded.proven, expires_at = excluded.expires_at`,
    );
    const remove = database.prepare("DELETE FROM tombstones WHERE message_id = ?");
    const counts = database.prepare<[], { proven: number; unproven: number }>("SELECT proven, unproven FROM totals");
    const evict = database.prepare(
        `DELETE FROM tombstones WHERE rowid = (
            SELECT rowid FROM tombstones WHERE proven = 0 ORDER BY expires_at, rowid LIMIT 1)`,
    );
    return {
        tombstone(messageId) {
            const row = byId.get(messageId);
            return row && { ...row, proven: row.proven === 1 };
        },
        putTombstone({ messageId, ackSecret, payload, ingress, proven, expiresAt }) {
            onPut();
            put.run(messageId, ackSecret, payload, ingress, proven ? 1 : 0, expiresAt);
        },
        removeTombstone: (messageId) => void remove.run(messageId),
        tombstoneCounts: () => counts.get() ?? { proven: 0, unproven: 0 },
        evictUnprovenTombstone: () => void evict.run(),
    };
}
