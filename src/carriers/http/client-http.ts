import { Buffer } from "node:buffer";
import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import { err, ok, type Result } from "../../base/result.ts";
import { Secret } from "../../base/secret.ts";
import type { Clock, Millis } from "../../base/time.ts";
import type { CertPin } from "./cert-pin.ts";
import { makeAgent } from "./client-agent.ts";
import type { Credentials } from "./options.ts";

/** Why a mailbox gave no usable answer. `detail` is for people and never holds credentials. */
export interface MailboxClientError {
    readonly kind: "bad_url" | "unreachable" | "timeout" | "unauthorized" | "busy" | "refused" | "protocol";
    readonly detail: string;
    /** When to come again, in seconds, where the mailbox said so. */
    readonly retryAfterS?: number;
    /** Of an answer that refuses. */
    readonly status?: number;
}

export interface HttpReply {
    readonly status: number;
    readonly text: string;
    readonly retryAfterS: number | undefined;
}

export interface HttpCall {
    readonly method: "GET" | "POST";
    /** Path and query below the mailbox's address. */
    readonly path: string;
    readonly body?: Uint8Array;
}

/** Makes the headers by which a node proves who sends a request; `path` is without the query (SPEC 15). */
export type SignRequest = (request: {
    readonly method: string;
    readonly path: string;
    readonly body: Uint8Array;
    /** Host, and port where it is not the usual one. */
    readonly destination: string;
}) => Readonly<Record<string, string>>;

/** Sends one request and reads its whole answer, bounded in time and size. */
export type CallMailbox = (call: HttpCall) => Promise<Result<HttpReply, MailboxClientError>>;

/** Largest answer that is read, in bytes. Ember's own stay below 64 KiB. */
export const REPLY_SIZE_MAX = 8 * 1024 * 1024;

export interface CallOptions {
    readonly url: string;
    readonly credentials?: Credentials | undefined;
    readonly clock: Clock;
    /** For each request, in milliseconds. */
    readonly timeoutMs: Millis;
    /** Signs what is posted. */
    readonly sign?: SignRequest | undefined;
    /** The server's certificate must fit one of these, besides the usual chain; none is no demand. */
    readonly pins?: readonly CertPin[] | undefined;
    /** Certificate authorities to be trusted instead of those of the system, in PEM. */
    readonly authorities?: string | undefined;
    /** Sent along with each request. */
    readonly headers?: Readonly<Record<string, string>> | undefined;
}

interface Place {
    readonly url: URL;
    /** Without credentials, query and the last slash. */
    readonly base: string;
    readonly credentials: Credentials | undefined;
}

export function makeCall(options: CallOptions): CallMailbox {
    const place = parsePlace(options.url, options.credentials);
    if (!place.ok) return async () => place;
    const { base, url, credentials } = place.value;
    const always = { ...options.headers, ...(credentials ? { authorization: basicHeader(credentials) } : {}) };
    let agent: Agent | undefined;
    return async ({ method, path, body }) => {
        const target = new URL(`${base}${path}`);
        const headers = { ...always, ...(body ? bodyHeaders(body) : {}) };
        const signed = body && options.sign?.({ method, path: target.pathname, body, destination: url.host });
        agent ??= makeAgent(url, options);
        const attempt = { target, method, body, agent, headers: { ...headers, ...signed } };
        return await withinTime(options, base, (signal) => exchange({ ...attempt, signal }));
    };
}

export function failed(kind: MailboxClientError["kind"], detail: string): MailboxClientError {
    return { kind, detail };
}

function bodyHeaders(body: Uint8Array): Readonly<Record<string, string>> {
    return { "content-type": "application/vnd.ember.bundle", "content-length": String(body.length) };
}

async function withinTime(
    { clock, timeoutMs }: CallOptions,
    base: string,
    work: (signal: AbortSignal) => Promise<HttpReply | "too_large">,
): ReturnType<CallMailbox> {
    const controller = new AbortController();
    const cancel = clock.schedule(clock.now().monotonic + timeoutMs, () => controller.abort());
    try {
        const reply = await work(controller.signal);
        return reply === "too_large" ? err(failed("protocol", `${base} answers with too many bytes`)) : ok(reply);
    } catch (cause) {
        if (!controller.signal.aborted) return err(failed("unreachable", `${base} does not answer${reason(cause)}`));
        return err(failed("timeout", `${base} gave no answer within ${timeoutMs / 1000} s`));
    } finally {
        cancel();
    }
}

interface Attempt {
    readonly target: URL;
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array | undefined;
    readonly agent: Agent;
    readonly signal: AbortSignal;
}

async function exchange(attempt: Attempt): Promise<HttpReply | "too_large"> {
    let request = open(attempt);
    try {
        return await replyTo(request);
    } catch (cause) {
        // A server may hang up on an idle connection in the very moment that it is used again.
        if (!request.reusedSocket || attempt.signal.aborted || codeOf(cause) !== "ECONNRESET") throw cause;
        request = open(attempt);
        return await replyTo(request);
    }
}

function open({ target, method, headers, body, agent, signal }: Attempt): ClientRequest {
    const module = target.protocol === "https:" ? "node:https" : "node:http";
    const request = process.getBuiltinModule(module).request(target, { method, headers, agent, signal });
    request.end(body);
    return request;
}

function replyTo(request: ClientRequest): Promise<HttpReply | "too_large"> {
    return new Promise((resolve, reject) => {
        request.on("error", reject);
        request.on("response", (response: IncomingMessage) => {
            const parts: Uint8Array[] = [];
            let size = 0;
            response.on("error", reject);
            response.on("data", (part: Uint8Array) => {
                size += part.length;
                parts.push(part);
                if (size <= REPLY_SIZE_MAX) return;
                resolve("too_large");
                request.destroy();
            });
            response.on("end", () => {
                const retryAfter = response.headers["retry-after"] ?? "";
                const retryAfterS = /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : undefined;
                const text = Buffer.concat(parts).toString("utf8");
                resolve({ status: response.statusCode ?? 0, text, retryAfterS });
            });
        });
    });
}

/** Takes the credentials out of the URL, if they are there, before anything can print it. */
function parsePlace(text: string, given: Credentials | undefined): Result<Place, MailboxClientError> {
    const url = URL.parse(text);
    if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
        return err(failed("bad_url", "The mailbox's address must look like http://host:port"));
    }
    const inUrl = url.username === "" ? undefined : credentialsIn(url);
    return ok({ url, base: `${url.origin}${url.pathname.replace(/\/+$/, "")}`, credentials: given ?? inUrl });
}

function credentialsIn({ username, password }: URL): Credentials {
    return { username: decoded(username), password: new Secret(decoded(password)) };
}

function decoded(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

function basicHeader({ username, password }: Credentials): string {
    return `Basic ${Buffer.from(`${username}:${password.reveal()}`, "utf8").toString("base64")}`;
}

/** The error code of the socket or of TLS, e.g. ECONNREFUSED or CERT_HAS_EXPIRED. */
function reason(cause: unknown): string {
    const code = codeOf(cause);
    return code === undefined ? "" : `: ${code}`;
}

function codeOf(cause: unknown): string | undefined {
    const code: unknown = cause instanceof Error && "code" in cause ? cause.code : undefined;
    return typeof code === "string" ? code : undefined;
}
