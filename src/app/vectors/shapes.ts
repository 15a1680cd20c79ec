import type { Content, InnerEnvelope } from "../../wire/inner-envelope.ts";
import type { OuterEnvelope } from "../../wire/outer-envelope.ts";
import type { Tombstone } from "../../wire/tombstone.ts";
import { type Fields, VectorFormatError } from "./fields.ts";

/** Structures as the vector files write them. */

export function innerOf(fields: Fields): InnerEnvelope {
    return {
        from: fields.bytes("from"),
        createdAtMs: fields.big("created_at_ms"),
        content: contentOf(fields.child("content")),
        prevSelf: fields.bytesIfSet("prev_self"),
        observedHeads: fields.hexList("observed_heads"),
        epoch: fields.number("epoch"),
        flags: fields.number("flags"),
    };
}

function contentOf(fields: Fields): Content {
    const type = fields.text("type");
    if (type === "text") return { kind: "text", body: fields.text("body") };
    const receipt = type === "receipt" ? fields.text("kind") : undefined;
    if (receipt !== "delivered" && receipt !== "read") {
        throw new VectorFormatError(`${fields.path} is neither text nor receipt`);
    }
    return { kind: "receipt", targetMessageId: fields.bytes("target_message_id"), receipt };
}

export function outerOf(fields: Fields): OuterEnvelope {
    return {
        version: { major: fields.number("version_major"), minor: fields.number("version_minor") },
        routingKey: fields.bytes("routing_key"),
        timestampHours: fields.number("timestamp_hours"),
        ttlHours: fields.has("ttl_hours") ? fields.number("ttl_hours") : undefined,
        messageId: fields.bytes("message_id"),
        ephemeralKey: fields.bytes("ephemeral_key"),
        ackHash: fields.bytes("ack_hash"),
        innerCiphertext: fields.bytes("inner_ciphertext"),
    };
}

export function tombstoneOf(fields: Fields): Tombstone {
    return {
        messageId: fields.bytes("message_id"),
        ackSecret: fields.bytes("ack_secret"),
        signature: fields.bytes("signature"),
    };
}
