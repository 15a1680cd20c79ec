import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SettleContext, settleOffer } from "../../src/relay/delivery.ts";
import { ingest } from "../../src/relay/ingest.ts";
import { CATCH_UP_ITEMS_MAX, RELAY_LIMITS_DEFAULT } from "../../src/relay/limits.ts";
import { catchUp, offeredPayload } from "../../src/relay/offers.ts";
import { HANDOVERS_MAX, PAUSES, spreadPauseMs } from "../../src/relay/pauses.ts";
import { rule } from "../../src/relay/rules.ts";
import { mailboxWay, testMessage, testWay } from "../support/envelopes.ts";
import { ModelStore } from "../support/model-store.ts";

const NOW = 1_767_225_600;
const http = mailboxWay();
const lora = testWay("lora");

function at(store: ModelStore, monotonic: number): SettleContext {
    return { store, ways: [http, lora], quorum: { kind: "any" }, way: lora, monotonic, wall: NOW };
}

function stored(count: number): ModelStore {
    const store = new ModelStore();
    for (let number = 1; number <= count; number++) {
        ingest(
            {
                store,
                now: NOW,
                limits: { ...RELAY_LIMITS_DEFAULT, mailboxMessagesMax: count },
                ways: [http, lora],
                from: http,
            },
            testMessage(number).payload,
        );
    }
    return store;
}

describe("rules", () => {
    it("name what they decide", () => {
        expect(rule({ ingress: "lora", size: 10 }, lora)).toBe("came_from_there");
        expect(rule({ ingress: "http", size: 10 }, http)).toBe("no_offers");
        expect(rule({ ingress: "http", size: 1001 }, lora)).toBe("too_large");
        expect(rule({ ingress: "http", size: 1000 }, lora)).toBe("offer");
    });

    it("let the pause grow to its limit and never beyond a quarter more", () => {
        fc.assert(
            fc.property(fc.nat(1000), fc.uint8Array({ minLength: 16, maxLength: 16 }), (attempts, messageId) => {
                const pause = spreadPauseMs(PAUSES.http, attempts + 1, messageId);
                expect(pause).toBeGreaterThanOrEqual(PAUSES.http.firstMs * 0.75);
                expect(pause).toBeLessThanOrEqual(PAUSES.http.maxMs * 1.25);
                expect(spreadPauseMs(PAUSES.http, attempts + 2, messageId)).toBeGreaterThanOrEqual(pause);
            }),
        );
    });
});

