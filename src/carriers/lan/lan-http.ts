import { Buffer } from "node:buffer";
import type { RequestOptions } from "node:http";
import { fromBase64, toBase64 } from "../../base/encoding.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { encodeSubmitBody } from "../../wire/submit-body.ts";

/** An `import` of node:http would bring all of Node's HTTP client's relatives along. */
const { request } = process.getBuiltinModule("node:http");

/** SPEC section 17: from the start to the connection, and to the end, in milliseconds. */
const CONNECT_MS_MAX = 2_000;
const TOTAL_MS_MAX = 5_000;
/** Largest answers that are read, in bytes. */
const IDENTITY_ANSWER_SIZE_MAX = 4_096;
const SUBMIT_ANSWER_SIZE_MAX = 16 * 1024;

export interface Address {
    /** IPv6 with its scope where it needs one. */
    readonly host: string;
    readonly port: number;
}

export type LanFrameResult =
    | { readonly status: "ok"; readonly ackSecret: Uint8Array | undefined }
    | { readonly status: "error"; readonly error: string };

export interface LanCallError {
    readonly text: string;
    /** The peer is well and wants to rest. */
    readonly isBusy: boolean;
}

/** What a peer on the LAN is asked. A peer is a stranger: every answer is bounded in time and size. */
export interface LanCalls {
    /** The 64-byte answer to a 32-byte challenge, not yet verified. */
    identity(address: Address, challenge: Uint8Array): Promise<Result<Uint8Array, LanCallError>>;
    /** One result a frame, in order. */
    submit(address: Address, frames: readonly Uint8Array[]): Promise<Result<readonly LanFrameResult[], LanCallError>>;
}

export const lanCalls: LanCalls = {
    async identity(address, challenge) {
        const path = `/api/v1/identity?challenge=${encodeURIComponent(toBase64(challenge))}`;
        const answer = await call(address, { method: "GET", path }, undefined, IDENTITY_ANSWER_SIZE_MAX);
        if (!answer.ok) return answer;
        const signature = fromBase64(String(fieldOf(answer.value, "signature")));
        return signature?.length === 64 ? ok(signature) : failed("no signature in the answer");
    },
    async submit(address, frames) {
        const body = encodeSubmitBody(frames);
        const headers = { "content-type": "application/vnd.ember.bundle", "content-length": body.length };
        const options = { method: "POST", path: "/api/v1/submit", headers };
        const answer = await call(address, options, body, SUBMIT_ANSWER_SIZE_MAX);
        if (!answer.ok) return answer;
        const results = fieldOf(answer.value, "results");
        if (!Array.isArray(results) || results.length !== frames.length) return failed("no result for each frame");
        const read = (results as readonly unknown[]).map(resultOf).filter((result) => result !== undefined);
        return read.length === frames.length ? ok(read) : failed("a result that says nothing");
    },
};

function resultOf(value: unknown): LanFrameResult | undefined {
    const status = fieldOf(value, "status");
    if (status === "error") return { status, error: String(fieldOf(value, "error")).slice(0, 200) };
    if (status !== "ok") return undefined;
    const secret = fieldOf(value, "ack_secret");
    return { status, ackSecret: typeof secret === "string" ? fromBase64(secret) : undefined };
}

/** The JSON of a 200. */
function call(
    { host, port }: Address,
    options: RequestOptions,
    body: Uint8Array | undefined,
    sizeMax: number,
): Promise<Result<unknown, LanCallError>> {
    return new Promise((resolve) => {
        const end = (result: Result<unknown, LanCallError>): void => {
            clearTimeout(connecting);
            clearTimeout(whole);
            asked.destroy();
            resolve(result);
        };
        const asked = request({
            ...options,
            host,
            port,
            agent: false,
            setHost: false,
            headers: headersFor(host, port, options),
        });
        const connecting = setTimeout(() => end(failed("no connection in time")), CONNECT_MS_MAX);
        const whole = setTimeout(() => end(failed("no answer in time")), TOTAL_MS_MAX);
        asked.on("socket", (socket) => socket.once("connect", () => clearTimeout(connecting)));
        asked.on("error", (cause) => end(failed(cause.message)));
        asked.on("response", (response) => {
            const status = response.statusCode ?? 0;
            if (status !== 200) return end(failed(`status ${status}`, status === 429 || status === 503));
            const parts: Uint8Array[] = [];
            let size = 0;
            response.on("data", (part: Uint8Array) => {
                parts.push(part);
                size += part.length;
                if (size > sizeMax) end(failed("an answer that is too long"));
            });
            response.on("error", (cause) => end(failed(cause.message)));
            response.on("end", () => end(parsed(Buffer.concat(parts).toString("utf8"))));
        });
        asked.end(body);
    });
}

/** Without the scope of an address: it means something on this machine only. */
function headersFor(host: string, port: number, { headers }: RequestOptions) {
    const bare = host.split("%")[0] ?? "";
    return { ...(headers as Record<string, string>), host: `${bare.includes(":") ? `[${bare}]` : bare}:${port}` };
}

function parsed(text: string): Result<unknown, LanCallError> {
    try {
        return ok(JSON.parse(text));
    } catch {
        return failed("an answer that is no JSON");
    }
}

function fieldOf(value: unknown, name: string): unknown {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function failed(text: string, isBusy = false): { readonly ok: false; readonly error: LanCallError } {
    return err({ text, isBusy });
}
