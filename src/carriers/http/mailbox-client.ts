import { utf8 } from "../../base/bytes.ts";
import { fromBase64, toBase64, toBase64Url } from "../../base/encoding.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Clock, Millis } from "../../base/time.ts";
import { encodeSubmitBody } from "../../wire/submit-body.ts";
import {
    type CallMailbox,
    type CallOptions,
    failed,
    type HttpReply,
    type MailboxClientError,
    makeCall,
} from "./client-http.ts";

/** What a mailbox says about one frame. */
export type FrameResult =
    | {
          readonly status: "ok";
          /** 16 bytes, where the mailbox is the recipient itself. */
          readonly ackSecret: Uint8Array | undefined;
          /** The 64-byte receipt; undefined for what the mailbox had already. */
          readonly signature: Uint8Array | undefined;
      }
    | { readonly status: "error"; readonly error: string };

export interface Fetched {
    readonly payloads: readonly Uint8Array[];
    /** Where a later fetch goes on; undefined for an empty mailbox. */
    readonly cursor: bigint | undefined;
    /** False where a limit of the client ended the reading. */
    readonly complete: boolean;
}

export interface MailboxClient {
    /** One result a frame, in order. Many frames go in several requests; the first request that fails ends it. */
    submit(frames: readonly Uint8Array[]): Promise<Result<readonly FrameResult[], MailboxClientError>>;
    /** All pages after `after`, oldest payload first. */
    fetchAll(routingKey: Uint8Array, after?: bigint): Promise<Result<Fetched, MailboxClientError>>;
    /** One page. A cursor that does not grow is an error of the mailbox. */
    fetchPage(routingKey: Uint8Array, after?: bigint): Promise<Result<Page, MailboxClientError>>;
    health(): Promise<Result<{ readonly version: string }, MailboxClientError>>;
    /** The 64-byte answer to a 32-byte challenge, not yet verified. */
    identity(challenge: Uint8Array): Promise<Result<Uint8Array, MailboxClientError>>;
    /** Posts JSON to a route of Hearth's own and gives the JSON object that comes back. */
    ask(path: string, question: unknown): Promise<Result<Record<string, unknown>, MailboxClientError>>;
}

/** The address may hold `user:password@`, which is taken out at once. */
export type MailboxClientOptions = Omit<CallOptions, "timeoutMs"> & { readonly timeoutMs?: Millis };

const TIMEOUT_MS = 30_000;
/** Frames and bytes of one request: what a stock Ember node takes. */
export const FRAMES_MAX = 100;
export const BODY_SIZE_MAX = 2 * 1024 * 1024;
/** What one fetch reads at most. */
const PAGES_MAX = 100_000;
const PAYLOAD_BYTES_MAX = 256 * 1024 * 1024;
/** A mailbox limits how many pages a second it gives: so often, and so many seconds each, a page is waited for. */
const WAITS_MAX = 20;
const WAIT_S_MAX = 60;

/** Speaks to Hearth's mailbox and to an unmodified Ember node alike. */
export function makeMailboxClient(options: MailboxClientOptions): MailboxClient {
    const call = makeCall({ ...options, timeoutMs: options.timeoutMs ?? TIMEOUT_MS });
    return {
        submit: (frames) => submit(call, frames),
        fetchAll: (routingKey, after) => fetchAll({ call, clock: options.clock }, routingKey, after),
        fetchPage: (routingKey, after) => fetchPage(call, routingKey, after),
        health: () => health(call),
        identity: (challenge) => identity(call, challenge),
        async ask(path, question) {
            const reply = await call({ method: "POST", path, body: utf8(JSON.stringify(question)) });
            return reply.ok ? objectOf(reply.value) : reply;
        },
    };
}

async function submit(call: CallMailbox, frames: readonly Uint8Array[]): ReturnType<MailboxClient["submit"]> {
    const results: FrameResult[] = [];
    for (const batch of batchesOf(frames)) {
        const body = encodeSubmitBody(batch);
        const reply = await call({ method: "POST", path: "/api/v1/submit", body });
        if (!reply.ok) return reply;
        const json = objectOf(reply.value);
        if (!json.ok) return json;
        const batchResults = json.value["results"];
        if (!Array.isArray(batchResults) || batchResults.length !== batch.length) return err(nonsense("submit"));
        for (const item of batchResults as readonly unknown[]) {
            const result = frameResult(item);
            if (!result) return err(nonsense("submit"));
            results.push(result);
        }
    }
    return ok(results);
}

async function fetchAll(
    { call, clock }: { readonly call: CallMailbox; readonly clock: Clock },
    routingKey: Uint8Array,
    start?: bigint,
): ReturnType<MailboxClient["fetchAll"]> {
    const payloads: Uint8Array[] = [];
    let cursor = start;
    let bytes = 0;
    const again = patient(call, clock);
    for (let page = 0; page < PAGES_MAX && bytes < PAYLOAD_BYTES_MAX; page++) {
        const parsed = await fetchPage(page === 0 ? call : again, routingKey, cursor);
        if (!parsed.ok) return parsed;
        for (const payload of parsed.value.payloads) {
            payloads.push(payload);
            bytes += payload.length;
        }
        cursor = parsed.value.cursor ?? cursor;
        if (!parsed.value.hasMore) return ok({ payloads, cursor, complete: true });
    }
    return ok({ payloads, cursor, complete: false });
}

async function fetchPage(
    call: CallMailbox,
    routingKey: Uint8Array,
    after: bigint | undefined,
): ReturnType<MailboxClient["fetchPage"]> {
    const path = `/api/v1/fetch/${toBase64Url(routingKey)}`;
    const reply = await call({ method: "GET", path: after === undefined ? path : `${path}?after=${after}` });
    return reply.ok ? pageOf(reply.value, after) : reply;
}

