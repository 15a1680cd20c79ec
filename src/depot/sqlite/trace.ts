import Database from "better-sqlite3";
import { DepotUnusable } from "../errors.ts";
import type { Delivery, Offer, StoredMessage } from "../store.ts";
import { textOf } from "./damage.ts";
import { readDeliveries } from "./deliveries.ts";
import { KINDS } from "./offers.ts";
import { depotPath } from "./open.ts";

/** All that the depot knows of one message. */
export interface Trace {
    readonly message: Pick<StoredMessage, "routingKey" | "ingress" | "receivedAt" | "expiresAt"> | undefined;
    readonly tombstone: { readonly ingress: string; readonly proven: boolean } | undefined;
    /** Still to be brought out. */
    readonly open: readonly Offer[];
    readonly deliveries: readonly Delivery[];
}

/** Reads beside a gateway that runs, and changes nothing. Throws `DepotUnusable` where there is nothing to read. */
export function readTrace(directory: string, messageId: Uint8Array): Trace {
    let database: Database.Database;
    try {
        database = new Database(depotPath(directory), { readonly: true, fileMustExist: true });
    } catch (cause) {
        throw new DepotUnusable(`The depot in ${directory} cannot be read: ${textOf(cause)}. Is it the gateway's?`);
    }
    try {
        return traceIn(database, messageId);
    } catch (cause) {
        throw new DepotUnusable(
            `The depot in ${directory} cannot be read: ${textOf(cause)}. Let this version of Hearth run on it once.`,
        );
    } finally {
        database.close();
    }
}

function traceIn(database: Database.Database, messageId: Uint8Array): Trace {
    const message = database
        .prepare<[Uint8Array], NonNullable<Trace["message"]>>(
            `SELECT routing_key AS routingKey, ingress, received_at AS receivedAt, expires_at AS expiresAt
             FROM messages WHERE message_id = ?`,
        )
        .get(messageId);
    const tombstone = database
        .prepare<[Uint8Array], { ingress: string; proven: number }>(
            "SELECT ingress, proven FROM tombstones WHERE message_id = ?",
        )
        .get(messageId);
    const open = database
        .prepare<[Uint8Array], Omit<Offer, "kind"> & { readonly kind: number }>(
            `SELECT kind, message_id AS messageId, carrier, attempts, handovers FROM offers
             WHERE message_id = ? AND ended = 0 ORDER BY ordinal`,
        )
        .all(messageId);
    return {
        message,
        tombstone: tombstone && { ...tombstone, proven: tombstone.proven === 1 },
        open: open.map((offer) => ({ ...offer, kind: KINDS[offer.kind] ?? "message" })),
        deliveries: readDeliveries(database)(messageId),
    };
}
