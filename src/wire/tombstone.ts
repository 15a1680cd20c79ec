import { concatBytes } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { DecodeError } from "./error.ts";
import { MESSAGE_ID_SIZE } from "./outer-envelope.ts";
import { PostcardReader } from "./postcard-reader.ts";

export const ACK_SECRET_SIZE = 16;
export const SIGNATURE_SIZE = 64;
/** A tombstone as a WirePayload, in bytes. */
export const TOMBSTONE_PAYLOAD_SIZE = 1 + MESSAGE_ID_SIZE + ACK_SECRET_SIZE + SIGNATURE_SIZE;

/** Ember's SignedAckTombstone, 96 bytes (SPEC section 9). Relays check the secret and never the signature. */
export interface Tombstone {
    readonly messageId: Uint8Array;
    /** 16 bytes; opens the ack hash of the message. */
    readonly ackSecret: Uint8Array;
    /** 64 bytes of XEdDSA over message id and secret, by the recipient or the sender. */
    readonly signature: Uint8Array;
}

export function encodeTombstone(tombstone: Tombstone): Uint8Array {
    return concatBytes(tombstone.messageId, tombstone.ackSecret, tombstone.signature);
}

/** Bytes after the first 96 are ignored, as Ember ignores them. */
export function decodeTombstone(bytes: Uint8Array, offset = 0): Result<Tombstone, DecodeError> {
    const reader = new PostcardReader(bytes, "tombstone", offset);
    const tombstone: Tombstone = {
        messageId: reader.fixed(MESSAGE_ID_SIZE, "message_id"),
        ackSecret: reader.fixed(ACK_SECRET_SIZE, "ack_secret"),
        signature: reader.fixed(SIGNATURE_SIZE, "signature"),
    };
    return reader.error ? err(reader.error) : ok(tombstone);
}
