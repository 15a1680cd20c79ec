import { describe, expect, it } from "vitest";
import { toBase64 } from "../../../src/base/encoding.ts";
import type { Cursor } from "../../../src/carriers/http/peer/fetcher.ts";
import { testMessage } from "../../support/envelopes.ts";
import { type Asked, type Said, scriptedPeer, startPeer } from "./peer-rig.ts";

const KEY = testMessage(1).routingKey;
const HEX = Buffer.from(KEY).toString("hex");
const payloads = (from: number, to: number): readonly Uint8Array[] =>
    Array.from({ length: to - from }, (_, index) => testMessage(from + index).payload);

/** A mailbox of `count` messages, of which each page shows three. */
function honest(count: () => number): (asked: Asked) => Said {
    return ({ url }) => {
        const after = Number(new URL(url, "http://x").searchParams.get("after") ?? 0);
        const end = Math.min(count(), after + 3);
        const next = end > after ? { next_cursor: String(end) } : {};
        const page = payloads(after + 1, end + 1).map(toBase64);
        return { body: JSON.stringify({ payloads: page, ...next, has_more: end < count() }) };
    };
}

describe("a peer's mailbox", () => {
    it("is read page by page, and on from there after a restart", async () => {
        let count = 7;
        const { url, asked } = await scriptedPeer(honest(() => count));
        const rig = await startPeer(url, { routingKeys: [KEY] });
        await rig.until(() => rig.arrived.length === 7);
        expect(rig.arrived.map((each) => Uint8Array.from(each))).toEqual(payloads(1, 8));
        await rig.until(() => rig.cursors.get(HEX)?.cursor === 7n);
        await rig.peer.stop();
        count = 9;
        const before = asked.length;
        const again = await startPeer(url, { routingKeys: [KEY], cursors: rig.cursors });
        await again.until(() => again.arrived.length === 2);
        expect(asked[before]?.url).toBe("/api/v1/fetch/sLCwsLCwsLCwsLCwAAAAAQ?after=7");
    });

    it("is read from its first row again after a day, in case it was lost and numbered anew", async () => {
        const { url } = await scriptedPeer(honest(() => 2));
        const cursors = new Map<string, Cursor>([[HEX, { cursor: 900n, begunAt: 1_767_225_600 - 24 * 3600 }]]);
        const rig = await startPeer(url, { routingKeys: [KEY], cursors });
        await rig.until(() => rig.arrived.length === 2);
        expect(cursors.get(HEX)).toEqual({ cursor: 2n, begunAt: 1_767_225_600 });
    });

    it("is read again where its messages could not be kept, and not where they never can", async () => {
        const { url } = await scriptedPeer(honest(() => 3));
        let isFull = true;
        const rig = await startPeer(url, {
            routingKeys: [KEY],
            onPayload: async (payload) => {
                if (payload[40] === 1) return { kind: "refused", reason: "undecodable", text: "" };
                return isFull ? { kind: "refused", reason: "storage", text: "" } : { kind: "stored" };
            },
        });
        await rig.until(() => rig.arrived.length === 3);
        await rig.clock.advance(0);
        expect(rig.cursors.size).toBe(0);
        isFull = false;
        await rig.until(() => rig.cursors.get(HEX)?.cursor === 3n, 1_000);
        expect(rig.arrived).toHaveLength(6);
    });
});

describe("a peer that lies in cursors", () => {
    const one = toBase64(testMessage(1).payload);

    it.each([
        ["stands still", '"1"'],
        ["goes back", '"-5"'],
        ["is no number", '"x"'],
        ["is a number and no text", "7"],
    ])("one that %s is left alone after five polls", async (_, cursor) => {
        const { url, asked } = await scriptedPeer(({ url: path }) => ({
            body: path.includes("after")
                ? `{"payloads":["${one}"],"next_cursor":${cursor},"has_more":true}`
                : `{"payloads":["${one}"],"next_cursor":"1","has_more":true}`,
        }));
        const rig = await startPeer(url, { routingKeys: [KEY] });
        await rig.until(() => rig.states.at(-1)?.kind === "down", 1_000);
        expect(rig.states.at(-1)).toMatchObject({ reason: expect.stringMatching(/pages do not go on/) });
        expect(asked.length).toBeLessThanOrEqual(6);
    });

    it("one that never ends costs a hundred pages a poll", async () => {
        let row = 0;
        const { url, asked } = await scriptedPeer(() => ({
            body: `{"payloads":["${one}"],"next_cursor":"${++row}","has_more":true}`,
        }));
        const rig = await startPeer(url, { routingKeys: [KEY] });
        await rig.until(() => asked.length === 100);
        await rig.until(() => rig.cursors.get(HEX)?.cursor === 100n);
        await rig.clock.advance(59_000);
        expect(asked).toHaveLength(100);
    });

    it("one beyond every row number is not believed", async () => {
        const { url } = await scriptedPeer(() => ({
            body: `{"payloads":["${one}"],"next_cursor":"9999999999999999999","has_more":true}`,
        }));
        const rig = await startPeer(url, { routingKeys: [KEY] });
        await rig.until(() => rig.arrived.length === 1);
        await rig.clock.advance(0);
        expect(rig.cursors.size).toBe(0);
    });
});
