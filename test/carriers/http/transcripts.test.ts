import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemEntropy } from "../../../src/app/entropy.ts";
import { Gateway } from "../../../src/app/gateway.ts";
import { fromHex } from "../../../src/base/encoding.ts";
import { Secret } from "../../../src/base/secret.ts";
import { mailboxIdentity } from "../../../src/carriers/http/identity.ts";
import { NO_RATES } from "../../../src/carriers/http/limits.ts";
import { makeMailboxServer } from "../../../src/carriers/http/mailbox-server.ts";
import type { MailboxServerOptions } from "../../../src/carriers/http/options.ts";
import { signedVerifier } from "../../../src/carriers/http/signed.ts";
import { makeIdentity } from "../../../src/crypto/identity.ts";
import { nativeCrypto } from "../../../src/crypto/node/native.ts";
import type { Depot } from "../../../src/depot/store.ts";
import { RELAY_LIMITS_DEFAULT } from "../../../src/relay/limits.ts";
import { decodeSubmitBody } from "../../../src/wire/submit-body.ts";
import { openTestDepot } from "../../support/test-depot.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { scriptedPeer, startPeer } from "./peer-rig.ts";
import { RawConnection, requestBytes } from "./raw-connection.ts";
import { type Exchange, transcripts } from "./transcripts.ts";

/** When the signed requests were recorded. */
const WALL = 1_795_430_512;
/** The public id of the node that answered. */
const NODE = fromHex("185a2b40754c7a61efdacdbcf44496fddb6fd527458e90a5679967010e6bbe4f");
/** Needs the recorded node's own secret key. */
const NODES_OWN = new Set([7, 27]);
const exchanges = transcripts();
const numbered = (from: number, to: number): readonly Exchange[] =>
    exchanges.filter(({ number }) => number >= from && number <= to);

let directory: string;
let depot: Depot;
const running: Gateway[] = [];

beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "hearth-transcripts-"));
    depot = await openTestDepot(directory);
});

afterEach(async () => {
    for (const gateway of running.splice(0)) await gateway.stop();
    await depot.close();
    await rm(directory, { recursive: true });
});

async function node(more: Partial<MailboxServerOptions>): Promise<number> {
    const clock = new VirtualClock(WALL);
    const secret = new Uint8Array(32).fill(5);
    const server = makeMailboxServer({
        id: "http",
        mode: "node",
        host: "127.0.0.1",
        port: 0,
        mailbox: depot.mailbox,
        clock,
        identity: mailboxIdentity(makeIdentity({ crypto: nativeCrypto, entropy: systemEntropy, secret })),
        verifySigned: signedVerifier(nativeCrypto, ["127.0.0.1:24001"]),
        rates: NO_RATES,
        ...more,
    });
    const limits = RELAY_LIMITS_DEFAULT;
    const gateway = new Gateway({ depot, carriers: [server], clock, limits, onEvent: () => undefined });
    running.push(gateway);
    await gateway.start();
    return server.address?.port ?? 0;
}

async function replay(port: number, { method, path, headers, body }: Exchange) {
    const connection = await RawConnection.open(port);
    const { "content-length": _, host: __, ...others } = headers;
    connection.send(requestBytes({ method, path, headers: others, ...(body ? { body } : {}) }));
    const answer = await connection.answer({ isHead: method === "HEAD" });
    connection.close();
    return answer;
}

/** Signatures are fresh each time; all else must be Ember's to the letter. */
function masked(text: string): string {
    return text.replace(/"signature":"[A-Za-z0-9+/]{86}=="/g, '"signature":"…"');
}

async function replayAll(port: number, list: readonly Exchange[]): Promise<void> {
    for (const exchange of list) {
        const { number, title, status, answer, answerHeaders } = exchange;
        const got = await replay(port, exchange);
        const where = `${number}. ${title}`;
        expect(got?.status, where).toBe(status);
        const recorded = NODES_OWN.has(number) ? (got?.body ?? "") : answer;
        expect(masked(got?.body ?? ""), where).toBe(masked(recorded));
        for (const name of ["content-type", "allow", "x-ratelimit-limit", "x-ratelimit-remaining"]) {
            expect(got?.headers.get(name), `${where}: ${name}`).toBe(answerHeaders[name]);
        }
    }
}

describe("the recorded exchanges with an Ember node", () => {
    it("are all there", () => expect(exchanges.map(({ number }) => number)).toHaveLength(35));

    it("have the same answers here: mailbox, tombstones, identity, signed requests", async () => {
        await replayAll(await node({}), numbered(1, 27));
    });

    it("have the same answers here: logins and limits of size", async () => {
        const credentials = { username: "alice", password: new Secret("secret") };
        await replayAll(await node({ credentials, limits: { bodySizeMax: 1000, framesMax: 2 } }), numbered(28, 32));
    });

    it("have the same answer here to a first submit under limits of rate, and a shorter rest afterwards", async () => {
        const port = await node({ rates: undefined });
        const [first, limited] = numbered(33, 34);
        if (!first || !limited) throw new Error("they are recorded");
        await replayAll(port, [first]);
        for (let times = 0; times < 9; times++) await replay(port, first);
        const got = await replay(port, limited);
        expect(got?.status).toBe(429);
        expect([...(got?.headers.keys() ?? [])]).toEqual(expect.arrayContaining(Object.keys(limited.answerHeaders)));
    });
});

describe("what an Ember node answered", () => {
    const byNumber = (number: number): Exchange => {
        const found = exchanges.find((each) => each.number === number);
        if (!found) throw new Error(`no exchange ${number}`);
        return found;
    };
    const parcelsOf = ({ body }: Exchange) => {
        const frames = body && decodeSubmitBody(body, 100);
        if (!frames?.ok) throw new Error("a recorded body is well formed");
        return frames.value.map((payload) => ({
            kind: "message" as const,
            messageId: Buffer.from(payload.subarray(25, 41)).toString("hex"),
            payload,
            attempts: 0,
        }));
    };
    const proof = { crypto: nativeCrypto, publicId: NODE, receipts: true };

    it("proves to a peer here what was stored, frame by frame", async () => {
        const batch = byNumber(6);
        const { url } = await scriptedPeer(() => ({ body: batch.answer }));
        const rig = await startPeer(url, { proof });
        const sent = parcelsOf(batch).map((parcel) => rig.peer.send(parcel, new AbortController().signal));
        expect((await Promise.all(sent)).map(({ kind }) => kind)).toEqual([
            "peer_stored",
            "peer_stored",
            "rejected",
            "rejected",
        ]);
    });

    it("to what it had already counts once its recorded mailbox shows it", async () => {
        const again = byNumber(5);
        const mailbox = byNumber(8);
        const { url } = await scriptedPeer(({ method }) => ({
            body: method === "GET" ? mailbox.answer : again.answer,
        }));
        const rig = await startPeer(url, { proof });
        const [parcel] = parcelsOf(again);
        if (!parcel) throw new Error("there is one");
        expect(await rig.peer.send(parcel, new AbortController().signal)).toEqual({ kind: "peer_stored" });
    });

    it("fills a mailbox here, page by page, with the recorded cursors", async () => {
        const pages = [byNumber(9), byNumber(10)].map(({ answer }) => answer);
        const { url } = await scriptedPeer(({ url: path }) => ({
            body: path.includes("after=2")
                ? '{"payloads":[],"has_more":false}'
                : ((path.includes("after=1") ? pages[1] : pages[0]) ?? ""),
        }));
        const rig = await startPeer(url, { routingKeys: [new Uint8Array(16).fill(1)] });
        await rig.until(() => rig.arrived.length === 2);
    });
});
