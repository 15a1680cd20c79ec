import { Buffer } from "node:buffer";
import { err, ok, type Result } from "../../base/result.ts";
import { Secret } from "../../base/secret.ts";
import type { Clock, Millis } from "../../base/time.ts";
import type { Credentials } from "./options.ts";

/** Why a mailbox gave no usable answer. `detail` is for people and never holds credentials. */
export interface MailboxClientError {
    readonly kind: "bad_url" | "unreachable" | "timeout" | "unauthorized" | "busy" | "refused" | "protocol";
    readonly detail: string;
    /** When to come again, in seconds, where the mailbox said so. */
    readonly retryAfterS?: number;
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
    readonly body?: Uint8Array<ArrayBuffer>;
}

/** Sends one request and reads its whole answer, bounded in time and size. */
export type CallMailbox = (call: HttpCall) => Promise<Result<HttpReply, MailboxClientError>>;

/** Largest answer that is read, in bytes. Ember's own stay below 64 KiB. */
export const REPLY_SIZE_MAX = 8 * 1024 * 1024;

interface Place {
    /** Without credentials, query and the last slash. */
    readonly base: string;
    readonly credentials: Credentials | undefined;
}

export function makeCall(options: {
    readonly url: string;
    readonly credentials: Credentials | undefined;
    readonly clock: Clock;
    readonly timeoutMs: Millis;
}): CallMailbox {
    const place = parsePlace(options.url, options.credentials);
    if (!place.ok) return async () => place;
    const { base, credentials } = place.value;
    const headers = credentials ? { authorization: basicHeader(credentials) } : {};
    return async ({ method, path, body }) => {
        const controller = new AbortController();
        const { clock, timeoutMs } = options;
        const cancel = clock.schedule(clock.now().monotonic + timeoutMs, () => controller.abort());
        try {
            const response = await fetch(`${base}${path}`, {
                method,
                headers: body ? { ...headers, "content-type": "application/vnd.ember.bundle" } : headers,
                redirect: "manual",
                signal: controller.signal,
                ...(body ? { body } : {}),
            });
            const text = await boundedText(response);
            if (text === undefined) return err(failed("protocol", `${base} answers with too many bytes`));
            const retryAfter = response.headers.get("retry-after") ?? "";
            const retryAfterS = /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : undefined;
            return ok({ status: response.status, text, retryAfterS });
        } catch (cause) {
            if (!controller.signal.aborted)
                return err(failed("unreachable", `${base} does not answer${reason(cause)}`));
            return err(failed("timeout", `${base} gave no answer within ${timeoutMs / 1000} s`));
        } finally {
            cancel();
        }
    };
}

export function failed(kind: MailboxClientError["kind"], detail: string): MailboxClientError {
    return { kind, detail };
}

/** Takes the credentials out of the URL, if they are there, before anything can print it. */
function parsePlace(text: string, given: Credentials | undefined): Result<Place, MailboxClientError> {
    const url = URL.parse(text);
    if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
        return err(failed("bad_url", "The mailbox's address must look like http://host:port"));
    }
    const inUrl = url.username === "" ? undefined : credentialsIn(url);
    return ok({ base: `${url.origin}${url.pathname.replace(/\/+$/, "")}`, credentials: given ?? inUrl });
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

async function boundedText(response: Response): Promise<string | undefined> {
    if (!response.body) return "";
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of response.body) {
        size += part.length;
        if (size > REPLY_SIZE_MAX) return undefined;
        parts.push(part);
    }
    return Buffer.concat(parts).toString("utf8");
}

/** The error code of the socket, e.g. ECONNREFUSED: fetch hides it one or two levels down. */
function reason(cause: unknown): string {
    let at: unknown = cause;
    for (let depth = 0; depth < 4 && at instanceof Error; depth++) {
        const code: unknown = "code" in at ? at.code : undefined;
        if (typeof code === "string") return `: ${code}`;
        // What fetch says of ports that browsers do not talk to.
        if (at.message === "bad port") return ": bad port";
        at = at.cause;
    }
    return "";
}
