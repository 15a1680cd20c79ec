import type { Database } from "better-sqlite3";
import type { MailboxReader } from "../store.ts";

/** Rows in quarantine; when it is full the oldest make room. */
export const QUARANTINE_ROWS_MAX = 1_000;

export interface Mailbox extends MailboxReader {
    /** Moves a row that cannot be read any more out of the way, bytes and all. False when it is gone already. */
    quarantine(row: number, reason: string, now: number): boolean;
    /** The last row number given out, in what is committed but perhaps not yet synced. */
    lastRow(): number;
    /** Pages end at this row: a power cut would give the number of an unsynced one to another message. */
    showUpTo(row: number): void;
}

/** `onUnreadable` is told of rows of a page that `decodes` refuses; they are left out of the page. */
export function mailbox(
    database: Database,
    decodes: (payload: Uint8Array) => boolean,
    onUnreadable: (row: number, now: number) => void,
): Mailbox {
    const rows = database.prepare<[Uint8Array, number, number, number, number], { row: number; payload: Uint8Array }>(
        `SELECT row, payload FROM messages WHERE routing_key = ? AND row > ? AND row <= ? AND expires_at > ?
         ORDER BY row LIMIT ?`,
    );
    const highest = database.prepare<[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'messages'").pluck();
    const lastRow = (): number => highest.get() ?? 0;
    let shownUpTo = lastRow();
    const copy = database.prepare(
        "INSERT OR REPLACE INTO quarantine SELECT row, payload, ?, ? FROM messages WHERE row = ?",
    );
    const remove = database.prepare("DELETE FROM messages WHERE row = ?");
    const trim = database.prepare(
        "DELETE FROM quarantine WHERE row <= (SELECT row FROM quarantine ORDER BY row DESC LIMIT 1 OFFSET ?)",
    );
    const stats = liveStats(database);
    return {
        page({ routingKey, after, limit, now }) {
            const page: { row: number; payload: Uint8Array }[] = [];
            let last = after;
            // Rows that are left out make room for the next ones: an empty page would look like the end.
            while (page.length < limit) {
                const wanted = limit - page.length;
                const found = rows.all(routingKey, last, shownUpTo, now, wanted);
                for (const each of found) {
                    last = each.row;
                    if (decodes(each.payload)) page.push(each);
                    else onUnreadable(each.row, now);
                }
                if (found.length < wanted) break;
            }
            return page;
        },
        stats,
        quarantine(row, reason, now) {
            copy.run(reason, now, row);
            trim.run(QUARANTINE_ROWS_MAX);
            return remove.run(row).changes > 0;
        },
        lastRow,
        showUpTo(row) {
            shownUpTo = Math.max(shownUpTo, row);
        },
    };
}

/** Everything stored, less what expired and was not swept yet: the cost goes with the latter. */
function liveStats(database: Database): MailboxReader["stats"] {
    const live = database.prepare<[number, number], { messages: number; mailboxes: number }>(
        `SELECT (SELECT messages FROM totals) - (SELECT count(*) FROM messages INDEXED BY messages_by_expiry WHERE expires_at <= ?) AS messages,
            (SELECT count(*) FROM mailboxes) - (SELECT count(*) FROM (
                SELECT routing_key, count(*) AS expired FROM messages INDEXED BY messages_by_expiry
                WHERE expires_at <= ? GROUP BY routing_key
            ) e JOIN mailboxes b ON b.routing_key = e.routing_key AND b.messages = e.expired) AS mailboxes`,
    );
    return (now) => live.get(now, now) ?? { messages: 0, mailboxes: 0 };
}
