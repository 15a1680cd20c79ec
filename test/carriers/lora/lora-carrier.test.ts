import { describe, expect, it } from "vitest";
import { makePrng } from "../../../src/base/prng.ts";
import type { Arrival, SendOutcome } from "../../../src/carriers/carrier.ts";
import { decodeFrame } from "../../../src/link/frame/frame.ts";
import { entriesOf, framesOf, HOUR_MS, isData, parcel, send, start, startPair } from "./rig.ts";

describe("the LoRa carrier", () => {
    it("brings a parcel across, byte for byte, and claims no more than its peer said", async () => {
        const [near, far] = await startPair();
        const what = parcel(700);
        const sending = send(near, what);
        expect(await near.clock.runUntil(() => sending.outcome !== undefined, HOUR_MS)).toBe(true);
        expect(sending.outcome).toEqual({ kind: "peer_stored" });
        expect(far.arrived).toEqual([what.payload]);
        expect(framesOf(near).filter(isData)).toHaveLength(3);
        expect(near.air.at(-1)).toMatchObject({ kind: "heard", frame: "ack", rssiDbm: -80 });
    });

    it("sends no frame that its modem would put on the air in two pieces", async () => {
        const [near, far] = await startPair({ traits: { pieceSizeMax: 100 } });
        const sending = send(far, parcel(700));
        expect(await far.clock.runUntil(() => sending.outcome !== undefined, HOUR_MS)).toBe(true);
        expect(near.arrived).toEqual([parcel(700).payload]);
        expect(Math.max(...far.modem.sent.map(({ frame }) => frame.length))).toBe(100);
    });

    const refused = (reason: "wrong_secret" | "mailbox_full" | "storage" | "undecodable"): Arrival => ({
        kind: "refused",
        reason,
        text: "no",
    });
    it.each<readonly [string, Arrival, SendOutcome["kind"]]>([
        ["duplicate", { kind: "duplicate" }, "peer_stored"],
        ["undecodable", refused("undecodable"), "rejected"],
        ["wrong_secret", refused("wrong_secret"), "rejected"],
        ["mailbox_full", refused("mailbox_full"), "failed"],
        ["storage", refused("storage"), "failed"],
    ])("tells the sender what became of it: %s", async (_, arrival, kind) => {
        const [near] = await startPair({ arrival });
        const sending = send(near, parcel(100));
        expect(await near.clock.runUntil(() => sending.outcome !== undefined, HOUR_MS)).toBe(true);
        expect(sending.outcome?.kind).toBe(kind);
    });

    it("acknowledges nothing before the depot has it", async () => {
        const [near, far] = await startPair();
        let store: (arrival: Arrival) => void = () => {};
        await far.carrier.start({
            onPayload: () => new Promise((resolve) => (store = resolve)),
            onState: () => {},
        });
        far.modem.handlers?.onUp("ready");
        const sending = send(near, parcel(100));
        await near.clock.advance(60_000);
        // It may say that it has the bytes and waits for its disk, but not that they are stored.
        expect(entriesOf(far).filter(({ kind }) => kind === "kept").length).toBeGreaterThan(0);
        expect(entriesOf(far).every(({ kind }) => kind === "kept" || kind === "none")).toBe(true);
        expect(sending.outcome).toBeUndefined();
        store({ kind: "stored" });
        await near.clock.advance(60_000);
        expect(entriesOf(far).some(({ kind }) => kind === "stored")).toBe(true);
        expect(sending.outcome).toEqual({ kind: "peer_stored" });
    });

    it("bridges a short absence of the modem", async () => {
        const [near] = await startPair();
        const sending = send(near, parcel(2_000));
        await near.clock.advance(1_500);
        near.modem.handlers?.onDown({ kind: "silent", detail: "no answer" });
        await near.clock.advance(3_000);
        near.modem.handlers?.onUp("ready");
        expect(await near.clock.runUntil(() => sending.outcome !== undefined, HOUR_MS)).toBe(true);
        expect(sending.outcome).toEqual({ kind: "peer_stored" });
    });

    it("fails what is in flight when the modem stays away, and goes on when it is back", async () => {
        const [near] = await startPair();
        near.modem.onSent = () => {};
        const sending = send(near, parcel(500));
        await near.clock.advance(1_500);
        near.modem.handlers?.onDown({ kind: "unplugged", detail: "the module was unplugged" });
        expect(near.states.at(-1)).toEqual({ kind: "down", reason: "the module was unplugged" });
        await near.clock.advance(3_000);
        expect(sending.outcome).toBeUndefined();
        await near.clock.advance(3_000);
        expect(sending.outcome).toEqual({ kind: "failed", detail: "the module was unplugged" });
        expect(send(near, parcel(1)).outcome).toBeUndefined();
        const before = near.modem.sent.length;
        await near.clock.advance(60_000);
        expect(near.modem.sent).toHaveLength(before);
        near.modem.handlers?.onUp("ready again");
        expect(near.states.at(-1)).toEqual({ kind: "up", detail: "ready again" });
        send(near, parcel(50));
        await near.clock.advance(60_000);
        expect(near.modem.sent.length).toBeGreaterThan(before);
    });

    it("survives a modem that refuses frames for a while", async () => {
        const [near] = await startPair();
        near.modem.fault = { kind: "refused", detail: "+ERR=17" };
        const sending = send(near, parcel(100));
        await near.clock.advance(10_000);
        near.modem.fault = undefined;
        expect(await near.clock.runUntil(() => sending.outcome !== undefined, HOUR_MS)).toBe(true);
        expect(sending.outcome).toEqual({ kind: "peer_stored" });
    });

    it("does not overrun a modem that only accepts frames", async () => {
        const rig = await start({ traits: { confirmsTransmission: false } });
        rig.modem.handlers?.onUp("ready");
        send(rig, parcel(900));
        await rig.clock.advance(30_000);
        expect(rig.modem.sent.length).toBeGreaterThan(3);
        for (const [index, { at }] of rig.modem.sent.slice(1).entries()) {
            const previous = rig.modem.sent[index];
            const free = previous ? previous.at + rig.modem.airtimeMs(previous.frame.length) : 0;
            expect(at).toBeGreaterThanOrEqual(free);
        }
    });

    it("answers an aborted send at once and sends no more of it", async () => {
        const [near, far] = await startPair();
        const controller = new AbortController();
        const sending = send(near, parcel(900), controller.signal);
        const concernsIt = () => framesOf(near).filter((frame) => isData(frame) || frame.kind === "poll").length;
        expect(await near.clock.runUntil(() => framesOf(near).some(isData), HOUR_MS)).toBe(true);
        const before = concernsIt();
        controller.abort();
        await near.clock.advance(HOUR_MS);
        expect(sending.outcome).toEqual({ kind: "failed", detail: "called back" });
        expect(concernsIt()).toBe(before);
        expect(far.arrived).toHaveLength(0);
        const late = send(near, parcel(10), controller.signal);
        await near.clock.advance(1);
        expect(late.outcome).toMatchObject({ kind: "failed" });
    });

    it("stops once, fails what is in flight and silences every handler", async () => {
        const [near, far] = await startPair();
        const sending = send(near, parcel(900));
        await near.clock.advance(500);
        await near.carrier.stop();
        await near.carrier.stop();
        await near.clock.advance(1);
        expect(sending.outcome).toMatchObject({ kind: "failed" });
        expect(near.modem.stops).toBe(1);
        const [states, arrived] = [near.states.length, near.arrived.length];
        const frames = near.modem.sent.length;
        const told = near.air.length;
        near.modem.handlers?.onUp("ready");
        send(far, parcel(10));
        await near.clock.advance(HOUR_MS);
        expect([near.states.length, near.arrived.length, near.modem.sent.length]).toEqual([states, arrived, frames]);
        expect(near.air).toHaveLength(told);
    });

    it("lives through garbage, and tells the observer", async () => {
        const [near, far] = await startPair();
        const random = makePrng(5);
        const garbage = Array.from({ length: 500 }, () =>
            Uint8Array.from({ length: Math.floor(random() * 300) }, () => random() * 256),
        );
        for (const bytes of garbage) near.modem.hear(bytes);
        await near.clock.advance(60_000);
        const counted = (what: string) =>
            near.air.filter((event) => event.kind === "count" && event.what === what).length;
        const refused = (error: string) =>
            garbage.map(decodeFrame).filter((decoded) => !decoded.ok && decoded.error === error).length;
        expect(refused("unknown")).toBeGreaterThan(300);
        expect(counted("frame_unknown")).toBe(refused("unknown"));
        expect(counted("frame_damaged")).toBe(refused("damaged"));
        expect(near.arrived).toHaveLength(0);
        // Whatever looks like a question is answered, but not without end.
        expect(near.modem.sent.length).toBeLessThan(100);
        const sending = send(near, parcel(300));
        expect(await near.clock.runUntil(() => sending.outcome !== undefined, HOUR_MS)).toBe(true);
        expect(sending.outcome).toEqual({ kind: "peer_stored" });
        expect(far.arrived).toHaveLength(1);
    });
});
