import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import type { Arrival } from "../../../src/carriers/carrier.ts";
import { testMessage } from "../../support/envelopes.ts";
import { startServer, submitRequest } from "./fixture.ts";
import { requestBytes } from "./raw-connection.ts";

const SUBMIT = "POST /api/v1/submit HTTP/1.1\r\nhost: x\r\n";
const HEALTH = "GET /api/v1/health HTTP/1.1\r\nhost: x\r\n\r\n";
const frame = testMessage(1).payload;
/** Short limits of time; the tests wait for what happens, never for a time. */
const HASTY = { headersMsMax: 40, requestMsMax: 60, checkEveryMs: 10, stallMsMax: 10_000 };

describe("a body", () => {
    it("above the limit is 413, by its declared length or by what comes, and the connection stays usable", async () => {
        const { connect, arrived } = await startServer({ limits: { bodySizeMax: 1000 } });
        const connection = await connect();
        const chunk = `3e9\r\n${"x".repeat(1001)}\r\n0\r\n\r\n`;
        connection.send(`${SUBMIT}content-length: 1001\r\n\r\n${"x".repeat(1001)}`);
        connection.send(`${SUBMIT}transfer-encoding: chunked\r\n\r\n${chunk}`, HEALTH);
        for (const _ of [1, 2]) {
            const answer = await connection.answer();
            expect([answer?.status, answer?.headers.get("content-type"), answer?.body]).toEqual([
                413,
                "text/plain; charset=utf-8",
                "Failed to buffer the request body: length limit exceeded",
            ]);
        }
        expect((await connection.answer())?.status).toBe(200);
        expect(arrived).toEqual([]);
    });

    it("far above the limit is refused at once, and the connection closes", async () => {
        const { connect } = await startServer({ limits: { drainBytesMax: 10_000 } });
        const connection = await connect();
        connection.send(`${SUBMIT}content-length: 9000000000\r\n\r\n`);
        expect((await connection.answer())?.status).toBe(413);
        connection.send(new Uint8Array(20_000));
        await connection.closed;
    });

    it("of exactly the limit is taken, in any pieces", async () => {
        const request = submitRequest([frame]);
        const size = request.body?.length ?? 0;
        const { connect } = await startServer({ limits: { bodySizeMax: size } });
        const connection = await connect();
        for (const byte of requestBytes(request)) {
            connection.send(Uint8Array.of(byte));
            await new Promise((resolve) => setImmediate(resolve));
        }
        expect((await connection.answer())?.body).toBe('{"results":[{"status":"ok"}]}');
    });

    it("finds no room while others hold all of it, and finds it again afterwards", async () => {
        const settles: ((arrival: Arrival) => void)[] = [];
        const { connect, submit } = await startServer({
            limits: { bodiesInFlightBytesMax: 400 },
            onPayload: () => new Promise((resolve) => settles.push(resolve)),
        });
        const first = await connect();
        first.send(requestBytes(submitRequest([frame])));
        while (settles.length < 1) await new Promise((resolve) => setImmediate(resolve));
        const busy = await submit([frame]);
        expect([busy.status, busy.headers.get("retry-after")]).toEqual([503, "1"]);
        settles[0]?.({ kind: "stored" });
        expect((await first.answer())?.status).toBe(200);
        first.send(requestBytes(submitRequest([frame])));
        while (settles.length < 2) await new Promise((resolve) => setImmediate(resolve));
        settles[1]?.({ kind: "stored" });
        expect((await first.answer())?.status).toBe(200);
    });

    it("of a client that went away gives its room back", async () => {
        const { connect, submit } = await startServer({ limits: { bodiesInFlightBytesMax: 5_000 } });
        for (let round = 0; round < 5; round++) {
            const connection = await connect();
            connection.send(`${SUBMIT}content-length: 5000\r\n\r\n`, new Uint8Array(4_000));
            connection.close();
            await connection.closed;
        }
        let answer = await submit([frame]);
        // The server learns of a closed connection a moment after we do.
        while (answer.status === 503) answer = await submit([frame]);
        expect(answer.status).toBe(200);
    });

    it("waits for leave where it should, and is refused without it", async () => {
        const { connect } = await startServer({ limits: { bodySizeMax: 1000 } });
        const good = await connect();
        const request = submitRequest([frame]);
        const bytes = Buffer.from(requestBytes({ ...request, headers: { expect: "100-continue" } }));
        const split = bytes.length - (request.body?.length ?? 0);
        good.send(bytes.subarray(0, split));
        good.send(bytes.subarray(split));
        expect((await good.answer())?.status).toBe(200);
        const big = await connect();
        big.send(`${SUBMIT}expect: 100-continue\r\ncontent-length: 1001\r\n\r\n`);
        expect((await big.answer())?.status).toBe(413);
        await big.closed;
        const strange = await connect();
        strange.send(`${SUBMIT}expect: wonders\r\ncontent-length: 0\r\n\r\n`);
        expect((await strange.answer())?.status).toBe(417);
    });
});

