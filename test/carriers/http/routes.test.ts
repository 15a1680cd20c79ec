import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { toBase64 } from "../../../src/base/encoding.ts";
import { Secret } from "../../../src/base/secret.ts";
import { speakingIdentity, startServer } from "./fixture.ts";

const JSON_TYPE = "application/json";
const TEXT_TYPE = "text/plain; charset=utf-8";
const KEY = "yyjyKHfrfcoF1VyM6505jg";
const CHALLENGE = encodeURIComponent(toBase64(new Uint8Array(32).fill(9)));

interface Want {
    readonly status: number;
    readonly type?: string;
    readonly allow?: string;
    readonly body?: string;
}

type Row = readonly [method: string, path: string, want: Want];

const HEALTHY: Want = { status: 200, type: JSON_TYPE, body: '{"status":"ok","version":"0.1.0"}' };
const NOTHING: Want = { status: 404, body: "" };
const NOT_POST: Want = { status: 405, allow: "POST", body: "" };
const NOT_GET: Want = { status: 405, allow: "GET,HEAD", body: "" };

function failed(error: string): Want {
    return { status: 400, type: JSON_TYPE, body: JSON.stringify({ error }) };
}

const NODE: readonly Row[] = [
    ["GET", "/api/v1/health", HEALTHY],
    ["GET", "http://elsewhere:1/api/v1/health?x=1", HEALTHY],
    ["GET", "/api/v1/stats", { status: 200, body: '{"mailbox_count":0,"total_messages":0,"backend":"sqlite"}' }],
    ["GET", `/api/v1/fetch/${KEY}`, { status: 200, type: JSON_TYPE, body: '{"payloads":[],"has_more":false}' }],
    ["GET", `/api/v1/fetch/%79${KEY.slice(1)}`, { status: 200, body: '{"payloads":[],"has_more":false}' }],
    ["GET", "/api/v1/fetch/AAAA", failed("Routing key must be 16 bytes")],
    ["GET", "/api/v1/fetch/!", failed("Invalid routing key encoding")],
    ["GET", "/api/v1/fetch/%ff", { status: 400, type: TEXT_TYPE }],
    ["GET", "/api/v1/fetch/", NOTHING],
    ["GET", `/api/v1/fetch/${KEY}/more`, NOTHING],
    ["GET", `/api/v1/fetch/${KEY}?limit=0`, failed("Invalid limit: must be greater than 0")],
    ["POST", `/api/v1/fetch/${KEY}`, NOT_GET],
    ["GET", "/api/v1/submit", NOT_POST],
    ["OPTIONS", "/api/v1/submit", NOT_POST],
    ["DELETE", "/api/v1/health", NOT_GET],
    ["GET", "/health", NOTHING],
    ["GET", "/", NOTHING],
    ["OPTIONS", "*", NOTHING],
    ["GET", "/api/v1/identity", { status: 400, type: TEXT_TYPE }],
    ["GET", "/api/v1/identity?challenge=AAAA", failed("Challenge must be exactly 32 bytes, got 3")],
    ["GET", `/api/v1/identity?challenge=${CHALLENGE}`, { status: 200, body: signature(9) }],
];

const EMBEDDED: readonly Row[] = [
    ["GET", "/health", HEALTHY],
    ["GET", "/api/v1/health", NOTHING],
    ["GET", "/api/v1/stats", NOTHING],
    ["GET", `/api/v1/fetch/${KEY}`, NOTHING],
    ["GET", "/api/v1/submit", NOT_POST],
    ["POST", "/health", NOT_GET],
    ["GET", `/api/v1/identity?challenge=${CHALLENGE}`, { status: 200, body: signature(9) }],
];

function signature(fill: number): string {
    return JSON.stringify({ signature: toBase64(new Uint8Array(64).fill(fill)) });
}

describe.each([
    ["node", NODE],
    ["embedded", EMBEDDED],
] as const)("a server in %s mode", (mode, rows) => {
    it.each(rows)("answers %s %s", async (method, path, want) => {
        const { ask } = await startServer({ mode, identity: speakingIdentity });
        const answer = await ask({ method, path });
        expect(answer.status).toBe(want.status);
        expect(answer.headers.get("allow")).toBe(want.allow);
        if (want.type !== undefined) expect(answer.headers.get("content-type")).toBe(want.type);
        if (want.body !== undefined) expect(answer.body).toBe(want.body);
    });

    it("answers HEAD with the length of the body and without it", async () => {
        const { connect } = await startServer({ mode, identity: speakingIdentity });
        const path = mode === "node" ? "/api/v1/health" : "/health";
        const connection = await connect();
        connection.send(`HEAD ${path} HTTP/1.1\r\nhost: x\r\n\r\nGET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
        const head = await connection.answer({ isHead: true });
        expect([head?.status, head?.headers.get("content-length")]).toEqual([200, "33"]);
        expect((await connection.answer())?.body).toBe(HEALTHY.body);
    });
});

it("has no identity to show unless it was given one", async () => {
    const { ask } = await startServer();
    const answer = await ask({ path: "/api/v1/identity?challenge=AAAA" });
    expect([answer.status, answer.body]).toEqual([401, '{"error":"Node identity not configured"}']);
    expect((await ask({ path: "/api/v1/identity" })).status).toBe(400);
});

describe("basic authentication", () => {
    const credentials = { username: "alice", password: new Secret("se:crét") };
    const good = `Basic ${Buffer.from("alice:se:crét", "utf8").toString("base64")}`;

    it.each([
        ["nothing", undefined],
        ["another scheme", "Bearer x"],
        ["a scheme in small letters", good.replace("Basic", "basic")],
        ["two spaces", good.replace(" ", "  ")],
        ["no base64", "Basic !!!"],
        ["base64 without its padding", good.replace(/=+$/, "")],
        ["no colon", `Basic ${toBase64(Buffer.from("alice"))}`],
        ["another password", `Basic ${toBase64(Buffer.from("alice:se:cre"))}`],
        ["a longer password", `Basic ${toBase64(Buffer.from("alice:se:crét "))}`],
        ["bytes that are no UTF-8", `Basic ${toBase64(Uint8Array.of(0x61, 0x3a, 0xff))}`],
    ])("refuses %s", async (_, authorization) => {
        const { ask } = await startServer({ credentials });
        const headers = authorization === undefined ? {} : { authorization };
        const answer = await ask({ path: "/api/v1/stats", headers });
        expect([answer.status, answer.body, answer.headers.has("www-authenticate")]).toEqual([401, "", false]);
    });

    it("opens for the right pair", async () => {
        const { ask } = await startServer({ credentials });
        expect((await ask({ path: "/api/v1/stats", headers: { authorization: good } })).status).toBe(200);
        expect((await ask({ path: "/api/v1/nope", headers: { authorization: good } })).status).toBe(404);
    });

    it("lies around unknown paths and wrong methods, and not around health and identity", async () => {
        const { ask } = await startServer({ credentials });
        const statuses = async (method: string, path: string): Promise<unknown> => {
            const answer = await ask({ method, path });
            return [answer.status, answer.headers.get("allow")];
        };
        expect(await statuses("GET", "/nope")).toEqual([401, undefined]);
        expect(await statuses("GET", "/api/v1/submit")).toEqual([401, "POST"]);
        expect(await statuses("POST", "/api/v1/submit")).toEqual([401, undefined]);
        expect(await statuses("GET", "/api/v1/health")).toEqual([200, undefined]);
        expect(await statuses("POST", "/api/v1/health")).toEqual([405, "GET,HEAD"]);
        expect(await statuses("GET", "/api/v1/identity")).toEqual([400, undefined]);
    });
});
