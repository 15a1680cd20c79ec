import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Secret } from "../../../src/base/secret.ts";
import { type MailboxClient, makeMailboxClient } from "../../../src/carriers/http/mailbox-client.ts";
import { encodeSubmitBody } from "../../../src/wire/submit-body.ts";
import { testMessage } from "../../support/envelopes.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { speakingIdentity, startServer } from "./fixture.ts";

const KEY = testMessage(1).routingKey;
const PASSWORD = "pass:wörd/?";

interface Reply {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body: string;
}

const servers: Server[] = [];

afterEach(() => {
    for (const server of servers.splice(0)) server.close();
});

/** A mailbox that answers as told, as an Ember node or a broken one would. */
async function scripted(...replies: readonly (Reply | "never")[]): Promise<{ url: string; asked: string[] }> {
    const asked: string[] = [];
    const server = createServer((request, response) => {
        const reply = replies[Math.min(asked.length, replies.length - 1)];
        asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? "-"}`);
        request.resume();
        if (reply === undefined || reply === "never") return;
        response.writeHead(reply.status ?? 200, { connection: "close", ...reply.headers });
        response.end(reply.body);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function clientFor(url: string, clock = new VirtualClock()): MailboxClient {
    return makeMailboxClient({ url, clock, timeoutMs: 5_000 });
}

describe("against the real server", () => {
    it("submits, with each frame's result, and fetches it all back", async () => {
        const { server, rows, arrived } = await startServer({ identity: speakingIdentity });
        const client = clientFor(server.address?.url ?? "");
        const frames = Array.from({ length: 250 }, (_, index) => testMessage(index + 1, { size: 900 }).payload);
        const submitted = await client.submit([...frames, Uint8Array.of(9)]);
        if (!submitted.ok) throw new Error(submitted.error.detail);
        expect(submitted.value.length).toBe(251);
        expect(submitted.value[6]).toEqual({
            status: "ok",
            ackSecret: undefined,
            signature: new Uint8Array(64).fill(7),
        });
        expect(submitted.value[250]).toEqual({
            status: "error",
            error: "Failed to decode frame: Unknown wire type: 0x09",
        });
        rows.push(...arrived.map((payload, index) => ({ row: index + 1, payload })));
        const fetched = await client.fetchAll(KEY);
        expect(fetched).toEqual({ ok: true, value: { payloads: frames, cursor: 250n, complete: true } });
        expect(await client.fetchAll(KEY, 249n)).toMatchObject({ value: { payloads: [frames[249]], cursor: 250n } });
        expect(await client.fetchAll(KEY, 250n)).toMatchObject({ value: { payloads: [], cursor: 250n } });
        expect(await client.health()).toEqual({ ok: true, value: { version: "0.1.0" } });
        const challenge = new Uint8Array(32).fill(0xfb);
        expect(await client.identity(challenge)).toEqual({ ok: true, value: new Uint8Array(64).fill(0xfb) });
    });

    it("logs in, with credentials of its own or those of the address", async () => {
        const credentials = { username: "alice", password: new Secret(PASSWORD) };
        const { server } = await startServer({ credentials });
        const url = server.address?.url ?? "";
        const clock = new VirtualClock();
        expect((await makeMailboxClient({ url, credentials, clock }).fetchAll(KEY)).ok).toBe(true);
        const inUrl = url.replace("//", `//alice:${encodeURIComponent(PASSWORD)}@`);
        expect((await clientFor(inUrl).fetchAll(KEY)).ok).toBe(true);
        expect(await clientFor(url).fetchAll(KEY)).toMatchObject({ ok: false, error: { kind: "unauthorized" } });
    });
});

describe("against an Ember node", () => {
    it("reads a recorded page and a recorded submit", async () => {
        const { url, asked } = await scripted(
            { body: '{"payloads":["AAE=","Ag=="],"next_cursor":"3","has_more":true}' },
            { body: '{"payloads":[],"has_more":false}' },
        );
        const fetched = await clientFor(url).fetchAll(new Uint8Array(16).fill(0xfb));
        const payloads = [Uint8Array.of(0, 1), Uint8Array.of(2)];
        expect(fetched).toEqual({ ok: true, value: { payloads, cursor: 3n, complete: true } });
        expect(asked).toEqual([
            "GET /api/v1/fetch/-_v7-_v7-_v7-_v7-_v7-w -",
            "GET /api/v1/fetch/-_v7-_v7-_v7-_v7-_v7-w?after=3 -",
        ]);
    });

    it("keeps a path before the API, and sends no more frames or bytes at once than Ember takes", async () => {
        const { url, asked } = await scripted({ body: '{"results":[{"status":"ok"}]}' });
        const frames = [new Uint8Array(1_500_000), new Uint8Array(1_500_000)];
        expect((await clientFor(`${url}/mail/`).submit(frames)).ok).toBe(true);
        expect(asked).toEqual(["POST /mail/api/v1/submit -", "POST /mail/api/v1/submit -"]);
        expect(encodeSubmitBody(frames.slice(0, 1)).length).toBeLessThan(2 * 1024 * 1024);
    });
});

