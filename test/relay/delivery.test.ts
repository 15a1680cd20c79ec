import { describe, expect, it } from "vitest";
import type { DeliveryTraits, SendOutcome } from "../../src/carriers/carrier.ts";
import { expire, phaseOf, refresh, type SettleContext, settleOffer } from "../../src/relay/delivery.ts";
import { ingest } from "../../src/relay/ingest.ts";
import { RELAY_LIMITS_DEFAULT } from "../../src/relay/limits.ts";
import { parseQuorum } from "../../src/relay/quorum.ts";
import { HEAD_START_MS, type Way } from "../../src/relay/rules.ts";
import { id16, mailboxWay, testMessage, testWay } from "../support/envelopes.ts";
import { ModelStore } from "../support/model-store.ts";

const NOW = 1_767_225_600;
const RECEIPT = new Uint8Array(64).fill(1);
const STORED: SendOutcome = { kind: "peer_stored", receipt: RECEIPT };
const FAILED: SendOutcome = { kind: "failed", detail: "no answer" };
const http = mailboxWay();
const { messageId, routingKey, payload, tombstone } = testMessage(1);

function peer(id: string, delivery: Partial<DeliveryTraits> = {}): Way {
    return testWay(id, { revives: false, delivery: { tier: "quorum", priority: 100, replicates: true, ...delivery } });
}

/** A gateway's rules over the slow store, with one message in it. */
class Rig {
    readonly store = new ModelStore();
    readonly ways: readonly Way[];
    readonly quorum: SettleContext["quorum"];
    wall = NOW;

    constructor(ways: readonly Way[], quorum = "any") {
        this.ways = [http, ...ways];
        const parsed = parseQuorum(quorum);
        if (!parsed.ok) throw new Error(parsed.error);
        this.quorum = parsed.value;
        this.take(http, payload);
    }

    take(from: Way, bytes: Uint8Array) {
        const { store, ways, wall: now } = this;
        return ingest({ store, ways, now, monotonic: 0, limits: RELAY_LIMITS_DEFAULT, from }, bytes);
    }

    settle(carrier: string, outcome: SendOutcome, monotonic = 0) {
        const way = this.ways.find(({ id }) => id === carrier);
        const [offer] = this.store.dueOffers(carrier, Number.MAX_SAFE_INTEGER, 1);
        if (!way || !offer) throw new Error(`nothing is offered to ${carrier}`);
        const { store, ways, quorum, wall } = this;
        return settleOffer({ store, ways, quorum, way, monotonic, wall }, offer, outcome);
    }

    due(carrier: string, monotonic = 0): number {
        return this.store.dueOffers(carrier, monotonic, 9).length;
    }

    get phase() {
        return phaseOf(this, this.store.deliveries(messageId));
    }
}

describe("a message", () => {
    it("is distributed once its quorum stored it, radios not counted", () => {
        const rig = new Rig([peer("a"), peer("b"), peer("c"), testWay("lora")], "count:2");
        rig.settle("lora", { kind: "peer_stored" });
        expect(rig.settle("a", STORED).nowDistributed).toBe(false);
        expect(rig.phase).toBe("urgent");
        expect(rig.settle("b", STORED).nowDistributed).toBe(true);
        expect(rig.phase).toBe("distributed");
        expect(rig.settle("c", STORED).nowDistributed).toBe(false);
    });

    it("with nobody to ask is never distributed, and with a vote that failed not yet", () => {
        expect(new Rig([testWay("lora")]).phase).toBe("urgent");
        const rig = new Rig([peer("a"), peer("b")], "all");
        rig.settle("a", STORED);
        rig.settle("b", FAILED);
        expect(rig.phase).toBe("urgent");
    });

    it("is tried again soon while it is urgent, and later from then on: 5, 10, 20, 40, 60 s, then to 300 s", () => {
        const rig = new Rig([peer("a"), peer("b")]);
        const pauses = (): number[] =>
            Array.from({ length: 7 }, () => (rig.settle("b", FAILED).retryAt ?? 0) / (0.75 + 1 / 512));
        expect(pauses().map((ms) => Math.round(ms / 1000))).toEqual([5, 10, 20, 40, 60, 60, 60]);
        rig.settle("a", STORED);
        expect(Math.round((rig.settle("b", FAILED).retryAt ?? 0) / (0.75 + 1 / 512) / 1000)).toBe(300);
        const [b] = rig.store.deliveries(messageId).filter(({ carrier }) => carrier === "b");
        expect(b).toMatchObject({ tries: 8, outcome: "failed", detail: "no answer", storedAt: undefined });
    });

    it("goes to each target once, whatever happens at the others", () => {
        const rig = new Rig([peer("a"), peer("b")], "all");
        rig.settle("a", STORED);
        for (let times = 0; times < 3; times++) rig.settle("b", FAILED);
        expect(rig.due("a", Number.MAX_SAFE_INTEGER)).toBe(0);
        expect(rig.store.deliveries(messageId)[0]).toMatchObject({ carrier: "a", tries: 1, receipt: RECEIPT });
    });

    it("that came from a peer is not offered back there", () => {
        const rig = new Rig([peer("a"), peer("b")]);
        rig.take(rig.ways[1] ?? http, testMessage(2).payload);
        expect(rig.store.openOffers("message", testMessage(2).messageId).map(({ carrier }) => carrier)).toEqual(["b"]);
    });
});