describe("a client that takes its time", () => {
    it.each([
        ["says nothing", ""],
        ["does not end its headers", "GET /api/v1/health HTTP/1.1\r\nx-slow: "],
        ["does not end its body", `${SUBMIT}content-length: 100\r\n\r\nx`],
        ["does not end its chunks", `${SUBMIT}transfer-encoding: chunked\r\n\r\n5\r\nab`],
    ])("and %s is answered 408 and hung up on", async (_, bytes) => {
        const { connect, ask } = await startServer({ limits: HASTY });
        const connection = await connect();
        connection.send(bytes);
        const answer = await connection.answer();
        expect([answer?.status, answer?.body]).toEqual([408, '{"error":"The request did not arrive in time"}']);
        await connection.closed;
        expect((await ask({ path: "/api/v1/health" })).status).toBe(200);
    });

    it("between two requests is closed without a word", async () => {
        const { connect } = await startServer({ limits: { keepAliveMs: 30, checkEveryMs: 10 } });
        const connection = await connect();
        connection.send(HEALTH);
        expect((await connection.answer())?.headers.get("connection")).toBe("keep-alive");
        expect(await connection.answer()).toBeUndefined();
    });

    it("in reading its answers is dropped before they pile up", async () => {
        const { connect, rows, ask } = await startServer({ limits: { unreadBytesMax: 200_000 } });
        rows.push({ row: 1, payload: new Uint8Array(49_000) });
        const connection = await connect();
        connection.pause();
        const fetches = "GET /api/v1/fetch/yyjyKHfrfcoF1VyM6505jg HTTP/1.1\r\nhost: x\r\n\r\n".repeat(2_000);
        connection.send(fetches);
        let isClosed = false;
        void connection.closed.then(() => {
            isClosed = true;
        });
        // A side that reads nothing learns of the end by what it can no longer send.
        while (!isClosed) {
            connection.send(HEALTH);
            await new Promise((resolve) => setImmediate(resolve));
        }
        expect((await ask({ path: "/api/v1/health" })).status).toBe(200);
    });
});

describe("too much at once", () => {
    it("of connections: one more is closed, and may come when another left", async () => {
        const { connect } = await startServer({ limits: { connectionsMax: 2 } });
        const [first, second] = [await connect(), await connect()];
        for (const connection of [first, second]) {
            connection.send(HEALTH);
            expect((await connection.answer())?.status).toBe(200);
        }
        const third = await connect();
        third.send(HEALTH);
        expect(await third.answer()).toBeUndefined();
        first.close();
        await first.closed;
        let answer: Awaited<ReturnType<typeof third.answer>>;
        while (!answer) {
            const fourth = await connect();
            fourth.send(HEALTH);
            answer = await fourth.answer();
        }
        expect(answer.status).toBe(200);
    });

    it("of requests without an answer: one more is 503", async () => {
        const settles: ((arrival: Arrival) => void)[] = [];
        const { connect, ask } = await startServer({
            limits: { requestsInFlightMax: 2 },
            onPayload: () => new Promise((resolve) => settles.push(resolve)),
        });
        const connection = await connect();
        connection.send(requestBytes(submitRequest([frame])), requestBytes(submitRequest([frame])));
        while (settles.length < 2) await new Promise((resolve) => setImmediate(resolve));
        expect((await ask({ path: "/api/v1/health" })).status).toBe(503);
        for (const settle of settles) settle({ kind: "stored" });
        expect([(await connection.answer())?.status, (await connection.answer())?.status]).toEqual([200, 200]);
        expect((await ask({ path: "/api/v1/health" })).status).toBe(200);
    });

    it("of requests of one connection that do not wait for each other: the rest is 503, in order", async () => {
        const { connect } = await startServer({ limits: { pipelinedMax: 3 } });
        const connection = await connect();
        connection.send(HEALTH.repeat(5));
        const statuses: unknown[] = [];
        for (let index = 0; index < 5; index++) statuses.push((await connection.answer())?.status);
        expect(statuses).toEqual([200, 200, 200, 503, 503]);
        connection.send(HEALTH);
        expect((await connection.answer())?.status).toBe(200);
    });

    it("of headers is 431, of URL 414", async () => {
        const { connect, ask } = await startServer();
        const connection = await connect();
        connection.send(`GET / HTTP/1.1\r\nx: ${"y".repeat(20_000)}\r\n\r\n`);
        const answer = await connection.answer();
        expect([answer?.status, answer?.body]).toEqual([431, '{"error":"Request line and headers are too long"}']);
        await connection.closed;
        const long = await ask({ path: `/api/v1/fetch/${"a".repeat(3_000)}` });
        expect([long.status, long.body]).toEqual([414, '{"error":"URL too long: at most 2048 characters"}']);
    });
});

