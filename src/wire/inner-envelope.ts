import { err, ok, type Result } from "../base/result.ts";
import type { DecodeError } from "./error.ts";
import { isLowOrder } from "./low-order.ts";
import { MESSAGE_ID_SIZE, PUBLIC_ID_SIZE } from "./outer-envelope.ts";
import { PostcardReader } from "./postcard-reader.ts";
import { PostcardWriter } from "./postcard-writer.ts";

export const CONTENT_ID_SIZE = 8;

export type Content =
    | { readonly kind: "text"; readonly body: string }
    | {
          readonly kind: "receipt";
          readonly targetMessageId: Uint8Array;
          readonly receipt: "delivered" | "read";
      };

/** What a sender seals (SPEC section 7). Decoded byte fields are views into the input. */
export interface InnerEnvelope {
    /** 32 bytes; a low-order key does not decode. */
    readonly from: Uint8Array;
    /** As the sender's clock believed; any u64. */
    readonly createdAtMs: bigint;
    readonly content: Content;
    /** Content id of the sender's message before this one, 8 bytes. */
    readonly prevSelf: Uint8Array | undefined;
    /** Content ids of 8 bytes each. */
    readonly observedHeads: readonly Uint8Array[];
    readonly epoch: number;
    /** Bit 0: detached. The others are reserved and kept. */
    readonly flags: number;
}

const TEXT = 0;
const RECEIPT = 1;
const CONTENT_KINDS = 2;
const RECEIPT_KINDS = ["delivered", "read"] as const;

export function encodeInnerEnvelope(inner: InnerEnvelope): Uint8Array {
    const writer = new PostcardWriter().fixed(inner.from).u64(inner.createdAtMs).fixed(encodeContent(inner.content));
    return writer
        .option(inner.prevSelf, (id) => writer.fixed(id))
        .list(inner.observedHeads, (id) => writer.fixed(id))
        .u16(inner.epoch)
        .u8(inner.flags)
        .finish();
}

export function encodeContent(content: Content): Uint8Array {
    const writer = new PostcardWriter();
    if (content.kind === "text") return writer.u32(TEXT).string(content.body).finish();
    return writer.u32(RECEIPT).fixed(content.targetMessageId).u32(RECEIPT_KINDS.indexOf(content.receipt)).finish();
}

/** Bytes after the envelope are ignored here; signatures cover them, so check those over the input as it came. */
export function decodeInnerEnvelope(bytes: Uint8Array): Result<InnerEnvelope, DecodeError> {
    const reader = new PostcardReader(bytes, "inner");
    const from = reader.fixed(PUBLIC_ID_SIZE, "from");
    if (!reader.error && isLowOrder(from)) reader.fail("serde_custom", "from");
    const inner: InnerEnvelope = {
        from,
        createdAtMs: reader.u64("created_at_ms"),
        content: readContent(reader),
        prevSelf: reader.option("prev_self", () => reader.fixed(CONTENT_ID_SIZE, "prev_self")),
        observedHeads: reader.list("observed_heads", () => reader.fixed(CONTENT_ID_SIZE, "observed_heads")),
        epoch: reader.u16("epoch"),
        flags: reader.u8("flags"),
    };
    return reader.error ? err(reader.error) : ok(inner);
}

function readContent(reader: PostcardReader): Content {
    if (reader.variant(CONTENT_KINDS, "content") === TEXT) return { kind: "text", body: reader.string("content.body") };
    const targetMessageId = reader.fixed(MESSAGE_ID_SIZE, "content.target_message_id");
    const receipt = RECEIPT_KINDS[reader.variant(RECEIPT_KINDS.length, "content.kind")] ?? "delivered";
    return { kind: "receipt", targetMessageId, receipt };
}