describe("an offer", () => {
    it("where nobody can answer comes again when it is told to, then ends, and its message stays", () => {
        const store = stored(1);
        const [offer] = store.dueOffers("lora", 0, 1);
        if (!offer) throw new Error("the offer is gone");
        expect(settleOffer(at(store, 1_000), offer, { kind: "handed_over", notBefore: 3_600_000 }).retryAt).toBe(
            3_600_000,
        );
        expect(store.dueOffers("lora", 3_599_999, 1)).toHaveLength(0);
        const [again] = store.dueOffers("lora", 3_600_000, 1);
        expect(again?.attempts).toBe(1);
        expect(settleOffer(at(store, 3_700_000), offer, { kind: "handed_over" }).retryAt).toBeUndefined();
        expect(store.nextOfferAt("lora")).toBeUndefined();
        expect(store.message(offer.messageId)).toBeDefined();
    });

    it("is put off by a failure, for longer each time, and counted", () => {
        const store = stored(1);
        const pauses: number[] = [];
        let now = 0;
        for (let attempts = 0; attempts < 3; attempts++) {
            const [offer] = store.dueOffers("lora", now, 1);
            if (!offer) throw new Error("the offer is gone");
            expect(offer.attempts).toBe(attempts);
            const retryAt = settleOffer(at(store, now), offer, { kind: "failed", detail: "no answer" }).retryAt ?? 0;
            expect(store.dueOffers("lora", retryAt - 1, 1)).toEqual([]);
            expect(store.nextOfferAt("lora")).toBe(retryAt);
            pauses.push(retryAt - now);
            now = retryAt;
        }
        // Each pause is rounded to a millisecond of its own.
        expect(pauses[1]).toBeCloseTo((pauses[0] ?? 0) * 2, -1);
        expect(pauses[2]).toBeCloseTo((pauses[0] ?? 0) * 4, -1);
    });

    it("waits as long as the carrier asks, when that is longer", () => {
        const store = stored(1);
        const [offer] = store.dueOffers("lora", 0, 1);
        if (!offer) throw new Error("the offer is gone");
        const outcome = { kind: "failed", detail: "budget used up", notBefore: 3_600_000 } as const;
        expect(settleOffer(at(store, 0), offer, outcome).retryAt).toBe(3_600_000);
    });

    it.each([{ kind: "peer_stored" } as const, { kind: "rejected", detail: "never" } as const])(
        "ends with $kind and is not offered again after a restart",
        (outcome) => {
            const store = stored(1);
            const [offer] = store.dueOffers("lora", 0, 1);
            if (!offer) throw new Error("the offer is gone");
            expect(settleOffer(at(store, 0), offer, outcome).retryAt).toBeUndefined();
            store.resumeOffers(["http", "lora"]);
            expect(catchUp(store, lora, NOW)).toBe(false);
            expect(store.nextOfferAt("lora")).toBeUndefined();
        },
    );

    it("has no bytes once its message expired", () => {
        const store = stored(1);
        const [offer] = store.dueOffers("lora", 0, 1);
        if (!offer) throw new Error("the offer is gone");
        expect(offeredPayload(store, offer, NOW)).toEqual(testMessage(1).payload);
        expect(offeredPayload(store, offer, NOW + 168 * 3600)).toBeUndefined();
    });
});

describe("an offer to a middleman", () => {
    it("is handed over a bounded number of times, with growing pauses that fit into Ember's memory of an hour", () => {
        const store = stored(1);
        // Failures before do not count.
        const [failing] = store.dueOffers("lora", 0, 1);
        if (!failing) throw new Error("the offer is gone");
        for (let attempts = 0; attempts < 9; attempts++)
            settleOffer(at(store, -3_600_000), failing, { kind: "failed", detail: "away" });
        const times: number[] = [];
        for (let now = 0; ; now = store.nextOfferAt("lora") ?? 0) {
            const [offer] = store.dueOffers("lora", now, 1);
            if (!offer) break;
            times.push(now);
            settleOffer(at(store, now), offer, { kind: "handed_over", repeats: true });
            expect(store.dueOffers("lora", now, 1)).toEqual([]);
        }
        const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
        expect(times).toHaveLength(HANDOVERS_MAX);
        expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
        expect(times.at(-1)).toBeLessThan(3_600_000);
        store.resumeOffers(["lora"]);
        expect(catchUp(store, lora, NOW)).toBe(false);
    });
});

describe("a carrier that is added later", () => {
    it("is offered everything that lives and did not come from it, in bounded steps, once", () => {
        const count = CATCH_UP_ITEMS_MAX + 3;
        const store = stored(count);
        const mesh = testWay("mesh");
        store.resumeOffers(["http", "lora", "mesh"]);
        let steps = 0;
        while (catchUp(store, mesh, NOW)) steps++;
        expect(steps).toBe(2);
        expect(store.dueOffers("mesh", 0, count + 1).length).toBe(count);
        expect(catchUp(store, http, NOW)).toBe(false);
    });

    it("is not offered what anybody could have forged", () => {
        const store = stored(0);
        ingest(
            { store, now: NOW, limits: RELAY_LIMITS_DEFAULT, ways: [http, lora], from: lora },
            testMessage(1).tombstone,
        );
        expect(store.tombstoneCounts().unproven).toBe(1);
        expect(catchUp(store, testWay("mesh"), NOW)).toBe(false);
    });
});
