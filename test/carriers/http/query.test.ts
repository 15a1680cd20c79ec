import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toBase64Url } from "../../../src/base/encoding.ts";
import { isLoopback, parseBasic } from "../../../src/carriers/http/auth.ts";
import { challengeText, parseFetchQuery, parseRoutingKey } from "../../../src/carriers/http/query.ts";
import { routeOf, splitTarget } from "../../../src/carriers/http/routing.ts";

const NOT_AN_INTEGER = '{"error":"Invalid limit: must be an integer"}';
const NO_CURSOR = '{"error":"Invalid after cursor: must be an integer"}';
const NOT_POSITIVE = '{"error":"Invalid after cursor: must be a positive integer"}';

function wordsOf(query: string): unknown {
    const parsed = parseFetchQuery(query);
    return parsed.ok ? parsed.value : parsed.error.body;
}

describe("the numbers of a fetch", () => {
    it.each([
        ["", { limit: 100, after: 0 }],
        ["&&&", { limit: 100, after: 0 }],
        ["limit=5&after=7", { limit: 5, after: 7 }],
        ["limit=%2B5", { limit: 5, after: 0 }],
        ["limit=%30%30%37", { limit: 7, after: 0 }],
        ["limit=18446744073709551615", { limit: 100, after: 0 }],
        ["after=9223372036854775807", { limit: 100, after: Number.MAX_SAFE_INTEGER }],
        ["Limit=x&limits=y", { limit: 100, after: 0 }],
        ["limit=18446744073709551616", NOT_AN_INTEGER],
        ["limit=+5", NOT_AN_INTEGER],
        ["limit=5%20", NOT_AN_INTEGER],
        ["limit=-0", NOT_AN_INTEGER],
        ["limit=++5", NOT_AN_INTEGER],
        ["limit=%2B", NOT_AN_INTEGER],
        ["limit=0x10", NOT_AN_INTEGER],
        ["limit=1e2", NOT_AN_INTEGER],
        ["limit=%D9%A3", NOT_AN_INTEGER],
        ["limit", NOT_AN_INTEGER],
        ["limit=0", '{"error":"Invalid limit: must be greater than 0"}'],
        ["after=9223372036854775808", NO_CURSOR],
        ["after=-9223372036854775809", NO_CURSOR],
        ["after=-9223372036854775808", NOT_POSITIVE],
        ["after=-0", NOT_POSITIVE],
        ["after=000", NOT_POSITIVE],
        ["after=%zz", NO_CURSOR],
        ["limit=1&limit=1", "Failed to deserialize query string: duplicate field `limit`"],
        ["after=1&limit=x&%61fter=2", "Failed to deserialize query string: duplicate field `after`"],
    ])("%s", (query, want) => expect(wordsOf(query)).toEqual(want));

    it("come back from any number that fits", () => {
        void fc.assert(
            fc.property(fc.integer({ min: 1, max: 100 }), fc.maxSafeNat(), (limit, cursor) => {
                const after = Math.max(1, cursor);
                expect(wordsOf(`x=${limit}&after=0${after}&limit=%2B${limit}`)).toEqual({ limit, after });
            }),
        );
    });
});

describe("a routing key in a path", () => {
    it("comes back from its text, escaped or not", () => {
        void fc.assert(
            fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (key) => {
                const text = toBase64Url(key);
                const escaped = [...text].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join("");
                expect(parseRoutingKey(text)).toEqual({ ok: true, value: key });
                expect(parseRoutingKey(escaped)).toEqual({ ok: true, value: key });
            }),
        );
    });

    it("is an answer and never an exception for any other text", () => {
        void fc.assert(
            fc.property(fc.string({ unit: "binary" }), (text) => {
                for (const parsed of [parseRoutingKey(text), parseFetchQuery(text), challengeText(text)]) {
                    if (!parsed.ok) expect(parsed.error.status).toBe(400);
                }
                const route = routeOf("node", "GET", splitTarget(text));
                expect(["unknown", "fetch"]).toContain(route.kind);
                expect(parseBasic(text)).toBeUndefined();
            }),
        );
    });
});

it.each([
    ["127.0.0.1", true],
    ["127.255.0.9", true],
    ["::1", true],
    ["::ffff:127.0.0.1", true],
    ["localhost", true],
    ["0.0.0.0", false],
    ["::", false],
    ["192.168.1.5", false],
    ["127.0.0.1.example.org", false],
    ["localhost.example.org", false],
    ["", false],
])("%s is on this machine only: %s", (host, want) => expect(isLoopback(host)).toBe(want));
