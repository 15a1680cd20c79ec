import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MailboxTwin } from "../../../src/app/vectors/http-twin.ts";
import { toBase64, toBase64Url } from "../../../src/base/encoding.ts";
import { fetchAnswer } from "../../../src/carriers/http/fetch.ts";
import { FETCH_ANSWER_SIZE_MAX, FETCHABLE_SIZE_MAX } from "../../../src/carriers/http/limits.ts";
import type { MailboxPages, MailboxRow } from "../../../src/carriers/http/options.ts";
import { testMessage } from "../../support/envelopes.ts";
import { pagesOf, startServer } from "./fixture.ts";

const NOW = 1_767_225_600;
const routingKey = new Uint8Array(16).fill(7);
const KEY_TEXT = toBase64Url(routingKey);

function bodyOf(mailbox: MailboxPages, { limit = 100, after = 0 } = {}): string {
    return fetchAnswer(mailbox, { routingKey, limit, after, now: NOW }).body;
}

function rowOf(row: number, size: number): MailboxRow {
    return { row, payload: new Uint8Array(size).fill(row & 0xff) };
}

describe("a page", () => {
    it("is the one that a slow twin makes of any mailbox", () => {
        const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 48_900 })), {
            maxLength: 130,
        });
        const query = fc.record({ limit: fc.integer({ min: 1, max: 100 }), after: fc.integer({ min: 0, max: 131 }) });
        void fc.assert(
            fc.property(sizes, query, (ciphertexts, { limit, after }) => {
                const twin = new MailboxTwin("hearth", { messagesMax: 1000, ttlDefaultS: 60 });
                const rows = ciphertexts.map((size, index) => {
                    const { payload } = testMessage(index, { routingKey, size });
                    expect(twin.submit(payload, NOW).kind).toBe("stored");
                    return { row: index + 1, payload };
                });
                const body = bodyOf(pagesOf(rows), { limit, after });
                expect(body).toBe(twin.fetch({ key: KEY_TEXT, limit, after }, NOW).body);
                expect(body.length).toBeLessThanOrEqual(FETCH_ANSWER_SIZE_MAX);
            }),
        );
    });

    it("can carry the largest message that a submit takes, whatever its row number", () => {
        const row = { row: Number.MAX_SAFE_INTEGER, payload: new Uint8Array(FETCHABLE_SIZE_MAX) };
        expect(bodyOf(pagesOf([row])).length).toBeLessThanOrEqual(FETCH_ANSWER_SIZE_MAX);
        const larger = { ...row, payload: new Uint8Array(FETCHABLE_SIZE_MAX + 1) };
        expect(bodyOf(pagesOf([larger])).length).toBeGreaterThan(FETCH_ANSWER_SIZE_MAX);
    });

    it("of a message that came too large by another way holds it alone, and the next goes on behind it", () => {
        const mailbox = pagesOf([rowOf(1, 10), rowOf(2, 80_000), rowOf(3, 10)]);
        const payloads = (body: string): unknown => JSON.parse(body).payloads;
        expect(JSON.parse(bodyOf(mailbox))).toMatchObject({ next_cursor: "1", has_more: true });
        expect(payloads(bodyOf(mailbox, { after: 1 }))).toEqual([toBase64(rowOf(2, 80_000).payload)]);
        expect(JSON.parse(bodyOf(mailbox, { after: 1 }))).toMatchObject({ next_cursor: "2", has_more: true });
        expect(payloads(bodyOf(mailbox, { after: 2 }))).toEqual([toBase64(rowOf(3, 10).payload)]);
    });

    it("does not read a whole mailbox of large messages for one page", () => {
        const rows = Array.from({ length: 1000 }, (_, index) => rowOf(index + 1, 20_000));
        let read = 0;
        const inner = pagesOf(rows);
        const page: MailboxPages["page"] = (query) => {
            const found = inner.page(query);
            read += found.length;
            return found;
        };
        bodyOf({ ...inner, page });
        expect(read).toBeLessThan(20);
    });
});

describe("a fetch", () => {
    it("asks for the key, the rows and the time that were meant", async () => {
        const queries: unknown[] = [];
        const { ask, clock } = await startServer({
            mailbox: {
                page: (query) => {
                    queries.push(query);
                    return [];
                },
                stats: () => ({ mailboxes: 0, messages: 0 }),
            },
        });
        await clock.advance(5_000);
        await ask({ path: `/api/v1/fetch/${KEY_TEXT}?limit=3&after=9` });
        expect(queries).toEqual([{ routingKey, limit: 4, after: 9, now: NOW + 5 }]);
    });

    it("is 503 with Retry-After while the depot cannot be read", async () => {
        const broken = (): never => {
            throw new Error("disk: secret path");
        };
        const { ask } = await startServer({ mailbox: { page: broken, stats: broken } });
        for (const path of [`/api/v1/fetch/${KEY_TEXT}`, "/api/v1/stats"]) {
            const answer = await ask({ path });
            expect([answer.status, answer.headers.get("retry-after"), answer.body]).toEqual([
                503,
                "1",
                '{"error":"Storage failed, try again later"}',
            ]);
        }
        expect((await ask({ path: "/api/v1/health" })).status).toBe(200);
    });
});
