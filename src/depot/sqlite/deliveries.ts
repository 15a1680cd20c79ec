import type { Database } from "better-sqlite3";
import type { Delivery, DeliveryOutcome, RelayStore } from "../store.ts";
import { KIND, KINDS } from "./offers.ts";

type DeliveryStore = Pick<
    RelayStore,
    "recordTry" | "deliveries" | "forgetDeliveries" | "confirmedBefore" | "expired" | "liveMessages"
>;

interface Row {
    readonly kind: number;
    readonly messageId: Uint8Array;
    readonly carrier: string;
    readonly tries: number;
    readonly firstAt: number;
    readonly lastAt: number;
    readonly outcome: DeliveryOutcome;
    readonly detail: string;
    readonly storedAt: number | null;
    readonly receipt: Uint8Array | null;
}

export function deliveryStore(database: Database): DeliveryStore {
    const record = database.prepare(
        `INSERT INTO deliveries (kind, message_id, carrier, first_at, last_at, outcome, detail, stored_at, receipt)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (message_id, kind, carrier) DO UPDATE SET tries = tries + 1, last_at = excluded.last_at,
            outcome = excluded.outcome, detail = excluded.detail, stored_at = ifnull(excluded.stored_at, stored_at),
            receipt = ifnull(excluded.receipt, receipt)`,
    );
    const forget = database.prepare(
        `DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries ORDER BY id LIMIT @limit)
         AND (last_at < @before OR id <= (SELECT max(id) FROM deliveries) - @max)`,
    );
    const confirmed = database
        .prepare<[string, number, number], Uint8Array>(
            `SELECT d.message_id FROM deliveries d JOIN messages m ON m.message_id = d.message_id
             WHERE d.carrier = ? AND d.kind = 0 AND d.stored_at IS NOT NULL AND d.stored_at < ?
             ORDER BY d.stored_at, d.id LIMIT ?`,
        )
        .pluck();
    const expired = database
        .prepare<[number, number], Uint8Array>(
            "SELECT message_id FROM messages WHERE expires_at <= ? ORDER BY expires_at LIMIT ?",
        )
        .pluck();
    const live = database.prepare<[number, number, number], { row: number; payload: Uint8Array }>(
        "SELECT row, payload FROM messages WHERE row > ? AND expires_at > ? ORDER BY row LIMIT ?",
    );
    const all = readDeliveries(database);
    return {
        recordTry({ kind, messageId, carrier }, { at, outcome, detail, receipt }) {
            const storedAt = outcome === "stored" ? at : null;
            record.run(KIND[kind], messageId, carrier, at, at, outcome, detail, storedAt, receipt ?? null);
        },
        deliveries: all,
        forgetDeliveries: (bounds) => forget.run(bounds).changes,
        confirmedBefore: (carrier, before, limit) => confirmed.all(carrier, before, limit),
        expired: (now, limit) => expired.all(now, limit),
        liveMessages: (after, now, limit) => live.all(after, now, limit),
    };
}

/** Also for a connection that only reads. */
export function readDeliveries(database: Database): (messageId: Uint8Array) => readonly Delivery[] {
    const all = database.prepare<[Uint8Array], Row>(
        `SELECT kind, message_id AS messageId, carrier, tries, first_at AS firstAt, last_at AS lastAt, outcome, detail,
            stored_at AS storedAt, receipt FROM deliveries WHERE message_id = ? ORDER BY id`,
    );
    return (messageId) =>
        all.all(messageId).map((row) => ({
            ...row,
            kind: KINDS[row.kind] ?? "message",
            storedAt: row.storedAt ?? undefined,
            receipt: row.receipt ?? undefined,
        }));
}
