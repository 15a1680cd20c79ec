import { Buffer } from "node:buffer";
import type { ServerResponse } from "node:http";
import { BUSY_RETRY_S } from "./limits.ts";

/** One HTTP answer as data. */
export interface Answer {
    readonly status: number;
    readonly type?: string;
    readonly body: string;
    /** Further headers, name and value in turn. */
    readonly headers?: readonly string[];
}

export function jsonAnswer(status: number, body: string): Answer {
    return { status, type: "application/json", body };
}

export function errorAnswer(status: number, error: string): Answer {
    return jsonAnswer(status, JSON.stringify({ error }));
}

export function textAnswer(status: number, body: string): Answer {
    return { status, type: "text/plain; charset=utf-8", body };
}

export function emptyAnswer(status: number, headers: readonly string[] = []): Answer {
    return { status, body: "", headers };
}

/** Nothing was stored; the same request is welcome later. */
export function busyAnswer(): Answer {
    return laterAnswer("Gateway busy, try again later");
}

/** The depot cannot be read at the moment. */
export function unreadableAnswer(): Answer {
    return laterAnswer("Storage failed, try again later");
}

function laterAnswer(error: string): Answer {
    return withHeaders(errorAnswer(503, error), ["retry-after", String(BUSY_RETRY_S)]);
}

export function withHeaders(answer: Answer, headers: readonly string[]): Answer {
    return headers.length === 0 ? answer : { ...answer, headers: [...(answer.headers ?? []), ...headers] };
}

/** Writes the answer in one piece. The response to a HEAD keeps the length and loses the body by itself. */
export function sendAnswer(response: ServerResponse, answer: Answer): void {
    writeHead(response, answer);
    response.end(answer.body);
}

/** Writes the whole answer without ending the response. */
export function writeAnswer(response: ServerResponse, answer: Answer): void {
    writeHead(response, answer);
    if (answer.body === "") response.flushHeaders();
    else response.write(answer.body);
}

function writeHead(response: ServerResponse, answer: Answer): void {
    const head: string[] = [];
    if (answer.type !== undefined) head.push("content-type", answer.type);
    if (answer.headers) head.push(...answer.headers);
    head.push("content-length", String(Buffer.byteLength(answer.body)));
    response.writeHead(answer.status, head);
}

const REASONS: Readonly<Record<number, string>> = {
    400: "Bad Request",
    408: "Request Timeout",
    413: "Payload Too Large",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
};

/** The bytes of an answer for a connection whose request never became one. Closes the connection. */
export function rawAnswer(status: number, error: string): string {
    const body = JSON.stringify({ error });
    return [
        `HTTP/1.1 ${status} ${REASONS[status] ?? "Error"}`,
        "content-type: application/json",
        `content-length: ${Buffer.byteLength(body)}`,
        "connection: close",
        "",
        body,
    ].join("\r\n");
}
