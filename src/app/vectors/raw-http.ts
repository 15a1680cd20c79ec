import { Buffer } from "node:buffer";
import { connect } from "node:net";

/** A request exactly as a vector states it: no library may improve its path or its headers. */
export interface RawRequest {
    readonly method: string;
    readonly path: string;
    readonly headers: readonly (readonly [name: string, value: string])[];
    readonly body: Uint8Array;
}

export interface RawResponse {
    readonly status: number;
    readonly contentType: string | null;
    readonly allow: string | null;
    readonly body: string;
}

const ANSWER_MS_MAX = 20_000;
const ANSWER_SIZE_MAX = 64 * 1024 * 1024;

/** One request on a connection of its own. Rejects where no whole answer comes. */
export async function rawExchange(port: number, request: RawRequest): Promise<RawResponse> {
    return parseResponse(await converse(port, Buffer.concat([head(port, request), request.body])));
}

function head(port: number, { method, path, headers, body }: RawRequest): Buffer {
    const has = (name: string): boolean => headers.some(([other]) => other.toLowerCase() === name);
    const lines = [`${method} ${path} HTTP/1.1`];
    if (!has("host")) lines.push(`host: 127.0.0.1:${port}`);
    for (const [name, value] of headers) lines.push(`${name}: ${value}`);
    if (!has("content-length") && (body.length > 0 || method === "POST" || method === "PUT")) {
        lines.push(`content-length: ${body.length}`);
    }
    lines.push("connection: close", "", "");
    return Buffer.from(lines.join("\r\n"), "utf8");
}

function converse(port: number, bytes: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
        const socket = connect(port, "127.0.0.1");
        const parts: Buffer[] = [];
        let size = 0;
        const fail = (why: string): void => {
            socket.destroy();
            reject(new Error(why));
        };
        const timer = setTimeout(() => fail("no answer in time"), ANSWER_MS_MAX);
        socket.on("data", (part) => {
            parts.push(part);
            size += part.length;
            if (size > ANSWER_SIZE_MAX) fail("the answer is too long");
        });
        socket.on("error", (error) => fail(error.message));
        socket.on("close", () => {
            clearTimeout(timer);
            resolve(Buffer.concat(parts));
        });
        socket.write(bytes);
    });
}

function parseResponse(bytes: Buffer): RawResponse {
    const end = bytes.indexOf("\r\n\r\n");
    const [first = "", ...lines] = bytes.toString("latin1", 0, Math.max(0, end)).split("\r\n");
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1];
    if (status === undefined) throw new Error(`not an HTTP answer: ${JSON.stringify(first.slice(0, 60))}`);
    const headers = new Map<string, string>();
    for (const line of lines) {
        const colon = line.indexOf(":");
        headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
    return {
        status: Number(status),
        contentType: headers.get("content-type") ?? null,
        allow: headers.get("allow") ?? null,
        body: bytes.toString("utf8", end + 4),
    };
}
