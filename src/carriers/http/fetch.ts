import { Buffer } from "node:buffer";
import type { UnixSeconds } from "../../base/time.ts";
import { type Answer, jsonAnswer } from "./answers.ts";
import { FETCH_ANSWER_SIZE_MAX } from "./limits.ts";
import type { MailboxPages, MailboxRow } from "./options.ts";
import type { FetchQuery } from "./query.ts";

/** Rows of the first look into a mailbox; later looks are sized by what these weighed. */
const ROWS_FIRST = 8;

const OPEN = '{"payloads":[';
const CURSOR = '],"next_cursor":"';
const MORE = '","has_more":';

export interface PageQuery extends FetchQuery {
    readonly routingKey: Uint8Array;
    readonly now: UnixSeconds;
}

/**
 * One page of a mailbox (SPEC 14.5), cut so that its JSON stays within 65,536 bytes. A single message above that can
 * only have come by another way than HTTP; it gets a page of its own, so that what lies behind it stays reachable.
 */
export function fetchAnswer(mailbox: MailboxPages, query: PageQuery): Answer {
    const texts: string[] = [];
    let size = OPEN.length;
    let cursor = 0;
    let hasMore = false;
    for (const { row, more } of rowsOf(mailbox, query)) {
        const text = base64(row.payload);
        const sizeWith = size + text.length + (texts.length > 0 ? 3 : 2);
        if (texts.length > 0 && sizeWith + closingSize(row.row, more) > FETCH_ANSWER_SIZE_MAX) {
            hasMore = true;
            break;
        }
        texts.push(text);
        size = sizeWith;
        cursor = row.row;
        hasMore = more;
        if (texts.length === query.limit) break;
    }
    if (texts.length === 0) return jsonAnswer(200, `${OPEN}],"has_more":false}`);
    return jsonAnswer(200, `${OPEN}"${texts.join('","')}"${CURSOR}${cursor}${MORE}${hasMore}}`);
}

function closingSize(row: number, more: boolean): number {
    return CURSOR.length + String(row).length + MORE.length + String(more).length + 1;
}

/** Rows in order, each with whether another one follows; reads little more than the page will hold. */
function* rowsOf(mailbox: MailboxPages, query: PageQuery): Generator<{ row: MailboxRow; more: boolean }> {
    let after = query.after;
    let held: MailboxRow | undefined;
    let limit = Math.min(query.limit + 1, ROWS_FIRST);
    for (;;) {
        const rows = mailbox.page({ routingKey: query.routingKey, after, limit, now: query.now });
        let bytes = 0;
        for (const row of rows) {
            if (held) yield { row: held, more: true };
            held = row;
            bytes += row.payload.length;
        }
        const last = rows.at(-1);
        if (!last || rows.length < limit) break;
        after = last.row;
        const fitting = Math.ceil(FETCH_ANSWER_SIZE_MAX / Math.max(1, bytes / rows.length));
        limit = Math.max(2, Math.min(query.limit + 1, fitting));
    }
    if (held) yield { row: held, more: false };
}

function base64(bytes: Uint8Array): string {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
