import { blake3 } from "@noble/hashes/blake3.js";
import { utf8 } from "../base/bytes.ts";
import { fromBase64, toBase64, toHex } from "../base/encoding.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { UnixSeconds } from "../base/time.ts";
import { isLowOrder } from "../wire/low-order.ts";
import { PUBLIC_ID_SIZE } from "../wire/outer-envelope.ts";
import { SIGNATURE_SIZE } from "../wire/tombstone.ts";
import type { Identity } from "./identity.ts";
import type { CryptoPrimitives } from "./primitives.ts";
import { routingKeyOf } from "./public-id.ts";
import { xeddsaVerify } from "./xeddsa.ts";

const FUTURE_S_MAX = 30;
const AGE_S_MAX = 300;
const NAMES = ["x-node-id", "x-node-pubkey", "x-node-timestamp", "x-node-dest", "x-node-signature"] as const;
const U64_MAX = 2n ** 64n - 1n;

export interface SignedRequestParts {
    readonly method: string;
    /** Without the query; made canonical here. */
    readonly path: string;
    readonly body: Uint8Array;
}

export interface SignedHeadersError {
    readonly kind:
        | "missing_header"
        | "invalid_header"
        | "duplicate_header"
        | "timestamp_expired"
        | "timestamp_future"
        | "destination_mismatch"
        | "node_id_mismatch"
        | "invalid_public_key"
        | "invalid_signature";
    /** Ember's exact words, which follow "Signature verification failed: ". */
    readonly text: string;
}

/** The five headers by which one node proves to another who sends (SPEC section 15). */
export function signHeaders(
    request: SignedRequestParts & {
        readonly identity: Pick<Identity, "publicId" | "sign">;
        readonly timestamp: UnixSeconds;
        readonly destination: string;
    },
): Readonly<Record<(typeof NAMES)[number], string>> {
    const { identity, timestamp } = request;
    const id = toHex(routingKeyOf(identity.publicId));
    const destination = canonicalHost(request.destination);
    const text = signedText(request, id, String(timestamp), destination);
    return {
        "x-node-id": id,
        "x-node-pubkey": toBase64(identity.publicId),
        "x-node-timestamp": String(timestamp),
        "x-node-dest": destination,
        "x-node-signature": toBase64(identity.sign(utf8(text))),
    };
}

export interface VerifyRequest extends SignedRequestParts {
    readonly crypto: Pick<CryptoPrimitives, "ed25519Verify">;
    /** Every header as it came, duplicates included, one character a byte; names in any case. */
    readonly headers: readonly (readonly [name: string, value: string])[];
    readonly now: UnixSeconds;
    /** The names this node answers to; empty skips the check. */
    readonly hosts: readonly string[];
}

/** The public id that signed. The order of checks is Ember's. */
export function verifyHeaders(request: VerifyRequest): Result<Uint8Array, SignedHeadersError> {
    const values: string[] = [];
    for (const name of NAMES) {
        const found = request.headers.filter(([each]) => each.toLowerCase() === name);
        const value = found[0]?.[1];
        if (value === undefined) return fail("missing_header", `Missing required header: ${name}`);
        if (found.length > 1) return fail("duplicate_header", `Duplicate header: ${name}`);
        if (!/^[\t\x20-\x7e]*$/.test(value)) return invalidHeader(name);
        values.push(value);
    }
    const [id = "", key = "", timestamp = "", destination = "", signature = ""] = values;
    return (
        timeProblem(timestamp, request.now) ??
        destinationProblem(destination, request.hosts) ??
        verifyKey(request, { id, key, timestamp: wholeNumber(timestamp) ?? 0n, destination, signature })
    );
}

type Problem = ReturnType<typeof fail>;

function timeProblem(text: string, now: UnixSeconds): Problem | undefined {
    const timestamp = wholeNumber(text);
    if (timestamp === undefined) return invalidHeader("x-node-timestamp");
    if (timestamp > BigInt(now + FUTURE_S_MAX)) {
        return fail("timestamp_future", `Timestamp too far in future (more than ${FUTURE_S_MAX} seconds)`);
    }
    if (timestamp + BigInt(AGE_S_MAX) < BigInt(now)) {
        return fail("timestamp_expired", `Timestamp expired (older than ${AGE_S_MAX} seconds)`);
    }
    return undefined;
}

function destinationProblem(destination: string, hosts: readonly string[]): Problem | undefined {
    if (hosts.length === 0) return undefined;
    const known = hosts.map(canonicalHost);
    const asked = canonicalHost(destination);
    if (known.includes(asked)) return undefined;
    const list = known.map((host) => JSON.stringify(host)).join(", ");
    return fail("destination_mismatch", `Destination mismatch: expected one of [${list}], got ${asked}`);
}

function verifyKey(
    request: VerifyRequest,
    said: {
        readonly id: string;
        readonly key: string;
        readonly timestamp: bigint;
        readonly destination: string;
        readonly signature: string;
    },
): Result<Uint8Array, SignedHeadersError> {
    const publicId = fromBase64(said.key);
    if (!publicId) return invalidHeader("x-node-pubkey");
    if (publicId.length !== PUBLIC_ID_SIZE) {
        return fail("invalid_public_key", `Invalid public key: expected ${PUBLIC_ID_SIZE} bytes`);
    }
    if (isLowOrder(publicId)) {
        return fail("invalid_public_key", "Invalid public key: low-order point rejected");
    }
    if (said.id !== toHex(routingKeyOf(publicId))) {
        return fail("node_id_mismatch", "Node ID does not match public key");
    }
    const signature = fromBase64(said.signature);
    if (!signature) return invalidHeader("x-node-signature");
    const text = signedText(request, said.id, String(said.timestamp), canonicalHost(said.destination));
    const good =
        signature.length === SIGNATURE_SIZE &&
        xeddsaVerify(request.crypto, { publicId, message: utf8(text), signature });
    return good ? ok(publicId) : fail("invalid_signature", "Invalid signature");
}

function signedText({ method, path, body }: SignedRequestParts, id: string, timestamp: string, host: string): string {
    return `${id}:${timestamp}:${method.toUpperCase()}:${canonicalPath(path)}:${toHex(blake3(body))}:${host}`;
}

/** Lower case, without the dot that may end a name; a port is never touched. */
export function canonicalHost(host: string): string {
    const lower = host.toLowerCase();
    if (lower.startsWith("[")) return lower;
    const colon = lower.lastIndexOf(":");
    const name = colon < 0 ? lower : lower.slice(0, colon);
    const port = colon < 0 ? "" : lower.slice(colon);
    return `${name.endsWith(".") ? name.slice(0, -1) : name}${port}`;
}

export function canonicalPath(path: string): string {
    const parts: string[] = [];
    for (const part of path.split("/")) {
        if (part === "..") parts.pop();
        else if (part !== "" && part !== ".") parts.push(part);
    }
    return `/${parts.join("/")}`;
}

/** As Rust parses an unsigned number: an optional plus sign, leading zeros, up to 2^64 - 1. */
function wholeNumber(text: string): bigint | undefined {
    if (!/^\+?\d{1,400}$/.test(text)) return undefined;
    const number = BigInt(text.replace("+", ""));
    return number <= U64_MAX ? number : undefined;
}

function invalidHeader(name: string): ReturnType<typeof fail> {
    return fail("invalid_header", `Invalid header value: ${name}`);
}

function fail(
    kind: SignedHeadersError["kind"],
    text: string,
): { readonly ok: false; readonly error: SignedHeadersError } {
    return err({ kind, text });
}