describe("the tier direct", () => {
    const own = (key: Uint8Array): Way => peer("home", { tier: "direct", onlyFor: key });

    it("gets what is for its own key, and that alone distributes it and spares who need not have it", () => {
        const rig = new Rig([own(routingKey), peer("a", { replicates: false }), peer("b"), testWay("lora")], "all");
        expect([rig.due("home"), rig.due("a"), rig.due("a", HEAD_START_MS), rig.due("b")]).toEqual([1, 0, 1, 1]);
        expect(rig.settle("home", STORED).nowDistributed).toBe(true);
        expect([rig.due("a", HEAD_START_MS), rig.due("b"), rig.due("lora")]).toEqual([0, 1, 1]);
        expect(rig.store.deliveries(messageId).find(({ carrier }) => carrier === "a")?.outcome).toBe("unneeded");
    });

    it("gets nothing that is for others, and holds nobody up then", () => {
        const rig = new Rig([own(id16(9, 0xb0)), peer("a", { replicates: false })]);
        expect([rig.due("home"), rig.due("a")]).toEqual([0, 1]);
        rig.take(http, tombstone);
        expect(rig.store.openOffers("tombstone", messageId).map(({ carrier }) => carrier)).toEqual(["a"]);
    });
});

describe("priority", () => {
    it("lets the greater go first among those that need not all have it", () => {
        const rig = new Rig([
            peer("low", { replicates: false, priority: 1 }),
            peer("high", { replicates: false, priority: 2 }),
        ]);
        expect([rig.due("low"), rig.due("high"), rig.due("low", HEAD_START_MS)]).toEqual([0, 1, 1]);
        rig.settle("high", STORED);
        expect(rig.due("low", HEAD_START_MS)).toBe(0);
    });
});

describe("a refresh", () => {
    it("brings again what was confirmed long ago, once, and keeps the first receipt", () => {
        const rig = new Rig([peer("a")]);
        rig.settle("a", STORED);
        expect(refresh(rig.store, "a", NOW)).toBe(0);
        rig.wall += 4 * 3600;
        expect(refresh(rig.store, "a", rig.wall - 3600)).toBe(1);
        expect(rig.due("a")).toBe(1);
        rig.settle("a", { kind: "peer_stored" });
        expect(refresh(rig.store, "a", rig.wall - 3600)).toBe(0);
        expect(rig.store.deliveries(messageId)[0]).toMatchObject({ tries: 2, receipt: RECEIPT, storedAt: rig.wall });
    });
});

describe("expiry", () => {
    it("tells of messages that had somewhere to go: whether they were distributed, and who has them", () => {
        const rig = new Rig([peer("a"), peer("b")], "all");
        rig.settle("a", STORED);
        rig.settle("b", FAILED);
        const gone = expire(rig.store, rig, { now: NOW + 168 * 3600, limit: 9 });
        expect(gone).toEqual({ removed: 1, told: [{ messageId, phase: "urgent", storedBy: ["a"] }] });
        expect(rig.store.deliveries(messageId).at(-1)).toMatchObject({ outcome: "expired", detail: "still wanted: b" });
        expect(expire(rig.store, rig, { now: NOW + 400 * 3600, limit: 9 }).told).toEqual([]);
        expect(rig.store.deliveries(messageId)).toEqual([]);
    });

    it("is silent about messages that were for this mailbox alone", () => {
        const rig = new Rig([]);
        expect(expire(rig.store, rig, { now: NOW + 168 * 3600, limit: 9 })).toEqual({ removed: 1, told: [] });
    });
});

describe("a replica", () => {
    it("that brings the dead is told of the tombstone again, each time, and no other carrier is", () => {
        const rig = new Rig([peer("a"), testWay("lora")]);
        rig.take(http, tombstone);
        rig.settle("a", { kind: "peer_stored" });
        rig.settle("lora", { kind: "peer_stored" });
        const [, a, lora] = rig.ways;
        if (!a || !lora) throw new Error("they are there");
        expect(rig.take(a, payload)).toEqual({ kind: "duplicate" });
        expect(rig.store.openOffers("tombstone", messageId).map(({ carrier }) => carrier)).toEqual(["a"]);
        expect(rig.take(lora, payload)).toEqual({ kind: "duplicate" });
        expect(rig.due("lora")).toBe(0);
        expect(rig.store.message(messageId)).toBeUndefined();
    });
});
