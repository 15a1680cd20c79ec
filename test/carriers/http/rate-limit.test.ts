import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NO_RATES, type RateLimits } from "../../../src/carriers/http/limits.ts";
import { clientName, RateLimiter } from "../../../src/carriers/http/rate-limit.ts";
import { testMessage } from "../../support/envelopes.ts";
import { startServer } from "./fixture.ts";

const FETCH = "/api/v1/fetch/yyjyKHfrfcoF1VyM6505jg";
const OTHER = "/api/v1/fetch/AAAAAAAAAAAAAAAAAAAAAA";

function rates(some: Partial<RateLimits>): RateLimits {
    return { ...NO_RATES, ...some };
}

describe("a limiter", () => {
    it("lets a burst through and then so many a second", () => {
        const limiter = new RateLimiter({ perSecond: 10, burst: 3 });
        const taken = (now: number): boolean => limiter.take("a", now).ok;
        expect([taken(0), taken(0), taken(0), taken(0)]).toEqual([true, true, true, false]);
        expect(limiter.take("a", 0)).toEqual({ ok: false, waitMs: 100 });
        expect([taken(99), taken(100), taken(100)]).toEqual([false, true, false]);
        expect([taken(10_000), taken(10_000), taken(10_000), taken(10_000)]).toEqual([true, true, true, false]);
    });

    it("never gives more than burst and rate together, in any rhythm", () => {
        const steps = fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 200 });
        void fc.assert(
            fc.property(fc.integer({ min: 1, max: 20 }), fc.nat({ max: 20 }), steps, (perSecond, burst, pauses) => {
                const limiter = new RateLimiter({ perSecond, burst });
                let now = 0;
                let taken = 0;
                for (const pause of pauses) {
                    now += pause;
                    if (limiter.take("a", now).ok) taken++;
                }
                expect(taken).toBeLessThanOrEqual((burst || perSecond) + (now * perSecond) / 1000 + 1e-6);
            }),
        );
    });

    it("counts each name for itself and forgets the one that was idle longest", () => {
        const limiter = new RateLimiter({ perSecond: 1, burst: 1 }, 2);
        expect(limiter.take("a", 0).ok).toBe(true);
        expect(limiter.take("b", 0).ok).toBe(true);
        expect(limiter.take("a", 0).ok).toBe(false);
        expect(limiter.take("c", 0).ok).toBe(true);
        expect(limiter.size).toBe(2);
        expect(limiter.take("a", 0).ok).toBe(false);
        expect(limiter.take("b", 0).ok).toBe(true);
    });
});

describe("the name of a client", () => {
    it.each([
        ["10.0.0.1", undefined, "10.0.0.1"],
        ["::ffff:10.0.0.1", undefined, "10.0.0.1"],
        ["2001:db8:0:1:aaaa::1", undefined, "2001:db8:0:1::/64"],
        ["2001:db8:0:1::2", undefined, "2001:db8:0:1::/64"],
        ["2001:0db8::", undefined, "2001:db8:0:0::/64"],
        ["fe80::1%eth0", undefined, "fe80:0:0:0::/64"],
        ["10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"],
        ["10.0.0.1", "198.51.100.7, nonsense", "10.0.0.1"],
        [undefined, undefined, ""],
    ])("%s behind %s is %s", (address, forwarded, want) => expect(clientName(address, forwarded)).toBe(want));
});

describe("a server with limits", () => {
    it("means requests per second: what it refuses is welcome after as long as it says", async () => {
        const { submit, clock } = await startServer({ rates: rates({ submitIp: { perSecond: 2, burst: 3 } }) });
        const { payload } = testMessage(1);
        const remaining: unknown[] = [];
        for (let round = 0; round < 3; round++) {
            const answer = await submit([payload]);
            expect([answer.status, answer.headers.get("x-ratelimit-limit")]).toEqual([200, "3"]);
            remaining.push(answer.headers.get("x-ratelimit-remaining"));
        }
        expect(remaining).toEqual(["2", "1", "0"]);
        const limited = await submit([payload]);
        expect(limited.status).toBe(429);
        expect(limited.body).toBe("Too Many Requests! Wait for 1s");
        expect(limited.headers.has("content-type")).toBe(false);
        const headers = ["x-ratelimit-after", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining"];
        expect(headers.map((name) => limited.headers.get(name))).toEqual(["1", "1", "3", "0"]);
        await clock.advance(1_000);
        expect((await submit([payload])).status).toBe(200);
        expect((await submit([payload])).status).toBe(200);
        expect((await submit([payload])).status).toBe(429);
    });

    it("counts frames for one routing key, message frames only", async () => {
        const { submit, arrived } = await startServer({ rates: rates({ submitKey: { perSecond: 1, burst: 2 } }) });
        const { payload, tombstone } = testMessage(1);
        const other = testMessage(2, { routingKey: new Uint8Array(16) }).payload;
        const answer = await submit([payload, tombstone, payload, payload, other]);
        const refused = { status: "error", error: "Rate limit exceeded for this routing key" };
        const ok = { status: "ok" };
        expect(JSON.parse(answer.body).results).toEqual([ok, ok, ok, refused, ok]);
        expect(arrived.length).toBe(4);
    });

    it("counts fetches by key and by address, and leaves health, identity and stats alone", async () => {
        const limits = { fetchKey: { perSecond: 1, burst: 2 }, fetchIp: { perSecond: 1, burst: 3 } };
        const { ask } = await startServer({ rates: rates(limits) });
        const statuses = [];
        for (const path of [FETCH, FETCH, FETCH, OTHER, OTHER]) statuses.push((await ask({ path })).status);
        expect(statuses).toEqual([200, 200, 429, 200, 429]);
        expect((await ask({ path: "/api/v1/health" })).status).toBe(200);
        expect((await ask({ path: "/api/v1/stats" })).status).toBe(200);
        expect((await ask({ path: "/api/v1/identity" })).status).toBe(400);
    });

    it("believes X-Forwarded-For only of a trusted proxy", async () => {
        for (const trustProxy of [true, false]) {
            const limits = rates({ submitIp: { perSecond: 1, burst: 1 } });
            const { submit } = await startServer({ rates: limits, trustProxy });
            const { payload } = testMessage(1);
            expect((await submit([payload], { "x-forwarded-for": "203.0.113.1" })).status).toBe(200);
            const second = await submit([payload], { "x-forwarded-for": "203.0.113.2" });
            expect(second.status).toBe(trustProxy ? 200 : 429);
        }
    });
});
