import { fromBase64, fromHex, toBase64, toHex } from "../../base/encoding.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { DecodeError } from "../../wire/error.ts";
import { decodeWirePayload } from "../../wire/payload.ts";
import { PACKET_SIZE_MAX } from "./limits.ts";

/** Ember's topics and payloads (SPEC section 18). */
export const PREFIX_DEFAULT = "ember/v1";

const ROUTING_KEY_SIZE = 16;
/** Type, up to three bytes of length, the topic's length and the packet id. */
const PUBLISH_OVERHEAD = 1 + 3 + 2 + 2;

/** Which routing keys are subscribed to. */
export type Subscribed = "all" | "none" | readonly Uint8Array[];

export function messageTopic(prefix: string, routingKey: Uint8Array): string {
    return `${prefix}/messages/${toHex(routingKey)}`;
}

export function tombstoneTopic(prefix: string): string {
    return `${prefix}/ack-tombstones`;
}

/** The filters of a subscription. Ember's own nodes subscribe to messages only; its tombstones are worth hearing too. */
export function filtersFor(prefix: string, subscribed: Subscribed): readonly string[] {
    if (subscribed === "none") return [];
    const messages =
        subscribed === "all" ? [`${prefix}/messages/#`] : subscribed.map((key) => messageTopic(prefix, key));
    return [...messages, tombstoneTopic(prefix)];
}

/** Largest WirePayload that fits in a packet which Ember's programs take, in bytes. */
export function payloadSizeMax(prefix: string): number {
    const room = PACKET_SIZE_MAX - PUBLISH_OVERHEAD - messageTopic(prefix, new Uint8Array(ROUTING_KEY_SIZE)).length;
    return Math.floor(room / 4) * 3;
}

/** Where a payload is published, and what. The error is for a payload that is none. */
export function publishOf(
    prefix: string,
    payload: Uint8Array,
): Result<{ readonly topic: string; readonly text: string }, DecodeError> {
    const decoded = decodeWirePayload(payload);
    if (!decoded.ok) return decoded;
    const { value } = decoded;
    const topic = value.kind === "message" ? messageTopic(prefix, value.outer.routingKey) : tombstoneTopic(prefix);
    return ok({ topic, text: toBase64(payload) });
}

/** Why a message of a broker is not taken. */
export type Unusable =
    | { readonly kind: "topic" }
    | { readonly kind: "base64" }
    | { readonly kind: "wire"; readonly error: DecodeError }
    /** A tombstone on a message topic or the other way round. */
    | { readonly kind: "misplaced" };

/** The WirePayload of a message. Its topic names a routing key too, which Ember does not compare with the envelope's. */
export function readPublish(prefix: string, topic: string, text: string): Result<Uint8Array, Unusable> {
    const kind = kindOf(prefix, topic);
    if (kind === undefined) return err({ kind: "topic" });
    const payload = fromBase64(text);
    if (!payload) return err({ kind: "base64" });
    const decoded = decodeWirePayload(payload);
    if (!decoded.ok) return err({ kind: "wire", error: decoded.error });
    return decoded.value.kind === kind ? ok(payload) : err({ kind: "misplaced" });
}

function kindOf(prefix: string, topic: string): "message" | "tombstone" | undefined {
    if (topic.startsWith(`${prefix}/messages/`)) return "message";
    return topic === tombstoneTopic(prefix) ? "tombstone" : undefined;
}

/** "all", "none", or routing keys of 32 hex digits with commas between them. */
export function parseSubscribed(text: string): Subscribed | undefined {
    if (text === "all" || text === "none") return text;
    const keys = text.split(",").map((word) => fromHex(word.trim()));
    return keys.every((key) => key?.length === ROUTING_KEY_SIZE) ? keys.filter((key) => key !== undefined) : undefined;
}
