import { blake3 } from "@noble/hashes/blake3.js";
import { concatBytes, utf8 } from "../base/bytes.ts";
import { CONTENT_ID_SIZE, encodeContent, type InnerEnvelope } from "../wire/inner-envelope.ts";

const CONTENT_ID_PREFIX = utf8("ember-content-id-v1");

/** Names what was said, wherever and to whomever: 8 bytes over sender, time and content (SPEC section 7). */
export function contentIdOf(inner: Pick<InnerEnvelope, "from" | "createdAtMs" | "content">): Uint8Array {
    const time = new Uint8Array(8);
    new DataView(time.buffer).setBigUint64(0, inner.createdAtMs, true);
    const named = concatBytes(CONTENT_ID_PREFIX, inner.from, time, encodeContent(inner.content));
    return blake3(named).subarray(0, CONTENT_ID_SIZE);
}
