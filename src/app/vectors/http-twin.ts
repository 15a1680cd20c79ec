import { toBase64, toBase64Url, toHex } from "../../base/encoding.ts";
import type { UnixSeconds } from "../../base/time.ts";
import { ackHashOf } from "../../crypto/ack.ts";
import { decodeWirePayload, encodeMessagePayload, type WirePayload } from "../../wire/payload.ts";
import { MENDS, MESSAGE_SIZE_MAX } from "./http-mends.ts";

/**
 * A slow and obvious mailbox that says what Ember would answer, or Hearth: the two differ by http-mends.ts and nothing
 * else. It answers what was well asked; refusals of malformed requests are the vectors' own.
 */
export type TwinKind = "ember" | "hearth";

export interface TwinOptions {
    readonly messagesMax: number;
    readonly ttlDefaultS: number;
}

/** What became of one frame. */
export type TwinFate =
    | { readonly kind: "stored" | "duplicate" | "buried" | "undecodable" }
    | { readonly kind: "error"; readonly text: string };

interface Row {
    readonly row: number;
    readonly id: string;
    readonly key: string;
    readonly ackHash: string;
    readonly payload: string;
    readonly expiresAt: UnixSeconds;
}

const PAGE_SIZE_MAX = 65_536;

export class MailboxTwin {
    readonly #kind: TwinKind;
    readonly #options: TwinOptions;
    #rows: Row[] = [];
    #lastRow = 0;

    constructor(kind: TwinKind, options: TwinOptions) {
        this.#kind = kind;
        this.#options = options;
    }

    submit(frame: Uint8Array, now: UnixSeconds): TwinFate {
        const decoded = decodeWirePayload(frame);
        if (!decoded.ok) return { kind: "undecodable" };
        return decoded.value.kind === "message"
            ? this.#message(decoded.value, frame, now)
            : this.#tombstone(decoded.value, now);
    }

    /** The status and body of a fetch with these numbers. */
    fetch(query: { readonly key: string; readonly limit: number; readonly after: number }, now: UnixSeconds): Page {
        const live = this.#live(now).filter(({ key, row }) => key === query.key && row > query.after);
        const page: Row[] = [];
        for (const row of live.slice(0, query.limit)) {
            const size = pageText([...page, row], page.length + 1 < live.length).length;
            if (size > PAGE_SIZE_MAX && page.length === 0) return tooLarge(size);
            if (size > PAGE_SIZE_MAX) break;
            page.push(row);
        }
        return { status: 200, body: pageText(page, page.length < live.length) };
    }

    stats(now: UnixSeconds): string {
        const live = this.#live(now);
        const mailboxes = new Set(live.map(({ key }) => key)).size;
        return JSON.stringify({ mailbox_count: mailboxes, total_messages: live.length, backend: "sqlite" });
    }

    #message({ outer }: Extract<WirePayload, { kind: "message" }>, frame: Uint8Array, now: UnixSeconds): TwinFate {
        const id = toHex(outer.messageId);
        const key = toBase64Url(outer.routingKey);
        const known = this.#live(now).find((row) => row.id === id);
        if (this.#kind === "hearth") {
            if (frame.length > MESSAGE_SIZE_MAX) {
                return { kind: "error", text: MENDS.too_large.hearth.replace("{size}", String(frame.length)) };
            }
            if (known && known.key !== key) return { kind: "error", text: MENDS.conflict.hearth };
        }
        if (known?.key === key) return { kind: "duplicate" };
        if (this.#live(now).filter((row) => row.key === key).length >= this.#options.messagesMax) {
            return { kind: "error", text: "Mailbox full" };
        }
        if (this.#kind === "ember" && this.#isTaken(id, key, now)) return { kind: "stored" };
        this.#rows.push({
            row: ++this.#lastRow,
            id,
            key,
            ackHash: toHex(outer.ackHash),
            payload: toBase64(this.#kind === "ember" ? encodeMessagePayload(outer) : frame),
            expiresAt: now + (outer.ttlHours === undefined ? this.#options.ttlDefaultS : outer.ttlHours * 3600),
        });
        return { kind: "stored" };
    }

    #tombstone({ tombstone }: Extract<WirePayload, { kind: "tombstone" }>, now: UnixSeconds): TwinFate {
        const id = toHex(tombstone.messageId);
        const known = this.#live(now).find((row) => row.id === id);
        if (!known) return { kind: "error", text: "Message not found" };
        if (toHex(ackHashOf(tombstone.ackSecret)) !== known.ackHash) {
            return { kind: "error", text: "Invalid ack_secret" };
        }
        this.#rows = this.#rows.filter((row) => row !== known);
        return { kind: "buried" };
    }

    /** Ember's ids are unique even among expired rows; before it stores, it clears those of the same key only. */
    #isTaken(id: string, key: string, now: UnixSeconds): boolean {
        this.#rows = this.#rows.filter((row) => row.key !== key || row.expiresAt > now);
        return this.#rows.some((row) => row.id === id);
    }

    #live(now: UnixSeconds): readonly Row[] {
        return this.#rows.filter(({ expiresAt }) => expiresAt > now);
    }
}

export interface Page {
    readonly status: number;
    readonly body: string;
}

function pageText(rows: readonly Row[], hasMore: boolean): string {
    const payloads = rows.map(({ payload }) => payload);
    const last = rows.at(-1);
    return JSON.stringify(
        last ? { payloads, next_cursor: String(last.row), has_more: hasMore } : { payloads, has_more: hasMore },
    );
}

function tooLarge(size: number): Page {
    const what = `Single fetch payload exceeds maximum response size of ${PAGE_SIZE_MAX} bytes`;
    return { status: 500, body: JSON.stringify({ error: `${what} (actual serialized size: ${size} bytes)` }) };
}
