import { isIP } from "node:net";
import type { Millis } from "../../base/time.ts";
import { type Answer, emptyAnswer } from "./answers.ts";
import { RATE_BUCKETS_MAX, type Rate } from "./limits.ts";

interface Bucket {
    tokens: number;
    at: Millis;
}

export type Taken =
    | { readonly ok: true; readonly remaining: number }
    /** `waitMs` until one token is there. */
    | { readonly ok: false; readonly waitMs: Millis };

/** Token buckets by name: `perSecond` flow in, `burst` fit. A name nobody used for long starts full again. */
export class RateLimiter {
    readonly burst: number;
    readonly #perMs: number;
    readonly #bucketsMax: number;
    readonly #buckets = new Map<string, Bucket>();

    constructor(rate: Rate, bucketsMax = RATE_BUCKETS_MAX) {
        this.#perMs = rate.perSecond / 1000;
        this.burst = rate.burst > 0 ? rate.burst : rate.perSecond;
        this.#bucketsMax = bucketsMax;
    }

    get enabled(): boolean {
        return this.#perMs > 0;
    }

    get size(): number {
        return this.#buckets.size;
    }

    take(name: string, now: Millis): Taken {
        if (!this.enabled) return { ok: true, remaining: this.burst };
        const bucket = this.#buckets.get(name) ?? { tokens: this.burst, at: now };
        bucket.tokens = Math.min(this.burst, bucket.tokens + Math.max(0, now - bucket.at) * this.#perMs);
        bucket.at = now;
        this.#touch(name, bucket);
        if (bucket.tokens < 1) return { ok: false, waitMs: (1 - bucket.tokens) / this.#perMs };
        bucket.tokens -= 1;
        return { ok: true, remaining: Math.floor(bucket.tokens) };
    }

    /** Moves the bucket to the young end of the map, and the oldest out where there are too many. */
    #touch(name: string, bucket: Bucket): void {
        this.#buckets.delete(name);
        this.#buckets.set(name, bucket);
        if (this.#buckets.size <= this.#bucketsMax) return;
        for (const oldest of this.#buckets.keys()) {
            this.#buckets.delete(oldest);
            return;
        }
    }
}

/** Ember's 429 (SPEC 14.7), except that waiting as long as it says is enough. */
export function limitedAnswer(limiter: RateLimiter, waitMs: Millis): Answer {
    const seconds = String(Math.max(1, Math.ceil(waitMs / 1000)));
    return {
        ...emptyAnswer(429, ["x-ratelimit-after", seconds, "retry-after", seconds, ...rateHeaders(limiter, 0)]),
        body: `Too Many Requests! Wait for ${seconds}s`,
    };
}

export function rateHeaders(limiter: RateLimiter, remaining: number): readonly string[] {
    if (!limiter.enabled) return [];
    return ["x-ratelimit-limit", String(limiter.burst), "x-ratelimit-remaining", String(remaining)];
}

/**
 * The name under which a client is counted: its IPv4 address, or the /64 of its IPv6 address, since one customer has a
 * whole /64. `forwarded` is X-Forwarded-For of a trusted proxy: its last entry is the one which that proxy saw.
 */
export function clientName(socketAddress: string | undefined, forwarded: string | undefined): string {
    const last = forwarded?.split(",").at(-1)?.trim() ?? "";
    const address = isIP(last) > 0 ? last : (socketAddress ?? "");
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
    return isIP(plain) === 6 ? networkOf(plain) : plain;
}

function networkOf(address: string): string {
    const [head = "", tail] = address.toLowerCase().replace(/%.*$/, "").split("::");
    const left = head === "" ? [] : head.split(":");
    const right = tail === undefined || tail === "" ? [] : tail.split(":");
    const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
    const groups = [...left, ...Array.from({ length: zeros }, () => "0"), ...right].slice(0, 4);
    return `${groups.map((group) => group.replace(/^0+(?=.)/, "")).join(":")}::/64`;
}
