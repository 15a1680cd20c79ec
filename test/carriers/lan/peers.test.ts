import { describe, expect, it } from "vitest";
import { ok } from "../../../src/base/result.ts";
import { deliver } from "../../../src/carriers/lan/delivery.ts";
import type { LanCalls, LanFrameResult } from "../../../src/carriers/lan/lan-http.ts";
import { DISTRUST_MS, PeerTable } from "../../../src/carriers/lan/peers.ts";
import { DailyQuota } from "../../../src/carriers/lan/quota.ts";
import { id16, testMessage } from "../../support/envelopes.ts";

const KEY = Buffer.from(testMessage(1).routingKey).toString("hex");

function sighting(
    id: string,
    more: { readonly port?: number; readonly caps?: readonly string[]; readonly key?: string } = {},
) {
    const { port = 1, caps = [], key = KEY } = more;
    return { id, instance: id, routingKey: key, port, caps, addresses: ["10.0.0.2"] };
}

function table(known: readonly string[] = [], peersMax = 256): PeerTable {
    return new PeerTable({ peersMax, refreshMs: 300_000, isKnown: (key) => known.includes(key) });
}

const ids = (peers: readonly { readonly sighting: { readonly id: string } }[]) => peers.map((peer) => peer.sighting.id);

describe("the table of peers", () => {
    it("gives a contact's messages to nobody who has not shown to be the contact", () => {
        const peers = table([KEY]);
        peers.see(sighting("right"), 0);
        peers.see(sighting("wrong"), 0);
        expect(peers.receivers(0)).toEqual([]);
        expect(ids(peers.due(0))).toEqual(["right", "wrong"]);
        peers.checked("right", "good", 100);
        peers.checked("wrong", "wrong", 100);
        expect(ids(peers.receivers(100))).toEqual(["right"]);
        expect(peers.get("right")?.trust).toBe("verified");
        peers.checked("wrong", "wrong", 300_100);
        expect(peers.get("wrong")).toBeUndefined();
    });

    it("prefers who proved a key over who claims it", () => {
        const peers = table();
        peers.see(sighting("one"), 0);
        peers.see(sighting("two"), 0);
        expect(ids(peers.receivers(0))).toEqual(["one", "two"]);
        peers.succeeded("two", { cursor: 4, proven: true });
        expect(ids(peers.receivers(0))).toEqual(["two"]);
        peers.lose("two");
        expect(ids(peers.receivers(0))).toEqual(["one"]);
    });

    it("looks after everybody every five minutes and forgets who is silent twice", () => {
        const peers = table();
        peers.see(sighting("a"), 0);
        peers.checked("a", "good", 0);
        expect(peers.due(299_999)).toEqual([]);
        expect(ids(peers.due(300_000))).toEqual(["a"]);
        peers.checked("a", "silent", 300_000);
        expect(peers.get("a")).toBeDefined();
        peers.checked("a", "silent", 600_000);
        expect(peers.get("a")).toBeUndefined();
    });

    it("opens the breaker after two failures, for ten seconds", () => {
        const peers = table();
        peers.see(sighting("a"), 0);
        peers.failed("a", "failure", 0);
        expect(ids(peers.receivers(0))).toEqual(["a"]);
        peers.failed("a", "failure", 0);
        expect(peers.receivers(9_999)).toEqual([]);
        expect(ids(peers.receivers(10_000))).toEqual(["a"]);
    });

    it("is bounded; who failed makes room, who showed himself does not", () => {
        const peers = table([], 2);
        expect(peers.see(sighting("a"), 0)).toBe(true);
        expect(peers.see(sighting("b"), 0)).toBe(true);
        expect(peers.see(sighting("c"), 0)).toBe(false);
        peers.succeeded("a", { proven: true });
        peers.failed("a", "failure", 0);
        peers.failed("b", "failure", 0);
        expect(peers.see(sighting("c"), 0)).toBe(true);
        expect(ids(peers.all)).toEqual(["a", "c"]);
    });

    it("takes somebody at another port for somebody else", () => {
        const peers = table();
        peers.see(sighting("a"), 0);
        peers.succeeded("a", { cursor: 9, proven: true });
        peers.see(sighting("a"), 0);
        expect(peers.get("a")?.cursor).toBe(9);
        peers.see(sighting("a", { port: 2 }), 0);
        expect(peers.get("a")).toMatchObject({ cursor: 0, trust: "unknown" });
    });

    it("knows relays by what they say, while they are well", () => {
        const peers = table();
        peers.see(sighting("a", { caps: ["relay", "store"] }), 0);
        peers.see(sighting("b", { key: "00" }), 0);
        expect(ids(peers.relays(0))).toEqual(["a"]);
        peers.failed("a", "busy", 0);
        expect(peers.relays(0)).toEqual([]);
    });
});

