import { blake3 } from "@noble/hashes/blake3.js";
import { describe, expect, it } from "vitest";
import { CHUNK_PAUSE_MS } from "../../../src/carriers/lora/chunk-sender.ts";
import { encodeChunks } from "../../../src/link/chunks.ts";
import { testMessage } from "../../support/envelopes.ts";
import { HOUR_MS, parcel, send, start, startPair } from "./rig.ts";

const MESSAGE = { ...parcel(1), payload: testMessage(1).payload };

function chunksOf(payload: Uint8Array, frameSizeMax: number): readonly Uint8Array[] {
    const chunks = encodeChunks(payload, frameSizeMax, blake3);
    if (!chunks.ok) throw new Error(chunks.error);
    return chunks.value;
}

const key = (slot: number) => ({ current: { slot, key: new Uint8Array(32).fill(slot + 1) } });

describe("Ember's chunks", () => {
    it.each([
        ["without a network key", undefined],
        ["with one, although they bear none", key(0)],
    ])("are heard %s, and nobody is answered", async (_, keys) => {
        const rig = await start(keys ? { keys } : {});
        rig.modem.handlers?.onUp("ready");
        await rig.clock.advance(60_000);
        const before = rig.modem.sent.length;
        for (const chunk of chunksOf(MESSAGE.payload, 60).toReversed()) rig.modem.hear(chunk);
        await rig.clock.advance(60_000);
        expect(rig.arrived).toEqual([MESSAGE.payload]);
        expect(rig.modem.sent).toHaveLength(before);
    });

    it("go out instead of the link's frames, and nobody claims that they arrived", async () => {
        const [near, far] = await startPair({}, { emberChunks: true });
        const sending = send(near, MESSAGE);
        expect(await near.clock.runUntil(() => sending.outcome !== undefined, HOUR_MS)).toBe(true);
        const notBefore = near.clock.now().monotonic + CHUNK_PAUSE_MS;
        expect(sending.outcome).toEqual({ kind: "handed_over", notBefore });
        await near.clock.advance(60_000);
        expect(far.arrived).toEqual([MESSAGE.payload]);
        const sent = near.modem.sent.map(({ frame }) => frame);
        for (const chunk of chunksOf(MESSAGE.payload, 240)) expect(sent).toContainEqual(chunk);
        expect(near.air.filter((event) => event.kind === "sent" && event.frame === "data")).toHaveLength(0);
        expect(near.air.filter((event) => event.kind === "sent" && event.frame === "chunk")).toHaveLength(2);
    });

    it("are given up for good after the third time", async () => {
        const [near] = await startPair({}, { emberChunks: true });
        const sending = send(near, { ...MESSAGE, attempts: 2 });
        expect(await near.clock.runUntil(() => sending.outcome !== undefined, HOUR_MS)).toBe(true);
        expect(sending.outcome).toEqual({ kind: "handed_over" });
    });

    it("leave tombstones to the link", async () => {
        const [near, far] = await startPair({}, { emberChunks: true });
        const sending = send(near, { ...MESSAGE, kind: "tombstone", payload: testMessage(1).tombstone });
        expect(await near.clock.runUntil(() => sending.outcome !== undefined, HOUR_MS)).toBe(true);
        expect([sending.outcome, far.arrived]).toEqual([{ kind: "peer_stored" }, [testMessage(1).tombstone]]);
    });

    it("that wait for the law are called back at once, and keep no answer waiting", async () => {
        const [near, far] = await startPair({}, { emberChunks: true });
        near.law.restore([{ at: near.clock.now().wall, airtimeMs: 34_200 }], near.clock.now());
        const controller = new AbortController();
        const sending = send(near, MESSAGE, controller.signal);
        const back = send(far, parcel(300));
        expect(await far.clock.runUntil(() => back.outcome !== undefined, 120_000)).toBe(true);
        expect(back.outcome).toEqual({ kind: "peer_stored" });
        expect(sending.outcome).toBeUndefined();
        controller.abort();
        await near.clock.advance(1);
        expect(sending.outcome).toEqual({ kind: "failed", detail: "called back" });
        await near.clock.advance(2 * HOUR_MS);
        expect(near.air.filter((event) => event.kind === "sent" && event.frame === "chunk")).toHaveLength(0);
    });
});

describe("an estimate", () => {
    it("is told when a parcel is taken for the first time, and only then", async () => {
        const [near] = await startPair();
        send(near, parcel(2_000));
        send(near, { ...parcel(2_000), attempts: 1 });
        await near.clock.advance(1);
        const told = near.air.flatMap((event) => (event.kind === "estimate" ? [event.estimate] : []));
        expect(told).toHaveLength(1);
        expect(told[0]).toMatchObject({ frames: 9 });
        expect(told[0]?.budgetShare).toBeCloseTo((told[0]?.airtimeMs ?? 0) / 36_000);
    });

    it("is not far from what is sent", async () => {
        for (const emberChunks of [false, true]) {
            const [near] = await startPair({}, { emberChunks });
            const sending = send(near, MESSAGE);
            expect(await near.clock.runUntil(() => sending.outcome !== undefined, HOUR_MS)).toBe(true);
            const spent = near.air.reduce(
                (sum, event) =>
                    event.kind === "sent" && (event.frame === "data" || event.frame === "chunk")
                        ? sum + event.airtimeMs
                        : sum,
                0,
            );
            const estimate = near.air.find((event) => event.kind === "estimate")?.estimate;
            expect((estimate?.airtimeMs ?? 0) / spent).toBeGreaterThan(0.99);
            expect((estimate?.airtimeMs ?? 0) / spent).toBeLessThan(1.2);
        }
    });
});
