import * as v from "valibot";
import { fromHex } from "../../base/encoding.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { RawRequest } from "./raw-http.ts";

/** The two files' format, strictly: what this program does not know must not pass unseen. */

const hex = v.pipe(
    v.string(),
    v.check((text) => fromHex(text) !== undefined, "must be hex"),
    v.transform((text) => fromHex(text) ?? new Uint8Array()),
);
const secret = v.pipe(
    hex,
    v.check((bytes) => bytes.length === 32, "must be 32 bytes"),
);
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const response = v.strictObject({
    status: count,
    content_type: v.nullable(v.string()),
    allow: v.nullable(v.string()),
    body_text: v.string(),
});

const request = v.strictObject({
    method: v.string(),
    path: v.string(),
    headers: v.optional(v.array(v.tuple([v.string(), v.string()])), []),
    body: v.optional(hex, ""),
    /** That many zero bytes instead of `body`. */
    body_length: v.optional(count),
    note: v.optional(v.string()),
});

const requestExchange = v.strictObject({ request, response });

const builtSubmit = v.strictObject({
    message_id: hex,
    submit_wire_length: count,
    ciphertext_length: count,
    response,
});

const builtFetch = v.strictObject({
    /** The query with its question mark, or nothing. */
    fetch: v.string(),
    status: count,
    body_length: count,
    payload_count: v.nullable(count),
    next_cursor: v.nullable(v.string()),
    has_more: v.nullable(v.boolean()),
    error: v.nullable(v.string()),
});

const nodeGroup = v.strictObject({
    name: v.string(),
    exchanges: v.array(v.unknown()),
    now: v.optional(count),
    times: v.optional(v.string()),
    node_secret: v.optional(v.nullable(secret), null),
    public_host: v.optional(v.nullable(v.string()), null),
    auth: v.optional(v.nullable(v.tuple([v.string(), v.string()])), null),
    max_messages: v.optional(count),
    construction: v.optional(v.string()),
    recipient_secret: v.optional(hex),
    sender_secret: v.optional(hex),
});

const nodeFile = v.object({ data: v.strictObject({ note: v.optional(v.string()), groups: v.array(v.unknown()) }) });

const embeddedFile = v.object({
    data: v.strictObject({
        server_secret: secret,
        server_public: v.optional(hex),
        sender_secret: v.optional(hex),
        now: count,
        ack_secret_of_first_message: v.optional(hex),
        exchanges: v.array(v.unknown()),
    }),
});

export type WantedResponse = v.InferOutput<typeof response>;
export type RequestExchange = v.InferOutput<typeof requestExchange>;
export type BuiltSubmit = v.InferOutput<typeof builtSubmit>;
export type BuiltFetch = v.InferOutput<typeof builtFetch>;
export type NodeGroup = v.InferOutput<typeof nodeGroup>;
export type EmbeddedData = v.InferOutput<typeof embeddedFile>["data"];

export type Exchange =
    | { readonly kind: "request"; readonly value: RequestExchange }
    | { readonly kind: "submit"; readonly value: BuiltSubmit }
    | { readonly kind: "fetch"; readonly value: BuiltFetch };

export function parseNodeGroups(file: unknown): Result<readonly unknown[], string> {
    const parsed = parse(nodeFile, file);
    return parsed.ok ? ok(parsed.value.data.groups) : parsed;
}

export function parseNodeGroup(group: unknown): Result<NodeGroup, string> {
    return parse(nodeGroup, group);
}

export function parseEmbedded(file: unknown): Result<EmbeddedData, string> {
    const parsed = parse(embeddedFile, file);
    return parsed.ok ? ok(parsed.value.data) : parsed;
}

/** Which of the three forms an exchange has shows in the field that the others lack. */
export function parseExchange(exchange: unknown): Result<Exchange, string> {
    const has = (field: string): boolean => typeof exchange === "object" && exchange !== null && field in exchange;
    if (has("request")) return tagged("request", parse(requestExchange, exchange));
    if (has("message_id")) return tagged("submit", parse(builtSubmit, exchange));
    if (has("fetch")) return tagged("fetch", parse(builtFetch, exchange));
    return err("none of the known exchanges: no request, message_id or fetch");
}

export function rawRequest({
    request: { method, path, headers, body, body_length: length },
}: RequestExchange): RawRequest {
    return { method, path, headers, body: length === undefined ? body : new Uint8Array(length) };
}

function tagged<K extends Exchange["kind"], T>(
    kind: K,
    parsed: Result<T, string>,
): Result<{ kind: K; value: T }, string> {
    return parsed.ok ? ok({ kind, value: parsed.value }) : parsed;
}

function parse<S extends v.GenericSchema>(schema: S, value: unknown): Result<v.InferOutput<S>, string> {
    const parsed = v.safeParse(schema, value);
    if (parsed.success) return ok(parsed.output);
    const [issue] = parsed.issues;
    return err(`not the known format: ${v.getDotPath(issue) ?? "file"}: ${issue.message}`);
}
