import { connect, type Socket } from "node:net";
import { payloadOf, routingKeyIn, stamp } from "./message.ts";

/**
 * `load-child.ts KIND PORT CONNECTIONS MS FIRST MAILBOXES`: keeps connections busy with "submit", "batch" (a hundred frames a
 * body) or "fetch" and says what it saw as one line of JSON; a batch counts by its frames. Raw sockets, one request at a time on each, so that the client costs little beside the server.
 */
const [kind = "submit", port = "", connections = "1", ms = "1000", first = "0", spread = "1"] = process.argv.slice(2);
const FRAMES = kind === "batch" ? 100 : 1;
const mailboxes = Number(spread);
const LATENCIES_MAX = 2_000_000;
const END_OF_HEAD = Buffer.from("\r\n\r\n");
const LENGTH = /content-length: (\d+)/i;
/** Messages that the server was filled with, each in a mailbox of its own where fetches are measured. */
const PRELOADED = 1_000;

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
    `${JSON.stringify({ count: count * FRAMES, perSecond: (count * FRAMES * 1000) / elapsed, p50: at(0.5), p99: at(0.99) })}\n`,
);

function keepBusy(): Promise<void> {
    const socket = connect(Number(port), "127.0.0.1");
    socket.setNoDelay(true);
    const request = kind === "fetch" ? undefined : submitRequest();
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
    /** Where each payload lies. */
    readonly payloadsAt: readonly number[];
}

function submitRequest(): Submit {
    const payload = payloadOf(0);
    const size = 4 + FRAMES * (4 + payload.length);
    const head = `POST /api/v1/submit HTTP/1.1\r\nhost: bench\r\ncontent-type: application/vnd.ember.bundle\r\ncontent-length: ${size}\r\n\r\n`;
    const bytes = Buffer.alloc(head.length + size);
    let at = bytes.write(head);
    at = bytes.writeUInt32LE(FRAMES, at);
    const payloadsAt = Array.from({ length: FRAMES }, () => {
        at = bytes.writeUInt32LE(payload.length, at);
        bytes.set(payload, at);
        at += payload.length;
        return at - payload.length;
    });
    return { bytes, payloadsAt };
}

/** A socket's own request is written before the next one is made of the same bytes. */
function nextSubmit({ bytes, payloadsAt }: Submit): Buffer {
    for (const at of payloadsAt) stamp(bytes, at, next++, mailboxes);
    return bytes;
}

function fetchRequest(): string {
    const key = Buffer.from(routingKeyIn(payloadOf(next++ % PRELOADED))).toString("base64url");
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