describe("a delivery", () => {
    const rows = [1, 2, 3].map((row) => ({ row, payload: testMessage(row).payload }));

    async function attempt(peers: PeerTable, results: readonly LanFrameResult[], from = rows) {
        const asked: number[] = [];
        const calls: LanCalls = {
            identity: async () => ok(new Uint8Array(64)),
            submit: async (_, frames) => {
                asked.push(frames.length);
                return ok(results);
            },
        };
        const peer = peers.get("a");
        if (!peer) throw new Error("the peer is gone");
        const mailbox = {
            page: ({ after, limit }: { readonly after: number; readonly limit: number }) =>
                from.filter(({ row }) => row > after).slice(0, limit),
        };
        const taken = await deliver({ mailbox, calls, peers, wall: () => 0, now: () => 0 }, peer);
        return { taken, asked };
    }

    function known(): PeerTable {
        const peers = table();
        peers.see(sighting("a"), 0);
        return peers;
    }

    const secret = (number: number): LanFrameResult => ({ status: "ok", ackSecret: id16(number, 0xc0) });
    const mute: LanFrameResult = { status: "ok", ackSecret: undefined };

    it("proves the recipient by the secret that only it can know", async () => {
        const peers = known();
        expect(await attempt(peers, [mute, secret(2), mute])).toEqual({ taken: 3, asked: [3] });
        expect(peers.get("a")).toMatchObject({ trust: "proven", cursor: 3, failures: 0 });
        expect(await attempt(peers, [])).toEqual({ taken: 0, asked: [] });
    });

    it("believes no other secret, and goes on slowly", async () => {
        const peers = known();
        await attempt(peers, [secret(9), mute, mute]);
        expect(peers.get("a")).toMatchObject({ trust: "unknown", cursor: 3 });
        expect(peers.receivers(0)).toEqual([]);
        expect(peers.receivers(10_000)).toHaveLength(1);
    });

    it("stops before what the peer cannot store now, and passes what it never will", async () => {
        const peers = known();
        const bad: LanFrameResult = { status: "error", error: "Invalid message format" };
        const full: LanFrameResult = { status: "error", error: "Failed to store message" };
        await attempt(peers, [secret(1), bad, full]);
        expect(peers.get("a")).toMatchObject({ cursor: 2, failures: 1 });
    });

    it("leaves somebody alone who is not the one", async () => {
        const peers = known();
        await attempt(peers, [{ status: "error", error: "Routing key mismatch" }, mute, mute]);
        expect(peers.get("a")?.cursor).toBe(0);
        expect(peers.receivers(DISTRUST_MS - 1)).toEqual([]);
    });

    it("passes over what no body can carry", async () => {
        const peers = known();
        const huge = { row: 1, payload: new Uint8Array(600_000) };
        expect(await attempt(peers, [], [huge])).toEqual({ taken: 0, asked: [] });
        expect(peers.get("a")?.cursor).toBe(1);
    });
});

it("a daily quota runs out and comes back evenly", () => {
    const quota = new DailyQuota(2_400);
    expect(quota.take(2_400, 0)).toBe(true);
    expect(quota.take(1, 0)).toBe(false);
    expect(quota.take(101, 3_600_000)).toBe(false);
    expect(quota.take(100, 3_600_000)).toBe(true);
    expect(quota.take(2_401, 10 * 86_400_000)).toBe(false);
    expect(quota.take(2_400, 10 * 86_400_000)).toBe(true);
});