describe("what is not HTTP", () => {
    it.each([
        ["text", "garbage\r\n\r\n"],
        ["binary", Uint8Array.from({ length: 300 }, (_, index) => (index * 37) & 0xff)],
        ["TLS", Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3)],
        ["another protocol's version", "GET / HTTP/3.0\r\n\r\n"],
        ["an unknown method", "BREW /pot HTTP/1.1\r\nhost: x\r\n\r\n"],
        ["two lengths", `${SUBMIT}content-length: 1\r\ncontent-length: 2\r\n\r\nxx`],
        ["a length and chunks", `${SUBMIT}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
        ["a negative length", `${SUBMIT}content-length: -1\r\n\r\n`],
        ["a chunk size that is no number", `${SUBMIT}transfer-encoding: chunked\r\n\r\nzz\r\n`],
        ["a chunk that is too long", `${SUBMIT}transfer-encoding: chunked\r\n\r\n1\r\nabc\r\n`],
    ])("such as %s is 400 and hung up on", async (_, bytes) => {
        const { connect, ask } = await startServer();
        const connection = await connect();
        connection.send(bytes);
        const answer = await connection.answer();
        expect([answer?.status, answer?.body]).toEqual([400, '{"error":"Not a well-formed HTTP request"}']);
        await connection.closed;
        expect((await ask({ path: "/api/v1/health" })).status).toBe(200);
    });

    it("needs a Host in HTTP/1.1", async () => {
        const { connect } = await startServer();
        const connection = await connect();
        connection.send("GET /api/v1/health HTTP/1.1\r\n\r\n");
        const answer = await connection.answer();
        expect([answer?.status, answer?.body]).toEqual([400, '{"error":"Missing Host header"}']);
    });

    it("does not spoil the answers to good requests before it", async () => {
        const settles: ((arrival: Arrival) => void)[] = [];
        const { connect } = await startServer({
            onPayload: () => new Promise((resolve) => settles.push(resolve)),
        });
        const connection = await connect();
        connection.send(requestBytes(submitRequest([frame])), HEALTH, "nonsense\r\n\r\n");
        while (settles.length < 1) await new Promise((resolve) => setImmediate(resolve));
        for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
        settles[0]?.({ kind: "stored" });
        const statuses = [await connection.answer(), await connection.answer(), await connection.answer()];
        expect(statuses.map((answer) => answer?.status)).toEqual([200, 200, 400]);
        await connection.closed;
    });
});

it("answers requests that follow each other without waiting, in order", async () => {
    const { connect } = await startServer({ onPayload: async () => ({ kind: "stored" }) });
    const connection = await connect();
    const parts = Array.from({ length: 50 }, (_, index) =>
        index % 2 === 0
            ? requestBytes(submitRequest([testMessage(index).payload]))
            : requestBytes({ path: `/api/v1/identity?challenge=${"A".repeat(index * 4)}` }),
    );
    connection.send(...parts);
    for (let index = 0; index < 50; index++) {
        const answer = await connection.answer();
        if (index % 2 === 0) expect(answer?.body).toBe('{"results":[{"status":"ok"}]}');
        else expect(answer?.status).toBe(401);
    }
});
