import type { Database } from "better-sqlite3";
import type { ItemKind, Offer, OfferKey, RelayStore } from "../store.ts";

type OfferStore = Pick<
    RelayStore,
    | "addOffer"
    | "dueOffers"
    | "nextOfferAt"
    | "deferOffer"
    | "repeatOffer"
    | "endOffer"
    | "reopenOffer"
    | "openOffers"
    | "withholdOffer"
    | "releaseOffers"
    | "resumeOffers"
    | "neverOffered"
>;

/** As numbers in the file: the greater goes out first. */
export const KIND = { message: 0, tombstone: 1 } as const;
export const KINDS: readonly ItemKind[] = ["message", "tombstone"];

/** In the column `ended`: 0 is open and 1 is over. */
const WITHHELD = 2;

type Row = Omit<Offer, "kind"> & { readonly kind: number };

export interface Offers {
    readonly store: OfferStore;
    /** Forgets which rows were found offered: a rollback or a new tombstone may have made it untrue. */
    forget(): void;
}

export function offerStore(database: Database): Offers {
    const add = database.prepare("INSERT OR IGNORE INTO offers (kind, message_id, carrier, due) VALUES (?, ?, ?, ?)");
    const due = database.prepare<[string, number, number], Row>(
        `SELECT kind, message_id AS messageId, carrier, attempts, handovers FROM offers INDEXED BY offers_in_order
         WHERE carrier = ? AND ended = 0 AND due <= ? ORDER BY kind DESC, ordinal LIMIT ?`,
    );
    const next = database
        .prepare<[string], number | null>("SELECT min(due) FROM offers WHERE carrier = ? AND ended = 0")
        .pluck();
    const WHICH = "WHERE message_id = ? AND kind = ? AND carrier = ?";
    const defer = database.prepare(`UPDATE offers SET attempts = attempts + 1, due = ? ${WHICH}`);
    const repeat = database.prepare(`UPDATE offers SET handovers = handovers + 1, due = ? ${WHICH}`);
    const end = database.prepare(`UPDATE offers SET ended = 1 ${WHICH}`);
    const reopen = database.prepare(
        `INSERT INTO offers (kind, message_id, carrier) VALUES (?, ?, ?) ON CONFLICT (message_id, kind, carrier)
         DO UPDATE SET ended = 0, due = 0, attempts = 0, handovers = 0 WHERE ended = 1`,
    );
    const open = database.prepare<[Uint8Array, number], Row>(
        `SELECT kind, message_id AS messageId, carrier, attempts, handovers FROM offers
         WHERE message_id = ? AND kind = ? AND ended = 0 ORDER BY ordinal`,
    );
    const withhold = database.prepare(`UPDATE offers SET ended = ${WITHHELD} ${WHICH}`);
    const release = database.prepare(
        `UPDATE offers SET ended = 0, due = 0 WHERE carrier = ? AND ended = ${WITHHELD} AND kind = ${KIND.message}
         AND message_id IN (SELECT message_id FROM messages WHERE routing_key = ?)`,
    );
    const forgetTimes = database.prepare("UPDATE offers SET due = 0 WHERE ended = 0 AND due <> 0");
    const dropGone = database.prepare(
        "DELETE FROM offers WHERE ended = 0 AND carrier NOT IN (SELECT value FROM json_each(?))",
    );
    const never = neverOffered(database);
    const store: OfferStore = {
        addOffer: ({ kind, messageId, carrier }, due = 0) => void add.run(KIND[kind], messageId, carrier, due),
        dueOffers: (carrier, now, limit) => due.all(carrier, now, limit).map(offerOf),
        nextOfferAt: (carrier) => next.get(carrier) ?? undefined,
        deferOffer: (key, until) => void defer.run(until, ...nameOf(key)),
        repeatOffer: (key, until) => void repeat.run(until, ...nameOf(key)),
        endOffer: (key) => void end.run(...nameOf(key)),
        reopenOffer: ({ kind, messageId, carrier }) => void reopen.run(KIND[kind], messageId, carrier),
        openOffers: (kind, messageId) => open.all(messageId, KIND[kind]).map(offerOf),
        withholdOffer: (key) => void withhold.run(...nameOf(key)),
        releaseOffers: (carrier, routingKey) => release.run(carrier, routingKey).changes,
        resumeOffers(carriers) {
            forgetTimes.run();
            dropGone.run(JSON.stringify(carriers));
            never.forget();
        },
        neverOffered: never.list,
    };
    return { store, forget: never.forget };
}

/**
 * Catching up goes on in steps over tables that may be large. Rows before the first one of the last step were all found
 * offered, so each step starts there and the whole costs one walk. It rests on clocks that do not go back, and on
 * `forget` being called when a row before that place may have changed.
 */
function neverOffered(database: Database) {
    const found = new Map<string, { tombstone: number; message: number }>();
    const list = (table: string, kind: number, where: string) =>
        database.prepare<[number, string, string, number, number], { row: number; messageId: Uint8Array }>(
            `SELECT rowid AS row, message_id AS messageId FROM ${table} t
             WHERE rowid >= ? AND ${where} ingress <> ? AND NOT EXISTS (
                SELECT 1 FROM offers o WHERE o.message_id = t.message_id AND o.kind = ${kind} AND o.carrier = ?)
             AND expires_at > ? ORDER BY rowid LIMIT ?`,
        );
    const tombstones = list("tombstones", KIND.tombstone, "proven = 1 AND");
    const messages = list("messages", KIND.message, "");
    return {
        forget: (): void => found.clear(),
        list(carrier: string, now: number, limit: number): readonly Pick<Offer, "kind" | "messageId">[] {
            const from = found.get(carrier) ?? { tombstone: 0, message: 0 };
            const dead = tombstones.all(from.tombstone, carrier, carrier, now, limit);
            const live = messages.all(from.message, carrier, carrier, now, limit - dead.length);
            found.set(carrier, { tombstone: dead[0]?.row ?? from.tombstone, message: live[0]?.row ?? from.message });
            return [
                ...dead.map(({ messageId }) => ({ kind: "tombstone" as const, messageId })),
                ...live.map(({ messageId }) => ({ kind: "message" as const, messageId })),
            ];
        },
    };
}

function nameOf({ messageId, kind, carrier }: OfferKey): [Uint8Array, number, string] {
    return [messageId, KIND[kind], carrier];
}

function offerOf(row: Row): Offer {
    return { ...row, kind: KINDS[row.kind] ?? "message" };
}