describe("a mailbox that limits its pages", () => {
    it("is read on after the rest that it asks for", async () => {
        const { url, asked } = await scripted(
            { body: '{"payloads":["AAE="],"next_cursor":"1","has_more":true}' },
            { status: 429, headers: { "retry-after": "9" }, body: "Too Many Requests! Wait for 9s" },
            { body: '{"payloads":["Ag=="],"next_cursor":"2","has_more":false}' },
        );
        const clock = new VirtualClock();
        let fetched: unknown;
        const reading = makeMailboxClient({ url, clock, timeoutMs: 1e9 }).fetchAll(KEY);
        void reading.then((result) => {
            fetched = result;
        });
        while (fetched === undefined) {
            await new Promise((resolve) => setImmediate(resolve));
            await clock.advance(asked.length === 2 ? 1_000 : 0);
        }
        const payloads = [Uint8Array.of(0, 1), Uint8Array.of(2)];
        expect(fetched).toEqual({ ok: true, value: { payloads, cursor: 2n, complete: true } });
        expect(asked).toHaveLength(3);
        expect(clock.now().monotonic).toBeGreaterThanOrEqual(9_000);
    });

    it("is given up where it asks for a long one", async () => {
        const { url } = await scripted(
            { body: '{"payloads":["AAE="],"next_cursor":"1","has_more":true}' },
            { status: 429, headers: { "retry-after": "3600" }, body: "" },
        );
        expect(await clientFor(url).fetchAll(KEY)).toMatchObject({ ok: false, error: { kind: "busy" } });
    });
});

describe("an answer that is none", () => {
    it.each([
        ["no JSON", { body: "<html>" }, "protocol"],
        ["no object", { body: "[1]" }, "protocol"],
        ["payloads that are no base64", { body: '{"payloads":["!"],"has_more":false}' }, "protocol"],
        ["more without a cursor", { body: '{"payloads":[],"has_more":true}' }, "protocol"],
        ["a cursor that is no number", { body: '{"payloads":[],"next_cursor":"x","has_more":false}' }, "protocol"],
        ["a cursor that stands still", { body: '{"payloads":["AA=="],"next_cursor":"4","has_more":true}' }, "protocol"],
        ["a redirect", { status: 302, headers: { location: "http://127.0.0.1:1/" }, body: "" }, "refused"],
        ["a limit", { status: 429, headers: { "retry-after": "9" }, body: "Too Many Requests! Wait for 9s" }, "busy"],
        ["a busy gateway", { status: 503, headers: { "retry-after": "1" }, body: '{"error":"busy"}' }, "busy"],
        ["a poisoned mailbox", { status: 500, body: '{"error":"Single fetch payload exceeds"}' }, "refused"],
    ] as const)("%s ends a fetch with words", async (_, reply, kind) => {
        const { url } = await scripted(reply);
        const fetched = await clientFor(url).fetchAll(KEY, 4n);
        expect(fetched).toMatchObject({ ok: false, error: { kind, detail: expect.any(String) } });
    });

    it("says when to come again", async () => {
        const { url } = await scripted({ status: 503, headers: { "retry-after": "7" }, body: "" });
        expect(await clientFor(url).submit([Uint8Array.of(1)])).toMatchObject({ error: { retryAfterS: 7 } });
    });

    it("is not waited for for ever", async () => {
        const { url, asked } = await scripted("never");
        const clock = new VirtualClock();
        const health = clientFor(url, clock).health();
        while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
        await clock.advance(5_000);
        expect(await health).toMatchObject({ ok: false, error: { kind: "timeout" } });
    });

    it("is not read beyond a limit", async () => {
        const { url } = await scripted({ body: "x".repeat(9 * 1024 * 1024) });
        expect(await clientFor(url).health()).toMatchObject({ ok: false, error: { kind: "protocol" } });
    });

    it("has another number of results than frames", async () => {
        const { url } = await scripted({ body: '{"results":[{"status":"ok"}]}' });
        const frames = [Uint8Array.of(1), Uint8Array.of(2)];
        expect(await clientFor(url).submit(frames)).toMatchObject({ ok: false, error: { kind: "protocol" } });
    });
});

describe("an error", () => {
    it("never holds the credentials", async () => {
        const { url } = await scripted({ status: 401, body: "" });
        const secret = (text: string): string => text.replace("//", `//alice:${encodeURIComponent(PASSWORD)}@`);
        for (const address of [secret(url), secret("http://127.0.0.1:1"), secret("ftp://x"), secret("http://[")]) {
            const answer = await clientFor(address).health();
            if (answer.ok) throw new Error("no such mailbox should answer");
            const text = JSON.stringify(answer.error);
            for (const hidden of ["alice", PASSWORD, encodeURIComponent(PASSWORD)]) expect(text).not.toContain(hidden);
        }
    });

    it("tells what is wrong", async () => {
        const { url } = await scripted("never");
        await new Promise((resolve) => servers.pop()?.close(resolve));
        expect(await clientFor(url).health()).toEqual({
            ok: false,
            error: { kind: "unreachable", detail: `${url} does not answer: ECONNREFUSED` },
        });
        expect(await clientFor("http://127.0.0.1:1").health()).toMatchObject({
            error: { kind: "unreachable", detail: "http://127.0.0.1:1 does not answer: ECONNREFUSED" },
        });
        expect(await clientFor("localhost:23003").health()).toMatchObject({ error: { kind: "bad_url" } });
    });
});
