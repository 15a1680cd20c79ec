import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach } from "vitest";
import { systemEntropy } from "../../../src/app/entropy.ts";
import { toBase64 } from "../../../src/base/encoding.ts";
import type { Arrival, Carrier, CarrierState, Parcel, SendOutcome } from "../../../src/carriers/carrier.ts";
import { type MailboxClientOptions, makeMailboxClient } from "../../../src/carriers/http/mailbox-client.ts";
import type { Cursor } from "../../../src/carriers/http/peer/fetcher.ts";
import { makePeer, type PeerOptions } from "../../../src/carriers/http/peer/peer-carrier.ts";
import { makeIdentity } from "../../../src/crypto/identity.ts";
import { nativeCrypto } from "../../../src/crypto/node/native.ts";
import { receiptData } from "../../../src/crypto/receipt.ts";
import { decodeSubmitBody } from "../../../src/wire/submit-body.ts";
import { testMessage } from "../../support/envelopes.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

/** The peer's own key. */
export const peerIdentity = makeIdentity({
    crypto: nativeCrypto,
    entropy: systemEntropy,
    secret: new Uint8Array(32).fill(3),
});

export function receiptFor(messageId: Uint8Array): string {
    return toBase64(peerIdentity.sign(receiptData(peerIdentity.publicId, messageId)));
}

/** One request as the scripted peer got it. */
export interface Asked {
    readonly method: string;
    readonly url: string;
    readonly headers: IncomingMessage["headers"];
    readonly body: Uint8Array;
    /** Of a submit. */
    readonly frames: readonly Uint8Array[];
}

export interface Said {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
}

export type Script = (asked: Asked) => Said | "hang" | "cut";

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
    for (const each of open.splice(0).toReversed()) await each.close();
});

const TLS = join(import.meta.dirname, "../../vectors/tls");
export const AUTHORITY = readFileSync(join(TLS, "ca.pem"), "utf8");

export function certificate(name: "good" | "expired"): { readonly cert: string; readonly key: string } {
    return {
        cert: readFileSync(join(TLS, `${name}.pem`), "utf8"),
        key: readFileSync(join(TLS, `${name}.key`), "utf8"),
    };
}

/** A mailbox that says what its script says; health is always good. */
export async function scriptedPeer(
    script: Script,
    tls?: { readonly cert: string; readonly key: string },
): Promise<{ readonly url: string; readonly asked: Asked[] }> {
    const asked: Asked[] = [];
    const listener: RequestListener = (request, response) => void answer(request, response, script, asked);
    const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    open.push({
        close: () =>
            new Promise((resolve) => {
                server.close(() => resolve());
                server.closeAllConnections();
            }),
    });
    const { port } = server.address() as AddressInfo;
    return { url: `${tls ? "https" : "http"}://127.0.0.1:${port}`, asked };
}

async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    script: Script,
    asked: Asked[],
): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { method = "", url = "", headers } = request;
    const body = Buffer.concat(parts);
    const frames = url.endsWith("/submit") ? decodeSubmitBody(body, 10_000) : undefined;
    const question = { method, url, headers, body, frames: frames?.ok ? frames.value : [] };
    const isHealth = url.endsWith("/health");
    if (!isHealth) asked.push(question);
    const said = isHealth ? { body: '{"status":"ok","version":"0.1.0"}' } : script(question);
    if (said === "hang") return;
    if (said === "cut") {
        request.socket.destroy();
        return;
    }
    response.writeHead(said.status ?? 200, { ...said.headers });
    response.end(said.body ?? "");
}

export interface PeerRig {
    readonly peer: Carrier;
    readonly clock: VirtualClock;
    readonly states: CarrierState[];
    readonly arrived: Uint8Array[];
    readonly cursors: Map<string, Cursor>;
    send(numbers: readonly number[]): Promise<readonly SendOutcome[]>;
    /** Waits in real time, while virtual time moves on by `stepMs` a turn. */
    until(done: () => boolean, stepMs?: number): Promise<void>;
}

export interface RigOptions extends Partial<PeerOptions> {
    readonly call?: Partial<MailboxClientOptions>;
    readonly onPayload?: (payload: Uint8Array) => Promise<Arrival>;
    readonly routingKeys?: readonly Uint8Array[];
    readonly cursors?: Map<string, Cursor>;
}

const REAL_MS_MAX = 4_000;

export async function startPeer(url: string, options: RigOptions = {}): Promise<PeerRig> {
    const clock = new VirtualClock();
    const states: CarrierState[] = [];
    const arrived: Uint8Array[] = [];
    const { call, onPayload, routingKeys, cursors = new Map<string, Cursor>(), ...rest } = options;
    const peer = makePeer({
        id: "peer",
        client: makeMailboxClient({ url, clock, timeoutMs: 30_000, ...call }),
        clock,
        wall: () => clock.now().wall,
        chance: () => 0.5,
        proof: { crypto: nativeCrypto, publicId: peerIdentity.publicId, receipts: true },
        sends: true,
        delivery: { tier: "quorum", priority: 100, replicates: true },
        fetch: routingKeys && { routingKeys, everyMs: 60_000, cursors: cursorsIn(cursors) },
        ...rest,
    });
    open.push({ close: () => peer.stop() });
    await peer.start({
        onPayload: (payload) => {
            arrived.push(payload);
            return onPayload?.(payload) ?? Promise.resolve({ kind: "stored" });
        },
        onState: (state) => states.push(state),
    });
    const until = async (done: () => boolean, stepMs = 0): Promise<void> => {
        const end = Date.now() + REAL_MS_MAX;
        while (!done()) {
            if (Date.now() > end) throw new Error("it did not come to that in time");
            await new Promise((resolve) => setTimeout(resolve, 1));
            await clock.advance(stepMs);
        }
    };
    const send = (numbers: readonly number[]): Promise<readonly SendOutcome[]> =>
        Promise.all(numbers.map((number) => peer.send(parcelOf(number), new AbortController().signal)));
    await until(() => states.some(({ kind }) => kind === "up" || kind === "down"));
    return { peer, clock, states, arrived, cursors, send, until };
}

function cursorsIn(kept: Map<string, Cursor>): NonNullable<PeerOptions["fetch"]>["cursors"] {
    const nameOf = (key: Uint8Array): string => Buffer.from(key).toString("hex");
    return {
        load: (key) => kept.get(nameOf(key)),
        save: async (key, cursor) => void kept.set(nameOf(key), cursor),
    };
}

export function parcelOf(number: number, more: Partial<Parcel> = {}): Parcel {
    const { payload, messageId } = testMessage(number);
    return { kind: "message", messageId: Buffer.from(messageId).toString("hex"), payload, attempts: 0, ...more };
}

/** What an honest peer answers to these frames. */
export function receipts(frames: readonly Uint8Array[]): Said {
    const results = frames.map((frame) => ({ status: "ok", signature: receiptFor(frame.subarray(25, 41)) }));
    return { body: JSON.stringify({ results }) };
}
