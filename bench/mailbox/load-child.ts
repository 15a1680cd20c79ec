import { connect, type Socket } from "node:net";
import { messageIdIn, payloadOf, routingKeyIn, stamp } from "./message.ts";

/**
 * `load-child.ts KIND PORT CONNECTIONS MS FIRST`: keeps connections busy with "submit" or "fetch" and says what it saw as one
 * line of JSON. Raw sockets, one request at a time on each, so that the client costs little beside the server.
 */
const [kind = "submit", port = "", connections = "1", ms = "1000", first = "0"] = process.argv.slice(2);
const LATENCIES_MAX = 2_000_000;
const END_OF_HEAD = Buffer.from("\r\n\r\n");
const LENGTH = /content-length: (\d+)/i;
/** Mailboxes that the server was filled with, one message each. */
const MAILBOXES = 1_000;

const latencies = new Float64Array(LATENCIES_MAX);
let count = 0;
let next = Number(first);
const until = performance.now() + Number(ms);
const started = performance.now();

await Promise.all(Array.from({ length: Number(connections) }, keepBusy));
const elapsed = performance.now() - started;
const sorted = latencies.slice(0, count).sort();
const at = (part: number): number => sorted[Math.min(count - 1, Math.floor(count * part))] ?? Number.NaN;
process.stdout.write(
    `${JSON.stringify({ count, perSecond: (count * 1000) / elapsed, p50: at(0.5), p99: at(0.99) })}\n`,
);

function keepBusy(): Promise<void> {
    const socket = connect(Number(port), "127.0.0.1");
    socket.setNoDelay(true);
    const request = kind === "submit" ? submitRequest() : undefined;
    return new Promise((resolve, reject) => {
        let sentAt = 0;
        const send = (): void => {
            if (performance.now() >= until) {
                socket.end();
                resolve();
                return;
            }
            sentAt = performance.now();
            socket.write(request ? nextSubmit(request) : fetchRequest());
        };
        socket.once("connect", send);
        socket.once("error", reject);
        readAnswers(socket, (status) => {
            if (status !== "200") throw new Error(`status ${status}`);
            if (count < LATENCIES_MAX) latencies[count++] = performance.now() - sentAt;
            send();
        });
    });
}

interface Submit {
    readonly bytes: Buffer;
    readonly payloadAt: number;
}

function submitRequest(): Submit {
    const payload = payloadOf(0);
    const size = payload.length + 8;
    const head = `POST /api/v1/submit HTTP/1.1\r\nhost: bench\r\ncontent-type: application/vnd.ember.bundle\r\ncontent-length: ${size}\r\n\r\n`;
    const frame = Buffer.alloc(8);
    frame.writeUInt32LE(1, 0);
    frame.writeUInt32LE(payload.length, 4);
    const bytes = Buffer.concat([Buffer.from(head), frame, payload]);
    return { bytes, payloadAt: bytes.length - payload.length };
}

/** A socket's own request is written before the next one is made of the same bytes. */
function nextSubmit({ bytes, payloadAt }: Submit): Buffer {
    stamp(bytes, payloadAt, next++);
    if (messageIdIn(bytes.subarray(payloadAt)).length !== 16) throw new Error("not a message");
    return bytes;
}

function fetchRequest(): string {
    const key = Buffer.from(routingKeyIn(payloadOf(next++ % MAILBOXES))).toString("base64url");
    return `GET /api/v1/fetch/${key} HTTP/1.1\r\nhost: bench\r\n\r\n`;
}

/** Calls back for each whole answer; there is never more than one under way. */
function readAnswers(socket: Socket, onAnswer: (status: string) => void): void {
    let held: Buffer | undefined;
    socket.on("data", (part: Buffer) => {
        held = held ? Buffer.concat([held, part]) : part;
        const end = held.indexOf(END_OF_HEAD);
        if (end < 0) return;
        const head = held.toString("latin1", 0, end);
        const length = Number(LENGTH.exec(head)?.[1] ?? 0);
        if (held.length < end + 4 + length) return;
        held = undefined;
        onAnswer(head.slice(9, 12));
    });
}
