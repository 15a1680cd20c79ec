import { blake3 } from "@noble/hashes/blake3.js";
import { fromBase64, fromHex } from "../base/encoding.ts";
import { err, ok, type Result } from "../base/result.ts";
import { isLowOrder } from "../wire/low-order.ts";
import { PUBLIC_ID_SIZE, ROUTING_KEY_SIZE } from "../wire/outer-envelope.ts";

/** Why a text is no public id: not 32 bytes in that encoding, or a key that everybody could use. */
export type PublicIdError = { readonly kind: "invalid_encoding" } | { readonly kind: "invalid_public_key" };

/** 64 hex digits of either case. */
export function parsePublicIdHex(text: string): Result<Uint8Array, PublicIdError> {
    return checked(text.length === 2 * PUBLIC_ID_SIZE ? fromHex(text) : undefined);
}

/** 44 characters of standard base64, as in Ember's configuration files. */
export function parsePublicIdBase64(text: string): Result<Uint8Array, PublicIdError> {
    return checked(text.length <= 2 * PUBLIC_ID_SIZE ? fromBase64(text) : undefined);
}

/** Either text form, with blanks around it. */
export function parsePublicId(text: string): Result<Uint8Array, PublicIdError> {
    const bare = text.trim();
    return fromBase64(bare)?.length === PUBLIC_ID_SIZE ? parsePublicIdBase64(bare) : parsePublicIdHex(bare);
}

function checked(bytes: Uint8Array | undefined): Result<Uint8Array, PublicIdError> {
    if (bytes?.length !== PUBLIC_ID_SIZE) return err({ kind: "invalid_encoding" });
    return isLowOrder(bytes) ? err({ kind: "invalid_public_key" }) : ok(bytes);
}

/** The 16 bytes that name a mailbox (SPEC section 3). */
export function routingKeyOf(publicId: Uint8Array): Uint8Array {
    return blake3(publicId).subarray(0, ROUTING_KEY_SIZE);
}

/** 32 bytes for people to compare. */
export function fingerprintOf(publicId: Uint8Array): Uint8Array {
    return blake3(publicId);
}
