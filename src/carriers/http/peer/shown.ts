import { fromHex, toHex } from "../../../base/encoding.ts";
import { decodeWirePayload } from "../../../wire/payload.ts";
import type { MailboxClient } from "../mailbox-client.ts";

/** Pages that are looked through: a mailbox of Ember's 1,000 messages of 4 KB. */
const PAGES_MAX = 100;

/** Which of the wanted message ids, in hex, a mailbox shows to its readers; none of them where it cannot be read. */
export async function shownBy(
    client: Pick<MailboxClient, "fetchPage">,
    mailbox: string,
    wanted: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
    const routingKey = fromHex(mailbox);
    const shown = new Set<string>();
    let after: bigint | undefined;
    for (let pages = 0; routingKey?.length === 16 && pages < PAGES_MAX && shown.size < wanted.size; pages++) {
        const page = await client.fetchPage(routingKey, after);
        if (!page.ok) break;
        for (const payload of page.value.payloads) {
            const id = messageIdOf(payload);
            if (id !== undefined && wanted.has(id)) shown.add(id);
        }
        after = page.value.cursor;
        if (!page.value.hasMore || after === undefined) break;
    }
    return shown;
}

function messageIdOf(payload: Uint8Array): string | undefined {
    const decoded = decodeWirePayload(payload);
    return decoded.ok && decoded.value.kind === "message" ? toHex(decoded.value.outer.messageId) : undefined;
}
