import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { systemClock } from "../../src/app/clock.ts";
import { systemEntropy } from "../../src/app/entropy.ts";
import { Gateway } from "../../src/app/gateway.ts";
import { mailboxIdentity } from "../../src/carriers/http/identity.ts";
import { NO_RATES } from "../../src/carriers/http/limits.ts";
import { makeMailboxServer } from "../../src/carriers/http/mailbox-server.ts";
import { makeIdentity } from "../../src/crypto/identity.ts";
import { nativeCrypto } from "../../src/crypto/node/native.ts";
import { openDepot } from "../../src/depot/sqlite/depot.ts";
import type { Depot, NewMessage } from "../../src/depot/store.ts";
import { decodeWirePayload } from "../../src/wire/payload.ts";
import { messageIdIn, payloadOf, routingKeyIn } from "./message.ts";

/**
 * `server-child.ts KIND DIRECTORY MESSAGES MAILBOXES`: a mailbox process to be measured, which says its port. Kinds: "hearth", "receipts"
 * (hearth with an identity) and "bare": node:http and the same depot, believing every byte.
 */
const [kind = "", directory = "", preload = "0", spread = "1"] = process.argv.slice(2);
const TTL_S = 168 * 3600;
const MANY = 100_000_000;
/** Fewer than the depot lets wait. */
const FILL_TOGETHER = 1_000;

const depot = await openDepot({
    directory,
    decodes: (payload) => decodeWirePayload(payload).ok,
    onNotice: () => undefined,
});
await fill(depot, Number(preload));
process.stdout.write(`${kind === "bare" ? await startBare(depot) : await startHearth(depot)}\n`);

async function fill({ commit, store }: Depot, count: number): Promise<void> {
    for (let from = 0; from < count; from += FILL_TOGETHER) {
        const numbers = Array.from({ length: Math.min(FILL_TOGETHER, count - from) }, (_, index) => from + index);
        await Promise.all(
            numbers.map((number) => commit(() => store.insertMessage(rowOf(payloadOf(number, Number(spread)))))),
        );
    }
}

async function startHearth({ mailbox }: Depot): Promise<number | undefined> {
    const secret = new Uint8Array(32).fill(5);
    const identity = makeIdentity({ crypto: nativeCrypto, entropy: systemEntropy, secret });
    const server = makeMailboxServer({
        id: "http",
        mode: "node",
        host: "127.0.0.1",
        port: 0,
        mailbox,
        clock: systemClock,
        identity: kind === "receipts" ? mailboxIdentity(identity) : undefined,
        rates: NO_RATES,
    });
    const limits = { mailboxMessagesMax: MANY, totalMessagesMax: MANY, totalBytesMax: 2 ** 40, ttlDefaultS: TTL_S };
    const gateway = new Gateway({ depot, carriers: [server], clock: systemClock, limits, onEvent: () => undefined });
    await gateway.start();
    return server.address?.port;
}

/** The least that a durable mailbox can do. */
async function startBare({ mailbox }: Depot): Promise<number | undefined> {
    const server: Server = createServer((request, response) => {
        if (request.method === "POST") takeBare(request, response);
        else {
            const routingKey = Buffer.from((request.url ?? "").slice("/api/v1/fetch/".length), "base64url");
            const rows = mailbox.page({ routingKey, after: 0, limit: 100, now: nowS() });
            const payloads = rows.map(({ payload }) => Buffer.from(payload).toString("base64"));
            reply(response, JSON.stringify({ payloads, next_cursor: String(rows.at(-1)?.row), has_more: false }));
        }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    return typeof address === "object" ? address?.port : undefined;
}

function takeBare(request: IncomingMessage, response: ServerResponse): void {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
        const payload = Buffer.concat(parts).subarray(8);
        void depot
            .commit(() => depot.store.insertMessage(rowOf(payload)))
            .then(() => reply(response, '{"results":[{"status":"ok"}]}'));
    });
}

function reply(response: ServerResponse, body: string): void {
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
}

function rowOf(payload: Uint8Array): NewMessage {
    const receivedAt = nowS();
    return {
        messageId: messageIdIn(payload),
        routingKey: routingKeyIn(payload),
        ackHash: payload.subarray(73, 89),
        payload,
        ingress: "http",
        receivedAt,
        expiresAt: receivedAt + TTL_S,
    };
}

function nowS(): number {
    return Math.floor(Date.now() / 1000);
}