/** Asks again where a mailbox that gave pages before wants a rest now. */
function patient(call: CallMailbox, clock: Clock): CallMailbox {
    return async (request) => {
        for (let waits = 0; ; waits++) {
            const reply = await call(request);
            const waitS = reply.ok && waits < WAITS_MAX ? waitOf(reply.value) : undefined;
            if (waitS === undefined) return reply;
            await pause(clock, waitS);
        }
    };
}

/** How long a mailbox wants to rest, in seconds; undefined where it does not, or for too long. */
function waitOf({ status, retryAfterS = 0 }: HttpReply): number | undefined {
    const isBusy = status === 429 || status === 503;
    // Ember says 0 for a part of a second.
    return isBusy && retryAfterS <= WAIT_S_MAX ? Math.max(1, retryAfterS) : undefined;
}

function pause(clock: Clock, seconds: number): Promise<void> {
    return new Promise((resolve) => void clock.schedule(clock.now().monotonic + seconds * 1000, resolve));
}

async function health(call: CallMailbox): ReturnType<MailboxClient["health"]> {
    const reply = await call({ method: "GET", path: "/api/v1/health" });
    if (!reply.ok) return reply;
    const json = objectOf(reply.value);
    if (!json.ok) return json;
    const { status, version } = json.value as { status?: unknown; version?: unknown };
    if (status !== "ok") return err(failed("refused", "The mailbox says that it is not well"));
    return ok({ version: typeof version === "string" ? version : "" });
}

async function identity(call: CallMailbox, challenge: Uint8Array): ReturnType<MailboxClient["identity"]> {
    const path = `/api/v1/identity?challenge=${encodeURIComponent(toBase64(challenge))}`;
    const reply = await call({ method: "GET", path });
    if (!reply.ok) return reply;
    const json = objectOf(reply.value);
    if (!json.ok) return json;
    const signature = bytesOf(json.value["signature"]);
    return signature?.length === 64 ? ok(signature) : err(nonsense("identity"));
}

export interface Page {
    readonly payloads: readonly Uint8Array[];
    /** Where the next page begins; undefined for a page without payloads. */
    readonly cursor: bigint | undefined;
    readonly hasMore: boolean;
}

/** A page must bring the reader further, or it would turn in circles (SPEC 14.5). */
function pageOf(reply: HttpReply, before: bigint | undefined): Result<Page, MailboxClientError> {
    const json = objectOf(reply);
    if (!json.ok) return json;
    const { payloads, next_cursor: next, has_more: hasMore } = json.value as Record<string, unknown>;
    if (!Array.isArray(payloads) || typeof hasMore !== "boolean") return err(nonsense("fetch"));
    const decoded = payloads.map(bytesOf).filter((bytes) => bytes !== undefined);
    if (decoded.length !== payloads.length) return err(nonsense("fetch"));
    const cursor = typeof next === "string" && /^\d{1,19}$/.test(next) ? BigInt(next) : undefined;
    const isStuck = cursor === undefined ? next !== undefined || hasMore : cursor <= (before ?? 0n);
    if (isStuck) return err(failed("protocol", "The mailbox's pages do not go on: bad next_cursor"));
    return ok({ payloads: decoded, cursor, hasMore });
}

/** The JSON object of a 200, or what another status means. */
function objectOf(reply: HttpReply): Result<Record<string, unknown>, MailboxClientError> {
    if (reply.status !== 200) return err(statusError(reply));
    const value = parsed(reply.text);
    return value ? ok(value) : err(failed("protocol", "The mailbox's answer is no JSON object"));
}

function statusError({ status, text, retryAfterS }: HttpReply): MailboxClientError {
    const said = parsed(text)?.["error"];
    const words = (typeof said === "string" ? said : text).replace(/\p{Cc}+/gu, " ").slice(0, 300);
    const wait = retryAfterS === undefined ? {} : { retryAfterS };
    if (status === 401 && words === "") {
        return {
            ...failed("unauthorized", "The mailbox wants a user name and a password, or others than these"),
            status,
        };
    }
    const kind = status === 401 ? "unauthorized" : status === 429 || status === 503 ? "busy" : "refused";
    return { kind, status, detail: `The mailbox answers ${status}${words === "" ? "" : `: ${words}`}`, ...wait };
}

function frameResult(item: unknown): FrameResult | undefined {
    if (typeof item !== "object" || item === null) return undefined;
    const { status, error, ack_secret: secret, signature } = item as Record<string, unknown>;
    if (status === "error") return { status, error: typeof error === "string" ? error : "" };
    if (status !== "ok") return undefined;
    return { status, ackSecret: bytesOf(secret), signature: bytesOf(signature) };
}

function parsed(text: string): Record<string, unknown> | undefined {
    try {
        const value: unknown = JSON.parse(text);
        return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
    } catch {
        return undefined;
    }
}

function bytesOf(value: unknown): Uint8Array | undefined {
    return typeof value === "string" ? fromBase64(value) : undefined;
}

function nonsense(what: string): MailboxClientError {
    return failed("protocol", `The mailbox's answer to ${what} is not what Ember's would be`);
}

function* batchesOf(frames: readonly Uint8Array[]): Generator<readonly Uint8Array[]> {
    let batch: Uint8Array[] = [];
    let size = 4;
    for (const frame of frames) {
        if (batch.length === FRAMES_MAX || (batch.length > 0 && size + 4 + frame.length > BODY_SIZE_MAX)) {
            yield batch;
            batch = [];
            size = 4;
        }
        batch.push(frame);
        size += 4 + frame.length;
    }
    if (batch.length > 0) yield batch;
}
