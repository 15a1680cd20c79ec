import { Buffer } from "node:buffer";
import { fromBase64, fromBase64Url } from "../../base/encoding.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { type Answer, errorAnswer, textAnswer } from "./answers.ts";
import { FETCH_ROWS_MAX } from "./limits.ts";

/** Everything that is parsed out of a URL. Pure; each failure is the answer that the client gets. */

export interface FetchQuery {
    readonly limit: number;
    /** The row after which the page starts; 0 for the beginning. */
    readonly after: number;
}

const ROUTING_KEY_SIZE = 16;
const CHALLENGE_SIZE = 32;
const I64_MAX = 2n ** 63n - 1n;
const USIZE_MAX = 2n ** 64n - 1n;

/** The path segment after `/api/v1/fetch/`, as it stands in the URL. */
export function parseRoutingKey(segment: string): Result<Uint8Array, Answer> {
    const text = segment.includes("%") ? decodeUtf8(percentDecode(segment)) : segment;
    if (text === undefined) return err(textAnswer(400, "Invalid URL: Invalid UTF-8 in `routing_key`"));
    const key = fromBase64Url(text);
    if (!key) return err(errorAnswer(400, "Invalid routing key encoding"));
    return key.length === ROUTING_KEY_SIZE ? ok(key) : err(errorAnswer(400, "Routing key must be 16 bytes"));
}

/** `limit` and `after` as Rust would parse them (SPEC 14.5); other parameters are ignored. */
export function parseFetchQuery(query: string): Result<FetchQuery, Answer> {
    if (query === "") return ok({ limit: FETCH_ROWS_MAX, after: 0 });
    const fields = parseFields(query, ["limit", "after"]);
    if (!fields.ok) return fields;
    const limit = parseLimit(fields.value.get("limit"));
    if (!limit.ok) return limit;
    const after = parseAfter(fields.value.get("after"));
    return after.ok ? ok({ limit: limit.value, after: after.value }) : after;
}

/** First step of an identity request: the parameter must be there (SPEC 14.2). */
export function challengeText(query: string): Result<string, Answer> {
    const fields = parseFields(query, ["challenge"]);
    if (!fields.ok) return fields;
    const text = fields.value.get("challenge");
    return text === undefined
        ? err(textAnswer(400, "Failed to deserialize query string: missing field `challenge`"))
        : ok(text);
}

export function parseChallenge(text: string): Result<Uint8Array, Answer> {
    const bytes = fromBase64(text);
    if (!bytes) return err(errorAnswer(400, "Invalid base64 encoding for challenge"));
    if (bytes.length === CHALLENGE_SIZE) return ok(bytes);
    return err(errorAnswer(400, `Challenge must be exactly 32 bytes, got ${bytes.length}`));
}

function parseLimit(text: string | undefined): Result<number, Answer> {
    if (text === undefined) return ok(FETCH_ROWS_MAX);
    const value = /^\+?\d+$/.test(text) ? BigInt(text.replace("+", "")) : -1n;
    if (value < 0n || value > USIZE_MAX) return err(errorAnswer(400, "Invalid limit: must be an integer"));
    if (value === 0n) return err(errorAnswer(400, "Invalid limit: must be greater than 0"));
    return ok(value > BigInt(FETCH_ROWS_MAX) ? FETCH_ROWS_MAX : Number(value));
}

function parseAfter(text: string | undefined): Result<number, Answer> {
    if (text === undefined) return ok(0);
    const value = /^[+-]?\d+$/.test(text) ? BigInt(text.replace("+", "")) : I64_MAX + 1n;
    if (value > I64_MAX || value < -I64_MAX - 1n) {
        return err(errorAnswer(400, "Invalid after cursor: must be an integer"));
    }
    if (value <= 0n) return err(errorAnswer(400, "Invalid after cursor: must be a positive integer"));
    // No row number is beyond what a double holds exactly, so nothing lies after this one either.
    return ok(Math.min(Number(value), Number.MAX_SAFE_INTEGER));
}

/** The wanted fields of a form-encoded query; one that comes twice is an error, unknown ones are not. */
function parseFields(query: string, wanted: readonly string[]): Result<ReadonlyMap<string, string>, Answer> {
    const fields = new Map<string, string>();
    for (const pair of query.split("&")) {
        if (pair === "") continue;
        const equals = pair.indexOf("=");
        const name = formDecode(equals < 0 ? pair : pair.slice(0, equals));
        if (!wanted.includes(name)) continue;
        if (fields.has(name)) {
            return err(textAnswer(400, `Failed to deserialize query string: duplicate field \`${name}\``));
        }
        fields.set(name, equals < 0 ? "" : formDecode(pair.slice(equals + 1)));
    }
    return ok(fields);
}

function formDecode(text: string): string {
    if (!text.includes("%") && !text.includes("+")) return text;
    return percentDecode(text.replaceAll("+", " ")).toString("utf8");
}

/** A percent sign that starts no escape stands for itself. Header and URL text has one character a byte. */
function percentDecode(text: string): Buffer {
    const plain = text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    return Buffer.from(plain, "latin1");
}

function decodeUtf8(bytes: Buffer): string | undefined {
    try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
        return undefined;
    }
}
