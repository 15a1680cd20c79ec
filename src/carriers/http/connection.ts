import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type Answer, rawAnswer, sendAnswer, writeAnswer } from "./answers.ts";
import { declaredLength } from "./body.ts";
import type { HttpLimits } from "./limits.ts";

/** What is known about one connection. Requests that follow each other without waiting are answered in order by node:http. */
interface Connection {
    /** Requests whose answer is not yet handed over. */
    unanswered: number;
    /** Answers handed over that the client has not taken, in bytes. */
    unreadBytes: number;
    /** The request whose body is still coming, which a broken body ends for good. */
    reading: IncomingMessage | undefined;
    /** Whether the last request is answered while its body still comes. */
    draining: boolean;
    /** What to say, and that to hang up, once every earlier request has its answer. */
    farewell: string | undefined;
}

interface ParserError extends Error {
    readonly code?: string;
}

const CONNECTION = Symbol("mailbox connection");
type KnownSocket = Socket & { [CONNECTION]?: Connection };

/** Per-connection bookkeeping, so that a broken request neither disturbs earlier answers nor leaves anything behind. */
export class Connections {
    readonly #limits: Pick<HttpLimits, "unreadBytesMax" | "drainBytesMax" | "pipelinedMax">;

    constructor(limits: Pick<HttpLimits, "unreadBytesMax" | "drainBytesMax" | "pipelinedMax">) {
        this.#limits = limits;
    }

    /** False where too many requests of this connection wait already; the request still wants an answer. */
    begin(request: IncomingMessage): boolean {
        const connection = connectionOf(request.socket);
        connection.unanswered++;
        if (!request.complete) connection.reading = request;
        return connection.unanswered <= this.#limits.pipelinedMax;
    }

    /** The whole body is here. */
    received(request: IncomingMessage): void {
        const connection = connectionOf(request.socket);
        if (connection.reading === request) connection.reading = undefined;
    }

    answer(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
        const { socket } = request;
        const connection = connectionOf(socket);
        connection.unanswered--;
        this.received(request);
        if (response.destroyed || socket.destroyed) return;
        if (connection.unreadBytes > this.#limits.unreadBytesMax) {
            socket.destroy();
            return;
        }
        const size = answer.body.length;
        connection.unreadBytes += size;
        if (isBodyUnread(request)) {
            connection.draining = true;
            request.once("end", () => {
                connection.draining = false;
            });
            sendBeforeBody(request, response, { answer, drainBytesMax: this.#limits.drainBytesMax });
        } else sendAnswer(response, answer);
        response.once("finish", () => taken(socket, connection, size));
    }

    /** The request ended without an answer: the connection is gone, or the parser's error answers for it. */
    forget(request: IncomingMessage): void {
        const connection = connectionOf(request.socket);
        connection.unanswered--;
        this.received(request);
    }

    /** The parser of node:http gave up on this connection. */
    failed(error: ParserError, socket: Socket): void {
        const connection = connectionOf(socket);
        if (error.code === "ECONNRESET" || !socket.writable) {
            socket.destroy();
            return;
        }
        if (connection.farewell !== undefined) return;
        if (connection.draining) {
            socket.destroySoon();
            return;
        }
        // Whatever else comes is not a request any more.
        socket.pause();
        connection.farewell = farewellFor(error);
        hangUpWhenDone(socket, connection);
    }
}

function connectionOf(socket: KnownSocket): Connection {
    socket[CONNECTION] ??= { unanswered: 0, unreadBytes: 0, reading: undefined, draining: false, farewell: undefined };
    return socket[CONNECTION];
}

function taken(socket: Socket, connection: Connection, size: number): void {
    connection.unreadBytes -= size;
    hangUpWhenDone(socket, connection);
}

/** Once all is answered but the broken request itself: flushes, closes, and does not wait for the other side. */
function hangUpWhenDone(socket: Socket, connection: Connection): void {
    const { farewell, reading, unanswered, unreadBytes } = connection;
    const broken = reading && !reading.complete ? 1 : 0;
    if (farewell === undefined || unanswered > broken || unreadBytes > 0) return;
    socket.write(farewell);
    socket.destroySoon();
}

function isBodyUnread(request: IncomingMessage): boolean {
    const { headers, complete } = request;
    return !complete && (declaredLength(request) > 0 || headers["transfer-encoding"] !== undefined);
}

/**
 * Answers while the body of the request is still coming. A moderate body is thrown away so that the connection stays
 * usable; a client that would send too much, or waits for leave to send, has its connection closed.
 */
function sendBeforeBody(
    request: IncomingMessage,
    response: ServerResponse,
    { answer, drainBytesMax }: { readonly answer: Answer; readonly drainBytesMax: number },
): void {
    const waits = request.headers.expect !== undefined;
    if (waits || declaredLength(request) > drainBytesMax) response.shouldKeepAlive = false;
    if (waits) {
        sendAnswer(response, answer);
        return;
    }
    // The client has the whole answer by its length, while the response holds its place until the body is through.
    writeAnswer(response, answer);
    let drained = 0;
    request.on("data", (chunk: Uint8Array) => {
        drained += chunk.length;
        if (drained <= drainBytesMax) return;
        response.shouldKeepAlive = false;
        response.end();
        request.socket.destroySoon();
    });
    request.once("end", () => response.end());
}

function farewellFor(error: ParserError): string {
    switch (error.code) {
        case "HPE_HEADER_OVERFLOW":
            return rawAnswer(431, "Request line and headers are too long");
        case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
            return rawAnswer(413, "Chunk extensions are too long");
        case "ERR_HTTP_REQUEST_TIMEOUT":
            return rawAnswer(408, "The request did not arrive in time");
        default:
            return rawAnswer(400, "Not a well-formed HTTP request");
    }
}
