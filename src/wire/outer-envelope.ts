import { err, ok, type Result } from "../base/result.ts";
import type { DecodeError } from "./error.ts";
import { PostcardReader } from "./postcard-reader.ts";
import { PostcardWriter } from "./postcard-writer.ts";

export const ROUTING_KEY_SIZE = 16;
export const MESSAGE_ID_SIZE = 16;
export const PUBLIC_ID_SIZE = 32;
export const ACK_HASH_SIZE = 16;

/** Ember's OuterEnvelope (SPEC section 6). Decoded byte fields are views into the input. */
export interface OuterEnvelope {
    /** Never checked by anybody: any version decodes. */
    readonly version: { readonly major: number; readonly minor: number };
    /** 16 bytes: BLAKE3 of the recipient's public id, cut. */
    readonly routingKey: Uint8Array;
    /** Hours since 1970, as the sender believed; never checked. */
    readonly timestampHours: number;
    /** 0..65535, or undefined when the sender named none. */
    readonly ttlHours: number | undefined;
    /** 16 bytes. */
    readonly messageId: Uint8Array;
    /** 32 bytes, X25519. */
    readonly ephemeralKey: Uint8Array;
    /** 16 bytes; whoever shows its pre-image may delete the message. */
    readonly ackHash: Uint8Array;
    readonly innerCiphertext: Uint8Array;
}

export function encodeOuterEnvelope(outer: OuterEnvelope): Uint8Array {
    const writer = new PostcardWriter()
        .u8(outer.version.major)
        .u8(outer.version.minor)
        .fixed(outer.routingKey)
        .u32(outer.timestampHours);
    return writer
        .option(outer.ttlHours, (hours) => writer.u16(hours))
        .fixed(outer.messageId)
        .fixed(outer.ephemeralKey)
        .fixed(outer.ackHash)
        .bytes(outer.innerCiphertext)
        .finish();
}

/** Bytes after the envelope are ignored, as Ember ignores them; keep the input to forward it as it came. */
export function decodeOuterEnvelope(bytes: Uint8Array, offset = 0): Result<OuterEnvelope, DecodeError> {
    const reader = new PostcardReader(bytes, "outer", offset);
    const outer: OuterEnvelope = {
        version: { major: reader.u8("version.major"), minor: reader.u8("version.minor") },
        routingKey: reader.fixed(ROUTING_KEY_SIZE, "routing_key"),
        timestampHours: reader.u32("timestamp_hours"),
        ttlHours: reader.option("ttl_hours", () => reader.u16("ttl_hours")),
        messageId: reader.fixed(MESSAGE_ID_SIZE, "message_id"),
        ephemeralKey: reader.fixed(PUBLIC_ID_SIZE, "ephemeral_key"),
        ackHash: reader.fixed(ACK_HASH_SIZE, "ack_hash"),
        innerCiphertext: reader.bytes("inner_ciphertext"),
    };
    return reader.error ? err(reader.error) : ok(outer);
}
