import { blake3 } from "@noble/hashes/blake3.js";
import { describe, expect, it } from "vitest";
import type { ModemTraits } from "../../../hw/modem.ts";
import { makePrng } from "../../../src/base/prng.ts";
import type { Arrival, Carrier, CarrierState, Parcel, SendOutcome } from "../../../src/carriers/carrier.ts";
import { type AirEvent, makeLoraCarrier } from "../../../src/carriers/lora/lora-carrier.ts";
import { decodeFirstFrame, encodeFirstFrame, TRANSFER_SIZE } from "../../../src/link/first-frame.ts";
import { type AirLaw, type AirtimeEntry, makeAirLaw } from "../../../src/link/ledger.ts";
import { findRegion } from "../../../src/link/region.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { FakeModem, PARAMS } from "./fake-modem.ts";

const HOUR_MS = 3_600_000;
const STATION = { antennaGainDbi: 2, listensBeforeTalk: false };

interface Rig {
    readonly clock: VirtualClock;
    readonly modem: FakeModem;
    readonly carrier: Carrier;
    readonly law: AirLaw;
    readonly states: CarrierState[];
    readonly arrived: Uint8Array[];
    readonly journal: AirtimeEntry[];
    readonly air: AirEvent[];
}

interface RigOptions {
    readonly clock?: VirtualClock;
    readonly seed?: number;
    readonly region?: string | undefined;
    readonly arrival?: Arrival;
    readonly params?: typeof PARAMS;
    readonly traits?: Partial<ModemTraits>;
    readonly record?: (entry: AirtimeEntry) => Promise<void>;
}

async function start(options: RigOptions = {}): Promise<Rig> {
    const clock = options.clock ?? new VirtualClock();
    const params = options.params ?? PARAMS;
    const modem = new FakeModem(clock, options.traits, params);
    const region = "region" in options ? options.region : "EU868";
    const law = makeAirLaw({ region: region === undefined ? undefined : findRegion(region), station: STATION });
    const random = makePrng(options.seed ?? 1);
    const [states, arrived, journal, air]: [CarrierState[], Uint8Array[], AirtimeEntry[], AirEvent[]] = [
        [],
        [],
        [],
        [],
    ];
    const carrier = makeLoraCarrier({
        id: "lora",
        modem,
        params,
        law,
        clock,
        entropy: { fill: (target) => target.set(Array.from(target, () => random() * 256)) },
        record: async (entry) => {
            await options.record?.(entry);
            journal.push(entry);
        },
        onAir: (event) => air.push(event),
    });
    await carrier.start({
        onPayload: async (payload) => {
            arrived.push(payload);
            return options.arrival ?? { kind: "stored" };
        },
        onState: (state) => states.push(state),
    });
    return { clock, modem, carrier, law, states, arrived, journal, air };
}

/** Two carriers that hear each other, both up. */
async function startPair(options: Omit<RigOptions, "clock"> = {}): Promise<readonly [Rig, Rig]> {
    const clock = new VirtualClock();
    const near = await start({ clock, seed: 1 });
    const far = await start({ ...options, clock, seed: 2 });
    near.modem.onSent = (frame) => far.modem.hear(frame);
    far.modem.onSent = (frame) => near.modem.hear(frame);
    near.modem.handlers?.onUp("ready");
    far.modem.handlers?.onUp("ready");
    return [near, far];
}

function parcel(size: number): Parcel {
    const payload = Uint8Array.from({ length: size }, (_, index) => (index * 7) % 251);
    return { kind: "message", messageId: "00".repeat(16), payload, attempts: 0 };
}

/** A foreign frame that is a whole payload and asks for an answer. */
function wholeFrame(payload: Uint8Array): Uint8Array {
    const transfer = blake3(payload).slice(0, TRANSFER_SIZE);
    return encodeFirstFrame({ kind: "data", source: 7, transfer, index: 0, total: 1, fragment: payload, asks: true });
}

function send(rig: Rig, what: Parcel, signal = new AbortController().signal): { outcome: SendOutcome | undefined } {
    const sending: { outcome: SendOutcome | undefined } = { outcome: undefined };
    void rig.carrier.send(what, signal).then((outcome) => {
        sending.outcome = outcome;
    });
    return sending;
}

