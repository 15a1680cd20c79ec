import { blake3 } from "@noble/hashes/blake3.js";
import { concatBytes, utf8 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Entropy } from "../base/time.ts";
import type { DecodeError } from "../wire/error.ts";
import { decodeInnerEnvelope, encodeInnerEnvelope, type InnerEnvelope } from "../wire/inner-envelope.ts";
import { isLowOrder } from "../wire/low-order.ts";
import type { OuterEnvelope } from "../wire/outer-envelope.ts";
import { encodeMessagePayload } from "../wire/payload.ts";
import { SIGNATURE_SIZE } from "../wire/tombstone.ts";
import { ackHashOf, ackSecretOf } from "./ack.ts";
import type { Identity } from "./identity.ts";
import type { AeadBox, CryptoPrimitives } from "./primitives.ts";
import { routingKeyOf } from "./public-id.ts";
import { xeddsaVerify } from "./xeddsa.ts";

const KEY_CONTEXT = utf8("ember-encryption-key-v0");
const NONCE_CONTEXT = utf8("ember-nonce-v0");
const EPHEMERAL_SIZE = 32;

export interface SealRequest {
    readonly crypto: CryptoPrimitives;
    readonly entropy: Entropy;
    /** Only its signature is needed; `inner.from` names it. */
    readonly sender: Pick<Identity, "sign">;
    /** Public id, 32 bytes. */
    readonly recipient: Uint8Array;
    readonly inner: InnerEnvelope;
    /** 16 bytes. */
    readonly messageId: Uint8Array;
    readonly nowHours: number;
    readonly ttlHours: number | undefined;
}

export interface Sealed {
    /** The WirePayload. */
    readonly payload: Uint8Array;
    readonly outer: OuterEnvelope;
    /** 16 bytes; with it the sender may take the message back. */
    readonly ackSecret: Uint8Array;
    readonly messageId: Uint8Array;
}

/** Seals a message for one recipient (SPEC section 8). */
export function sealMessage(request: SealRequest): Result<Sealed, { readonly kind: "invalid_recipient_key" }> {
    const { crypto, recipient, messageId, inner } = request;
    if (isLowOrder(recipient)) return err({ kind: "invalid_recipient_key" });
    const ephemeral = new Uint8Array(EPHEMERAL_SIZE);
    request.entropy.fill(ephemeral);
    const ephemeralKey = crypto.x25519Public(ephemeral);
    const shared = crypto.x25519(ephemeral, recipient);
    if (!shared) return err({ kind: "invalid_recipient_key" });
    const innerBytes = encodeInnerEnvelope(inner);
    const signature = request.sender.sign(concatBytes(innerBytes, messageId));
    const box = boxOf({ ephemeralKey, recipient, shared, messageId });
    const ackSecret = ackSecretOf(shared, messageId);
    const outer: OuterEnvelope = {
        version: { major: 0, minor: 0 },
        routingKey: routingKeyOf(recipient),
        timestampHours: request.nowHours,
        ttlHours: request.ttlHours,
        messageId,
        ephemeralKey,
        ackHash: ackHashOf(ackSecret),
        innerCiphertext: crypto.seal(box, concatBytes(innerBytes, signature)),
    };
    return ok({ payload: encodeMessagePayload(outer), outer, ackSecret, messageId });
}

export interface Opened {
    readonly inner: InnerEnvelope;
    /** As the sender signed them, with whatever follows the known fields. */
    readonly innerBytes: Uint8Array;
    readonly ackSecret: Uint8Array;
}

export type OpenError =
    | { readonly kind: "decryption_failed" }
    | { readonly kind: "deserialization_error"; readonly decode: DecodeError }
    | { readonly kind: "invalid_sender_signature" };

/** Opens a message to `recipient`. Of the envelope only the ephemeral key, the message id and the ciphertext are used. */
export function openMessage({
    crypto,
    recipient,
    outer,
}: {
    readonly crypto: CryptoPrimitives;
    readonly recipient: Identity;
    readonly outer: Pick<OuterEnvelope, "ephemeralKey" | "messageId" | "innerCiphertext">;
}): Result<Opened, OpenError> {
    const { ephemeralKey, messageId, innerCiphertext } = outer;
    const shared = isLowOrder(ephemeralKey) ? undefined : recipient.agree(ephemeralKey);
    if (!shared) return err({ kind: "decryption_failed" });
    const box = boxOf({ ephemeralKey, recipient: recipient.publicId, shared, messageId });
    const plaintext = crypto.open(box, innerCiphertext);
    if (!plaintext || plaintext.length < SIGNATURE_SIZE) return err({ kind: "decryption_failed" });
    const innerBytes = plaintext.subarray(0, plaintext.length - SIGNATURE_SIZE);
    const signature = plaintext.subarray(innerBytes.length);
    const inner = decodeInnerEnvelope(innerBytes);
    if (!inner.ok) return err({ kind: "deserialization_error", decode: inner.error });
    const message = concatBytes(innerBytes, messageId);
    if (!xeddsaVerify(crypto, { publicId: inner.value.from, message, signature })) {
        return err({ kind: "invalid_sender_signature" });
    }
    return ok({ inner: inner.value, innerBytes, ackSecret: ackSecretOf(shared, messageId) });
}

/** Key and nonce of one message, in bytes that both ends can compute. */
export function boxOf({
    ephemeralKey,
    recipient,
    shared,
    messageId,
}: Record<"ephemeralKey" | "recipient" | "shared" | "messageId", Uint8Array>): AeadBox {
    return {
        key: blake3(concatBytes(ephemeralKey, recipient, shared), { context: KEY_CONTEXT }),
        nonce: blake3(concatBytes(messageId, recipient), { context: NONCE_CONTEXT }).subarray(0, 12),
        aad: messageId,
    };
}
