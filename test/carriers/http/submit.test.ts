import { describe, expect, it } from "vitest";
import { toBase64 } from "../../../src/base/encoding.ts";
import { err, ok } from "../../../src/base/result.ts";
import type { Arrival } from "../../../src/carriers/carrier.ts";
import { FETCHABLE_SIZE_MAX } from "../../../src/carriers/http/limits.ts";
import { testMessage } from "../../support/envelopes.ts";
import { speakingIdentity, startServer } from "./fixture.ts";

const OWN_KEY = speakingIdentity.routingKey;
const frames = [1, 2, 3].map((number) => testMessage(number).payload);

function refused(reason: Extract<Arrival, { kind: "refused" }>["reason"], text: string): Arrival {
    return { kind: "refused", reason, text };
}

function resultsOf(body: string): readonly Record<string, unknown>[] {
    return JSON.parse(body).results;
}

describe("a submit", () => {
    it("is answered only after the last frame settled, in the order of the frames", async () => {
        const settles: ((arrival: Arrival) => void)[] = [];
        const { submit, arrived } = await startServer({
            onPayload: () => new Promise((resolve) => settles.push(resolve)),
        });
        let isAnswered = false;
        const answer = submit(frames).then((value) => {
            isAnswered = true;
            return value;
        });
        // All frames are handed over although none of them is settled yet.
        while (settles.length < 3) await new Promise((resolve) => setImmediate(resolve));
        expect(arrived).toEqual(frames);
        settles[2]?.({ kind: "stored" });
        settles[0]?.({ kind: "duplicate" });
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
        expect(isAnswered).toBe(false);
        settles[1]?.(refused("mailbox_full", "Mailbox full"));
        expect((await answer).body).toBe(
            '{"results":[{"status":"ok"},{"status":"error","error":"Mailbox full"},{"status":"ok"}]}',
        );
    });

    it("gives a receipt for what is new, and the ack secret only to messages for the gateway itself", async () => {
        const { submit } = await startServer({
            identity: speakingIdentity,
            onPayload: async (_, index) => ({ kind: index === 1 ? "duplicate" : "stored" }),
        });
        const own = testMessage(4, { routingKey: OWN_KEY });
        const answer = await submit([testMessage(1).payload, testMessage(2).payload, own.payload, own.tombstone]);
        expect(resultsOf(answer.body)).toEqual([
            { status: "ok", signature: toBase64(new Uint8Array(64).fill(1)) },
            { status: "ok" },
            {
                status: "ok",
                ack_secret: toBase64(new Uint8Array(16).fill(7)),
                signature: toBase64(new Uint8Array(64).fill(4)),
            },
            { status: "ok" },
        ]);
        expect(answer.body.indexOf("ack_secret")).toBeLessThan(answer.body.lastIndexOf("signature"));
    });

    it.each([
        ["mailbox_full", "Mailbox full"],
        ["storage", "Storage full"],
        ["conflict", "Message id is already stored under another routing key"],
        ["unknown_message", "Message not found"],
        ["wrong_secret", "Invalid ack_secret"],
    ] as const)("tells %s in its own words, for that frame alone", async (reason, text) => {
        const { submit } = await startServer({
            onPayload: async (_, index) => (index === 0 ? refused(reason, text) : { kind: "stored" }),
        });
        const answer = await submit(frames.slice(0, 2));
        expect(answer.status).toBe(200);
        expect(resultsOf(answer.body)).toEqual([{ status: "error", error: text }, { status: "ok" }]);
    });

    it("is 503 with Retry-After where the gateway was busy and kept nothing", async () => {
        const { submit } = await startServer({
            onPayload: async (_, index) => (index === 0 ? { kind: "duplicate" } : refused("busy", "Gateway busy")),
        });
        const answer = await submit(frames.slice(0, 2));
        expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
        expect(JSON.parse(answer.body)).toEqual({ error: "Gateway busy, try again later" });
    });

    it("tells busy per frame where something was kept", async () => {
        const { submit } = await startServer({
            onPayload: async (_, index) => (index === 0 ? { kind: "stored" } : refused("busy", "Gateway busy")),
        });
        const answer = await submit(frames.slice(0, 2));
        expect(answer.status).toBe(200);
        expect(resultsOf(answer.body)).toEqual([{ status: "ok" }, { status: "error", error: "Gateway busy" }]);
    });

    it("refuses what no fetch page could carry, and takes the largest that one can", async () => {
        const { submit, arrived } = await startServer();
        const overhead = testMessage(1, { size: 20_000 }).payload.length - 20_000;
        const fits = testMessage(1, { size: FETCHABLE_SIZE_MAX - overhead }).payload;
        const exceeds = testMessage(2, { size: FETCHABLE_SIZE_MAX - overhead + 1 }).payload;
        expect([fits.length, exceeds.length]).toEqual([49_101, 49_102]);
        const answer = await submit([fits, exceeds]);
        expect(resultsOf(answer.body)).toEqual([
            { status: "ok" },
            { status: "error", error: "Message too large to be fetched: 49102 bytes exceeds max 49101" },
        ]);
        expect(arrived).toEqual([fits]);
    });

    it("answers frames that do not decode without troubling the gateway", async () => {
        const { submit, arrived } = await startServer();
        const answer = await submit([
            Uint8Array.of(7),
            new Uint8Array(),
            Uint8Array.of(2, 1),
            frames[0] ?? new Uint8Array(),
        ]);
        expect(resultsOf(answer.body).map(({ error }) => error)).toEqual([
            "Failed to decode frame: Unknown wire type: 0x07",
            "Failed to decode frame: Empty payload",
            "Failed to decode frame: Invalid ack tombstone: Hit the end of buffer, expected more data",
            undefined,
        ]);
        expect(arrived.length).toBe(1);
    });

    it("hands the bytes on as they came, trailing bytes included", async () => {
        const { submit, arrived } = await startServer();
        const frame = Uint8Array.of(...testMessage(1).payload, 1, 2, 3);
        await submit([frame]);
        expect(arrived).toEqual([frame]);
    });

    it("survives a gateway that breaks its promise never to reject", async () => {
        const { submit, ask } = await startServer({ onPayload: () => Promise.reject(new Error("secret detail")) });
        const answer = await submit(frames);
        expect([answer.status, answer.body]).toEqual([500, '{"error":"Internal error"}']);
        expect((await ask({ path: "/api/v1/health" })).status).toBe(200);
    });
});

