import { describe, expect, it } from "vitest";
import { busiestWindowMs } from "../../support/busiest-window.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { FakeModem, PARAMS } from "./fake-modem.ts";
import { framesOf, HOUR_MS, isData, parcel, send, start, startPair, wholeFrame } from "./rig.ts";

describe("the LoRa carrier and the law of the air", () => {
    it("writes airtime down before it spends it", async () => {
        const order: string[] = [];
        const rig = await start({
            record: async ({ airtimeMs }) => {
                await Promise.resolve();
                order.push(`recorded ${airtimeMs.toFixed(0)}`);
            },
        });
        rig.modem.onSent = (frame) => order.push(`sent ${rig.modem.airtimeMs(frame.length).toFixed(0)}`);
        rig.modem.handlers?.onUp("ready");
        send(rig, parcel(100));
        await rig.clock.advance(1_000);
        expect(order[0]).toMatch(/^recorded/);
        expect(order[1]).toBe(order[0]?.replace("recorded", "sent"));
    });

    it("sends nothing that it could not write down, says so, and has spent nothing when the disk is back", async () => {
        let full = true;
        const rig = await start({ record: () => (full ? Promise.reject(new Error("disk full")) : Promise.resolve()) });
        rig.modem.handlers?.onUp("ready");
        send(rig, parcel(100));
        await rig.clock.advance(600_000);
        expect(rig.modem.sent).toHaveLength(0);
        expect(rig.states.at(-1)).toMatchObject({ kind: "up", detail: expect.stringContaining("cannot be written") });
        expect(rig.law.spentMs(PARAMS, rig.clock.now().monotonic)).toBe(0);
        full = false;
        await rig.clock.advance(5_000);
        expect(rig.modem.sent.length).toBeGreaterThan(0);
        expect(rig.states.at(-1)).toEqual({ kind: "up", detail: "ready" });
    });

    it("without a region listens, delivers, says why it is disabled, and never sends", async () => {
        const rig = await start({ region: undefined });
        rig.modem.handlers?.onUp("ready");
        const payload = Uint8Array.of(1, 2, 3);
        rig.modem.hear(wholeFrame(payload));
        const sending = send(rig, parcel(10));
        await rig.clock.advance(HOUR_MS);
        expect(rig.arrived).toEqual([payload]);
        expect(rig.modem.sent).toHaveLength(0);
        expect(rig.journal).toHaveLength(0);
        expect(sending.outcome).toMatchObject({ kind: "failed", detail: expect.stringContaining("no region") });
        expect(rig.states.every(({ kind }) => kind === "disabled")).toBe(true);
    });

    it("cuts frames to the dwell time, and is disabled where none fits", async () => {
        const us = { ...PARAMS, frequencyHz: 915_000_000 };
        const quick = { region: "US915", params: { ...us, spreadingFactor: 8 } };
        const [fast, far] = await startPair(quick, quick);
        send(fast, parcel(2_000));
        expect(await fast.clock.runUntil(() => far.arrived.length === 1, HOUR_MS)).toBe(true);
        const longest = Math.max(...fast.modem.sent.map(({ frame }) => fast.modem.airtimeMs(frame.length)));
        expect(longest).toBeLessThanOrEqual(400);
        expect(longest).toBeGreaterThan(350);
        const slow = await start({ region: "US915", params: { ...us, spreadingFactor: 11 } });
        slow.modem.handlers?.onUp("ready");
        expect(slow.states.at(-1)).toMatchObject({ kind: "disabled", reason: expect.stringContaining("400 ms") });
    });

    it("does not even acknowledge while it is disabled, although an ack alone would fit the dwell time", async () => {
        const slow = { ...PARAMS, frequencyHz: 915_000_000, spreadingFactor: 10 };
        const rig = await start({ region: "US915", params: slow });
        rig.modem.handlers?.onUp("ready");
        expect(rig.states.at(-1)?.kind).toBe("disabled");
        expect(rig.modem.airtimeMs(10)).toBeLessThan(400);
        rig.modem.hear(wholeFrame(Uint8Array.of(1, 2, 3)));
        await rig.clock.advance(60_000);
        expect(rig.arrived).toHaveLength(1);
        expect(rig.modem.sent).toHaveLength(0);
    });

    it("takes payloads as large as half an hour's budget carries", async () => {
        const sizeMax = async (frequencyHz: number) => {
            const rig = await start({ params: { ...PARAMS, frequencyHz, powerDbm: 10 } });
            return rig.carrier.traits.payloadSizeMax;
        };
        expect(await sizeMax(868_950_000)).toBe(1_024);
        const frames = Math.floor(18_000 / new FakeModem(new VirtualClock()).airtimeMs(240));
        expect(await sizeMax(868_100_000)).toBe(frames * (240 - 3));
        expect(await sizeMax(869_525_000)).toBe(16_384);
    });

    it("keeps a twentieth of the hour for acks, and lends it to data when the past is about to end", async () => {
        const spent = async (agoS: number) => {
            const rig = await start();
            rig.modem.handlers?.onUp("ready");
            rig.law.restore([{ at: rig.clock.now().wall - agoS, airtimeMs: 34_200 }], rig.clock.now());
            return rig;
        };
        for (const agoS of [0, 3_000]) {
            const rig = await spent(agoS);
            send(rig, parcel(10));
            await rig.clock.advance(1_000);
            expect(framesOf(rig).filter(({ kind }) => kind === "poll")).toHaveLength(agoS === 0 ? 0 : 1);
        }
        const second = await spent(0);
        send(second, parcel(10));
        second.modem.hear(wholeFrame(Uint8Array.of(1, 2, 3)));
        await second.clock.advance(5_000);
        expect(framesOf(second).filter(({ kind }) => kind === "ack").length).toBeGreaterThan(0);
        expect(framesOf(second).filter((frame) => isData(frame) || frame.kind === "poll")).toHaveLength(0);
    });

    it("gives a frame up that waits for the law when the modem goes, and spends nothing on it", async () => {
        const rig = await start();
        rig.modem.handlers?.onUp("ready");
        rig.law.restore([{ at: rig.clock.now().wall, airtimeMs: 36_000 }], rig.clock.now());
        send(rig, parcel(10));
        await rig.clock.advance(1_000);
        rig.modem.handlers?.onDown({ kind: "unplugged", detail: "gone" });
        await rig.clock.advance(2 * HOUR_MS);
        expect(rig.journal).toHaveLength(0);
    });

    it("waits for the duty cycle, says how long, and goes on by itself", async () => {
        const [near, far] = await startPair();
        near.law.restore([{ at: near.clock.now().wall, airtimeMs: 36_000 }], near.clock.now());
        const sending = send(near, parcel(200));
        await near.clock.advance(60_000);
        expect(near.modem.sent).toHaveLength(0);
        expect(near.states.at(-1)).toMatchObject({
            kind: "up",
            detail: expect.stringMatching(/duty cycle, 36\d\d s$/),
        });
        expect(await near.clock.runUntil(() => sending.outcome !== undefined, 2 * HOUR_MS)).toBe(true);
        expect(sending.outcome).toEqual({ kind: "peer_stored" });
        expect(near.states.at(-1)).toEqual({ kind: "up", detail: "ready" });
        expect(far.arrived).toHaveLength(1);
    });

    it("never spends more than 1 % of an hour, and journals every millisecond of it", async () => {
        const rig = await start();
        rig.modem.handlers?.onUp("ready");
        for (let round = 0; round < 60; round++) {
            for (let each = 0; each < 3; each++) send(rig, parcel(1_000 + each));
            await rig.clock.advance(HOUR_MS / 20);
        }
        const spans = rig.modem.sent.map(({ at, permit }) => ({ start: at, airtimeMs: permit.airtimeMs }));
        expect(spans.length).toBeGreaterThan(40);
        expect(busiestWindowMs(spans, HOUR_MS)).toBeLessThanOrEqual(36_000);
        const total = (list: readonly { readonly airtimeMs: number }[]) =>
            list.reduce((sum, { airtimeMs }) => sum + airtimeMs, 0);
        expect(total(rig.journal)).toBeGreaterThanOrEqual(total(spans) - 1e-6);
        for (const { frame, permit } of rig.modem.sent)
            expect(permit.airtimeMs).toBe(rig.modem.airtimeMs(frame.length));
    });

    it("writes down again all that counts when the wall clock is set", async () => {
        const rig = await start();
        rig.modem.handlers?.onUp("ready");
        send(rig, parcel(900));
        await rig.clock.advance(60_000);
        const spent = rig.law.spentMs(PARAMS, rig.clock.now().monotonic);
        rig.clock.jumpWall(1_800_000_000);
        const before = rig.journal.length;
        send(rig, parcel(100));
        await rig.clock.advance(60_000);
        const written = rig.journal.slice(before)[0];
        expect(written?.at).toBeGreaterThanOrEqual(1_800_000_000);
        expect(written?.airtimeMs).toBeGreaterThan(spent);
    });
});
