import { equalBytes } from "../../base/bytes.ts";
import { toBase64 } from "../../base/encoding.ts";
import type { Millis } from "../../base/time.ts";
import type { OuterEnvelope } from "../../wire/outer-envelope.ts";
import { decodeWirePayload, type WirePayload, wireErrorText } from "../../wire/payload.ts";
import { decodeSubmitBody, submitBodyErrorText } from "../../wire/submit-body.ts";
import type { Arrival } from "../carrier.ts";
import { type Answer, busyAnswer, errorAnswer, jsonAnswer } from "./answers.ts";
import { FETCHABLE_SIZE_MAX } from "./limits.ts";
import type { MailboxIdentity } from "./options.ts";
import type { RateLimiter } from "./rate-limit.ts";

/** What a submit needs besides its bytes. */
export interface SubmitContext {
    readonly mode: "node" | "embedded";
    readonly framesMax: number;
    readonly identity: MailboxIdentity | undefined;
    readonly keyLimiter: RateLimiter;
    readonly now: Millis;
    readonly onPayload: (payload: Uint8Array) => Promise<Arrival>;
    /** The verified signer of the request, if it was signed. */
    readonly signer: Uint8Array | undefined;
    /** Whether what is here already gets a receipt too, which Ember does not give. */
    readonly receiptsForKnown: boolean;
}

/** One result of the answer, and what it says about storing. */
interface Settled {
    readonly json: string;
    readonly fate: "kept" | "busy" | "other";
}

const OK: Settled = { json: '{"status":"ok"}', fate: "other" };

/**
 * Hands every frame to the gateway, in order and without waiting in between, so that they share one fsync. Answers
 * after the last of them settled: 200 with one result a frame, or 503 where the gateway was busy and kept nothing.
 */
export async function submitAnswer(context: SubmitContext, body: Uint8Array): Promise<Answer> {
    const frames = decodeSubmitBody(body, context.framesMax);
    if (!frames.ok) return errorAnswer(400, `Invalid bundle body: ${submitBodyErrorText(frames.error)}`);
    const settled = await Promise.all(frames.value.map((frame) => takeFrame(context, frame)));
    if (settled.some(({ fate }) => fate === "busy") && !settled.some(({ fate }) => fate === "kept")) {
        return busyAnswer();
    }
    return jsonAnswer(200, `{"results":[${settled.map(({ json }) => json).join(",")}]}`);
}

function takeFrame(context: SubmitContext, frame: Uint8Array): Settled | Promise<Settled> {
    const decoded = decodeWirePayload(frame);
    if (!decoded.ok) return undecodable(context, wireErrorText(decoded.error));
    const refused = refuse(context, decoded.value, frame.length);
    if (refused) return refused;
    return context.onPayload(frame).then((arrival) => resultOf(context, decoded.value, arrival));
}

/** What is settled without the gateway. Ember checks in this order (SPEC 14.3, 16). */
function refuse(context: SubmitContext, payload: WirePayload, size: number): Settled | undefined {
    const { mode, identity, signer } = context;
    if (payload.kind === "tombstone") {
        if (mode === "embedded") return failure("Tombstones not accepted via direct peer API");
        return size > FETCHABLE_SIZE_MAX ? tooLarge("Tombstone too large", size) : undefined;
    }
    const { routingKey } = payload.outer;
    if (mode === "embedded" && !(identity && equalBytes(identity.routingKey, routingKey))) {
        return failure("Routing key mismatch");
    }
    if (identity && signer && equalBytes(signer, identity.publicId)) return OK;
    if (context.keyLimiter.enabled && !context.keyLimiter.take(byteName(routingKey), context.now).ok) {
        return failure("Rate limit exceeded for this routing key");
    }
    // The embedded server has no fetch: what it takes is read by the gateway's own messenger.
    if (mode === "node" && size > FETCHABLE_SIZE_MAX) return tooLarge("Message too large to be fetched", size);
    return undefined;
}

function tooLarge(what: string, size: number): Settled {
    return failure(`${what}: ${size} bytes exceeds max ${FETCHABLE_SIZE_MAX}`);
}

async function resultOf(context: SubmitContext, payload: WirePayload, arrival: Arrival): Promise<Settled> {
    if (arrival.kind === "duplicate") {
        const isAsked = context.receiptsForKnown && payload.kind === "message";
        return isAsked ? { json: await storedJson(context, payload.outer), fate: "kept" } : OK;
    }
    if (arrival.kind === "stored") {
        if (payload.kind === "tombstone") return { json: OK.json, fate: "kept" };
        return { json: await storedJson(context, payload.outer), fate: "kept" };
    }
    const { reason, text } = arrival;
    if (reason === "undecodable") return undecodable(context, text);
    // Ember's embedded server has one text for all of these; what went wrong follows it here.
    const full = context.mode === "embedded" ? `Failed to store message: ${text}` : text;
    return { ...failure(full), fate: reason === "busy" ? "busy" : "other" };
}

/** The receipt is made only now: it says that the message is durable. */
async function storedJson({ identity, mode }: SubmitContext, outer: OuterEnvelope): Promise<string> {
    if (!identity) return OK.json;
    const isRecipient = mode === "embedded" || equalBytes(outer.routingKey, identity.routingKey);
    const secret = isRecipient ? identity.ackSecret(outer) : undefined;
    const secretJson = secret ? `"ack_secret":"${toBase64(secret)}",` : "";
    const receipt = await identity.receipt(outer.messageId);
    return `{"status":"ok",${secretJson}"signature":"${toBase64(receipt)}"}`;
}

function undecodable({ mode }: SubmitContext, text: string): Settled {
    return failure(mode === "embedded" ? "Invalid message format" : `Failed to decode frame: ${text}`);
}

function failure(error: string): Settled {
    return { json: JSON.stringify({ status: "error", error }), fate: "other" };
}

function byteName(bytes: Uint8Array): string {
    return String.fromCharCode(...bytes);
}