describe("a signed submit", () => {
    it("is refused with the reason", async () => {
        const { submit, arrived } = await startServer({ verifySigned: () => err("Invalid signature") });
        const answer = await submit(frames, { "x-node-signature": "AA==" });
        expect([answer.status, answer.body]).toEqual([
            401,
            '{"error":"Signature verification failed: Invalid signature"}',
        ]);
        expect(arrived).toEqual([]);
    });

    it("is checked over the body, the bare path and every header", async () => {
        const seen: unknown[] = [];
        const { ask } = await startServer({
            verifySigned: ({ method, path, headers, body }) => {
                seen.push([method, path, headers.filter(([name]) => name.startsWith("x-")), [...body]]);
                return ok(new Uint8Array(32));
            },
        });
        const body = Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0, 9);
        const headers = { "x-node-signature": "s", "x-other": "o" };
        await ask({ method: "POST", path: "/api/v1/submit?x=1", headers, body });
        expect(seen).toEqual([
            [
                "POST",
                "/api/v1/submit",
                [
                    ["x-node-signature", "s"],
                    ["x-other", "o"],
                ],
                [...body],
            ],
        ]);
    });

    it("by the gateway's own key stores nothing and says ok, for messages only", async () => {
        const { submit, arrived } = await startServer({
            identity: speakingIdentity,
            verifySigned: () => ok(speakingIdentity.publicId),
        });
        const { payload, tombstone } = testMessage(1);
        const answer = await submit([payload, tombstone], { "x-node-signature": "s" });
        expect(answer.body).toBe('{"results":[{"status":"ok"},{"status":"ok"}]}');
        expect(arrived).toEqual([tombstone]);
    });

    it("is no different from another where the header is missing", async () => {
        const { submit } = await startServer({ verifySigned: () => err("never asked") });
        expect((await submit(frames, { "x-node-id": "zz" })).status).toBe(200);
    });
});

describe("the embedded server", () => {
    it("takes messages to its own key and nothing else", async () => {
        const { submit, arrived } = await startServer({ mode: "embedded", identity: speakingIdentity });
        const own = testMessage(3, { routingKey: OWN_KEY, size: 60_000 });
        const answer = await submit([own.payload, testMessage(2).payload, own.tombstone, Uint8Array.of(255)]);
        expect(resultsOf(answer.body)).toEqual([
            {
                status: "ok",
                ack_secret: toBase64(new Uint8Array(16).fill(7)),
                signature: toBase64(new Uint8Array(64).fill(3)),
            },
            { status: "error", error: "Routing key mismatch" },
            { status: "error", error: "Tombstones not accepted via direct peer API" },
            { status: "error", error: "Invalid message format" },
        ]);
        expect(arrived).toEqual([own.payload]);
    });

    it("says what went wrong in storing", async () => {
        const { submit } = await startServer({
            mode: "embedded",
            identity: speakingIdentity,
            onPayload: async () => refused("mailbox_full", "Mailbox full"),
        });
        const answer = await submit([testMessage(1, { routingKey: OWN_KEY }).payload]);
        expect(resultsOf(answer.body)).toEqual([{ status: "error", error: "Failed to store message: Mailbox full" }]);
    });
});
