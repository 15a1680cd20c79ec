import type { Database } from "better-sqlite3";
import type { MailboxFill, RelayStore, StoredMessage } from "../store.ts";

type MessageStore = Pick<
    RelayStore,
    | "message"
    | "insertMessage"
    | "removeMessage"
    | "mailboxFill"
    | "totalFill"
    | "purgeMailbox"
    | "purgeExpired"
    | "latestReceipt"
>;

/** Free pages beyond which an idle sweep gives some back to the disk, and how many at a time. */
const FREE_PAGES_KEPT = 2_048;
const FREE_PAGES_STEP = 1_024;

const COLUMNS = `row, message_id AS messageId, routing_key AS routingKey, ack_hash AS ackHash, payload, ingress,
    received_at AS receivedAt, expires_at AS expiresAt`;

const EMPTY: MailboxFill = { messages: 0, bytes: 0 };

export function messageStore(database: Database): MessageStore {
    const byId = database.prepare<[Uint8Array], StoredMessage>(`SELECT ${COLUMNS} FROM messages WHERE message_id = ?`);
    const insert = database.prepare(
        `INSERT INTO messages (message_id, routing_key, ack_hash, payload, ingress, received_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    const remove = database.prepare("DELETE FROM messages WHERE message_id = ?");
    const fill = database.prepare<[Uint8Array], MailboxFill>(
        "SELECT messages, bytes FROM mailboxes WHERE routing_key = ?",
    );
    const total = database.prepare<[], MailboxFill>("SELECT messages, bytes FROM totals");
    const purgeKey = database.prepare("DELETE FROM messages WHERE routing_key = ? AND expires_at <= ?");
    const purgeMessages = database.prepare(
        "DELETE FROM messages WHERE row IN (SELECT row FROM messages WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
    );
    const purgeTombstones = database.prepare(
        `DELETE FROM tombstones WHERE rowid IN (
            SELECT rowid FROM tombstones WHERE proven = ? AND expires_at <= ? ORDER BY expires_at LIMIT ?)`,
    );
    const latest = database.prepare<[], number | null>("SELECT latest_receipt FROM totals").pluck();
    return {
        message: (messageId) => byId.get(messageId),
        insertMessage(message) {
            const { messageId, routingKey, ackHash, payload, ingress, receivedAt, expiresAt } = message;
            return Number(
                insert.run(messageId, routingKey, ackHash, payload, ingress, receivedAt, expiresAt).lastInsertRowid,
            );
        },
        removeMessage: (messageId) => void remove.run(messageId),
        mailboxFill: (routingKey) => fill.get(routingKey) ?? EMPTY,
        totalFill: () => total.get() ?? EMPTY,
        purgeMailbox: (routingKey, now) => purgeKey.run(routingKey, now).changes,
        purgeExpired(now, limit) {
            const messages = purgeMessages.run(now, limit).changes;
            const unproven = purgeTombstones.run(0, now, limit).changes;
            const proven = purgeTombstones.run(1, now, limit - unproven).changes;
            const gone = messages + unproven + proven;
            if (gone === 0) giveSpaceBack(database);
            return gone;
        },
        latestReceipt: () => latest.get() ?? undefined,
    };
}

function giveSpaceBack(database: Database): void {
    const free = Number(database.pragma("freelist_count", { simple: true }));
    if (free > FREE_PAGES_KEPT) database.pragma(`incremental_vacuum(${FREE_PAGES_STEP})`);
}
