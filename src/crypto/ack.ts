import { blake3 } from "@noble/hashes/blake3.js";
import { concatBytes, utf8 } from "../base/bytes.ts";

const ACK_CONTEXT = utf8("ember-ack-v1");
const ACK_HASH_CONTEXT = utf8("ember-ack-hash-v1");

/** The 16-byte secret that both ends of a message can compute and nobody else (SPEC section 8). */
export function ackSecretOf(sharedSecret: Uint8Array, messageId: Uint8Array): Uint8Array {
    return blake3(concatBytes(sharedSecret, messageId), { context: ACK_CONTEXT }).subarray(0, 16);
}

/** What the envelope shows of the secret: relays compare it with a tombstone's secret. */
export function ackHashOf(ackSecret: Uint8Array): Uint8Array {
    return blake3(ackSecret, { context: ACK_HASH_CONTEXT }).subarray(0, 16);
}