describe("the LoRa carrier", () => {
    it("brings a parcel across, byte for byte, and claims no more than its peer said", async () => {
        const [near, far] = await startPair();
        const what = parcel(700);
        const sending = send(near, what);
        expect(await near.clock.runUntil(() => sending.outcome !== undefined, HOUR_MS)).toBe(true);
        expect(sending.outcome).toEqual({ kind: "peer_stored" });
        expect(far.arrived).toEqual([what.payload]);
        expect(near.air.filter(({ kind }) => kind === "sent")).toHaveLength(4);
        expect(near.air.at(-1)).toMatchObject({ kind: "heard", frame: "ack", rssiDbm: -80 });
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
        send(near, parcel(100));
        await near.clock.advance(60_000);
        expect(far.modem.sent).toHaveLength(0);
        store({ kind: "stored" });
        await near.clock.advance(60_000);
        expect(far.modem.sent.length).toBeGreaterThan(0);
    });

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
        const fast = await start({ region: "US915", params: { ...us, spreadingFactor: 8 } });
        fast.modem.handlers?.onUp("ready");
        send(fast, parcel(2_000));
        await fast.clock.advance(60_000);
        const longest = Math.max(...fast.modem.sent.map(({ frame }) => fast.modem.airtimeMs(frame.length)));
        expect(longest).toBeLessThanOrEqual(400);
        expect(longest).toBeGreaterThan(350);
        const slow = await start({ region: "US915", params: { ...us, spreadingFactor: 11 } });
        slow.modem.handlers?.onUp("ready");
        expect(slow.states.at(-1)).toMatchObject({ kind: "disabled", reason: expect.stringContaining("400 ms") });
    });

    it("does not even acknowledge while it is disabled, although an ack alone would fit the dwell time", async () => {
        const rig = await start({ region: "US915", params: { ...PARAMS, frequencyHz: 915_000_000 } });
        rig.modem.handlers?.onUp("ready");
        expect(rig.states.at(-1)?.kind).toBe("disabled");
        expect(rig.modem.airtimeMs(17)).toBeLessThan(400);
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
        expect(await sizeMax(868_100_000)).toBe(frames * (240 - 17));
        expect(await sizeMax(869_525_000)).toBe(16_384);
    });

    it("keeps the last tenth of the hour for acks", async () => {
        const rig = await start();
        rig.modem.handlers?.onUp("ready");
        rig.law.restore([{ at: rig.clock.now().wall, airtimeMs: 33_000 }], rig.clock.now());
        send(rig, parcel(10));
        await rig.clock.advance(1_000);
        expect(rig.modem.sent).toHaveLength(0);
        const second = await start();
        second.modem.handlers?.onUp("ready");
        second.law.restore([{ at: second.clock.now().wall, airtimeMs: 33_000 }], second.clock.now());
        second.modem.hear(wholeFrame(Uint8Array.of(1, 2, 3)));
        await second.clock.advance(5_000);
        expect(second.modem.sent).toHaveLength(1);
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
        const spans = rig.modem.sent.map(({ frame, at }) => ({ at, ms: rig.modem.airtimeMs(frame.length) }));
        const busiest = Math.max(
            ...spans.map(({ at }) =>
                spans.filter((span) => span.at >= at && span.at < at + HOUR_MS).reduce((sum, { ms }) => sum + ms, 0),
            ),
        );
        expect(spans.length).toBeGreaterThan(40);
        expect(busiest).toBeLessThanOrEqual(36_000);
        const total = (list: readonly { readonly ms: number }[]) => list.reduce((sum, { ms }) => sum + ms, 0);
        expect(rig.journal.reduce((sum, { airtimeMs }) => sum + airtimeMs, 0)).toBeGreaterThanOrEqual(
            total(spans) - 1e-6,
        );
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
        const rig = await start();
        rig.modem.handlers?.onUp("ready");
        const controller = new AbortController();
        const sending = send(rig, parcel(900), controller.signal);
        await rig.clock.advance(500);
        controller.abort();
        await rig.clock.advance(HOUR_MS);
        expect(sending.outcome).toEqual({ kind: "failed", detail: "called back" });
        expect(rig.modem.sent).toHaveLength(1);
        const late = send(rig, parcel(10), controller.signal);
        await rig.clock.advance(1);
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
        const rig = await start();
        rig.modem.handlers?.onUp("ready");
        const random = makePrng(5);
        for (let index = 0; index < 500; index++) {
            rig.modem.hear(Uint8Array.from({ length: Math.floor(random() * 300) }, () => random() * 256));
        }
        await rig.clock.advance(60_000);
        expect(rig.air.filter((event) => event.kind === "count" && event.what === "frame_damaged")).toHaveLength(500);
        expect(rig.modem.sent).toHaveLength(0);
        expect(decodeFirstFrame(new Uint8Array(0)).ok).toBe(false);
    });
});
