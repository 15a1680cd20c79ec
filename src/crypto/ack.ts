import { blake3 } from "@noble/hashes/blake3.js";
import { concatBytes, utf8 } from "../base/bytes.ts";
import type { Tombstone } from "../wire/tombstone.ts";
import type { Identity } from "./identity.ts";
import type { CryptoPrimitives } from "./primitives.ts";
import { xeddsaVerify } from "./xeddsa.ts";

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

/** What a tombstone's signature covers; no prefix sets it apart. */
export function tombstoneData(messageId: Uint8Array, ackSecret: Uint8Array): Uint8Array {
    return concatBytes(messageId, ackSecret);
}

/** The tombstone by which a recipient or sender lets every relay forget a message. */
export function makeTombstone({
    identity,
    messageId,
    ackSecret,
}: {
    readonly identity: Pick<Identity, "sign">;
    readonly messageId: Uint8Array;
    readonly ackSecret: Uint8Array;
}): Tombstone {
    return { messageId, ackSecret, signature: identity.sign(tombstoneData(messageId, ackSecret)) };
}

/** Who signed a tombstone. Relays never ask; clients may. */
export function attributionOf(
    crypto: Pick<CryptoPrimitives, "ed25519Verify">,
    tombstone: Tombstone,
    keys: { readonly recipient: Uint8Array; readonly sender: Uint8Array },
): "recipient" | "sender" | "invalid" {
    const message = tombstoneData(tombstone.messageId, tombstone.ackSecret);
    for (const who of ["recipient", "sender"] as const) {
        if (xeddsaVerify(crypto, { publicId: keys[who], message, signature: tombstone.signature })) return who;
    }
    return "invalid";
}
