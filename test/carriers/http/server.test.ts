import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/base/secret.ts";
import type { Arrival } from "../../../src/carriers/carrier.ts";
import { makeMailboxServer } from "../../../src/carriers/http/mailbox-server.ts";
import { testMessage } from "../../support/envelopes.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { pagesOf, startServer, submitRequest } from "./fixture.ts";
import { requestBytes } from "./raw-connection.ts";

const frame = testMessage(1).payload;
const HEALTH = { path: "/api/v1/health" };

describe("a mailbox as a carrier", () => {
    it("only answers", async () => {
        const { server } = await startServer();
        expect(server.traits).toMatchObject({ offers: false, unknownTombstone: "refuse", revives: true });
        const sent = server.send(
            { kind: "message", messageId: "", payload: frame, attempts: 0 },
            new AbortController().signal,
        );
        expect((await sent).kind).toBe("failed");
    });

    it("says where it listens", async () => {
        const { server, states, port } = await startServer();
        expect(server.address).toEqual({ host: "127.0.0.1", port, url: `http://127.0.0.1:${port}` });
        expect(states).toEqual([{ kind: "up", detail: `http://127.0.0.1:${port}` }]);
    });

    it("cannot be embedded without an identity", () => {
        expect(() => makeServer({ mode: "embedded" })).toThrow("identity");
    });
});

function makeServer(options: Partial<Parameters<typeof makeMailboxServer>[0]>): ReturnType<typeof makeMailboxServer> {
    const clock = new VirtualClock();
    return makeMailboxServer({
        id: "http",
        mode: "node",
        host: "127.0.0.1",
        port: 0,
        mailbox: pagesOf([]),
        clock,
        ...options,
    });
}

const handlers = { onPayload: async (): Promise<Arrival> => ({ kind: "stored" }), onState: () => undefined };

describe("the start", () => {
    it.each(["0.0.0.0", "::", "192.0.2.1", "mailbox.example.org"])("refuses %s without credentials", async (host) => {
        await expect(makeServer({ host }).start(handlers)).rejects.toThrow(
            /user name and a password, or allow anonymous/,
        );
    });

    it("takes it with credentials, or where anonymous use is allowed", async () => {
        for (const options of [
            { credentials: { username: "a", password: new Secret("b") } },
            { allowAnonymous: true },
        ]) {
            const server = makeServer({ host: "0.0.0.0", ...options });
            await server.start(handlers);
            expect(server.address?.port).toBeGreaterThan(0);
            await server.stop();
        }
    });

    it("says for people why it cannot listen", async () => {
        const { port } = await startServer();
        await expect(makeServer({ port }).start(handlers)).rejects.toThrow(
            new RegExp(`cannot listen on 127\\.0\\.0\\.1 port ${port}: .*EADDRINUSE`),
        );
    });
});

describe("the stop", () => {
    it("lets a running request finish and closes what is idle", async () => {
        const settles: ((arrival: Arrival) => void)[] = [];
        const { server, connect } = await startServer({
            onPayload: () => new Promise((resolve) => settles.push(resolve)),
        });
        const [idle, running] = [await connect(), await connect()];
        idle.send(requestBytes(HEALTH));
        expect((await idle.answer())?.status).toBe(200);
        running.send(requestBytes(submitRequest([frame])));
        while (settles.length === 0) await new Promise((resolve) => setImmediate(resolve));
        const stopped = server.stop();
        await idle.closed;
        settles[0]?.({ kind: "stored" });
        const answer = await running.answer();
        expect([answer?.status, answer?.headers.get("connection")]).toEqual([200, "close"]);
        await stopped;
        await running.closed;
        expect(server.address).toBeUndefined();
        await server.stop();
    });

    it("does not wait for ever", async () => {
        const { server, connect } = await startServer({
            limits: { stopMsMax: 20 },
            onPayload: () => new Promise(() => undefined),
        });
        const connection = await connect();
        connection.send(requestBytes(submitRequest([frame])));
        await server.stop();
        await connection.closed;
    });

    it("before a start does nothing", async () => {
        await makeServer({}).stop();
    });
});

describe("whatever bytes come", () => {
    it("as a body, the answer is 200 or 400 and the connection serves on", async () => {
        const { connect } = await startServer();
        const connection = await connect();
        const garbage = fc.oneof(
            fc.uint8Array({ maxLength: 300 }),
            fc
                .tuple(fc.nat({ max: 3 }), fc.uint8Array({ maxLength: 200 }))
                .map(([count, rest]) => Uint8Array.of(count, 0, 0, 0, rest.length, 0, 0, 0, ...rest)),
        );
        await fc.assert(
            fc.asyncProperty(garbage, async (body) => {
                connection.send(requestBytes({ method: "POST", path: "/api/v1/submit", body }));
                const answer = await connection.answer();
                expect([200, 400]).toContain(answer?.status);
                expect(JSON.parse(answer?.body ?? "")).toBeTypeOf("object");
            }),
        );
    });

    it("as a connection, it is answered in the 400s or closed, and the next client is served", async () => {
        const { connect, ask } = await startServer({
            limits: { headersMsMax: 30, requestMsMax: 30, checkEveryMs: 10 },
        });
        const starts = ["", "GET ", "POST /api/v1/submit HTTP/1.1\r\nhost: x\r\n", "GET /api/v1/fetch/"];
        const bytes = fc.tuple(fc.constantFrom(...starts), fc.uint8Array({ minLength: 1, maxLength: 100 }));
        await fc.assert(
            fc.asyncProperty(bytes, async ([start, rest]) => {
                const connection = await connect();
                connection.send(start, rest, "\r\n\r\n");
                const answer = await connection.answer();
                if (answer) expect(answer.status).toBeLessThan(500);
                connection.close();
            }),
            { numRuns: 60 },
        );
        expect((await ask(HEALTH)).status).toBe(200);
    });
});
