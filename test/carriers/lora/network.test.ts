import { describe, expect, it } from "vitest";
import { COUNTERS_RESERVED, KeyedFrames } from "../../../src/carriers/lora/keyed-frames.ts";
import { encodeFrame } from "../../../src/link/frame/frame.ts";
import type { NetworkKeys } from "../../../src/link/network-key.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { connect, HOUR_MS, Memory, parcel, type Rig, send, start, startPair } from "./rig.ts";

const key = (slot: number, fill = slot + 1) => ({ slot, key: new Uint8Array(32).fill(fill) });
const FIRST: NetworkKeys = { current: key(0) };

async function crosses(from: Rig, to: Rig, size: number): Promise<void> {
    const what = parcel(size);
    const sending = send(from, what);
    expect(await from.clock.runUntil(() => sending.outcome !== undefined, HOUR_MS)).toBe(true);
    expect(sending.outcome).toEqual({ kind: "peer_stored" });
    expect(to.arrived.at(-1)).toEqual(what.payload);
}

function counted(rig: Rig, what: string): number {
    return rig.air.filter((event) => event.kind === "count" && event.what === what).length;
}

const frames = (rig: Rig): readonly Uint8Array[] => rig.modem.sent.map(({ frame }) => frame);
/** The two bytes six from the end: whether the trailer is long, and the lower half of the counter. */
const isLong = (frame: Uint8Array): boolean => ((frame.at(-6) ?? 0) & 0x80) !== 0;
const lowCounter = (frame: Uint8Array): number => (((frame.at(-6) ?? 0) & 0x7f) << 8) | (frame.at(-5) ?? 0);

/** The same gateway once more; its earlier life hears and sends nothing more. */
async function reborn(old: Rig, options: { seed: number; memory: Memory; keys?: NetworkKeys }): Promise<Rig> {
    old.modem.fault = { kind: "unplugged", detail: "gone" };
    old.modem.onSent = () => {};
    await old.carrier.stop();
    const rig = await start({ keys: FIRST, ...options, clock: old.clock });
    rig.modem.handlers?.onUp("ready");
    return rig;
}

describe("LoRa carriers with a network key", () => {
    it("talk, in frames no longer than the modem's, the first of them and every hello long", async () => {
        const [near, far] = await startPair({ keys: FIRST }, { keys: FIRST });
        await crosses(near, far, 1_500);
        await crosses(far, near, 100);
        for (const rig of [near, far]) {
            expect(Math.max(...frames(rig).map(({ length }) => length))).toBeLessThanOrEqual(240);
            expect(isLong(frames(rig)[0] ?? new Uint8Array(8))).toBe(true);
            // A hello is a control frame of type 3.
            const hellos = frames(rig).filter(
                (frame) => ((frame[0] ?? 0) & 0x30) === 0x30 && (frame[1] ?? 0) >> 4 === 3,
            );
            expect(hellos.length).toBeGreaterThan(0);
            expect(hellos.every(isLong)).toBe(true);
        }
        expect(near.air.filter((event) => event.kind === "heard" && event.frame === "ack").length).toBeGreaterThan(0);
    });

    it("tell the whole counter in a hello, however late it comes", () => {
        const { guard } = new KeyedFrames({
            keys: FIRST,
            memory: new Memory().network,
            node: 5,
            wall: 0,
            onNamesake: () => {},
        });
        const data = encodeFrame({ kind: "single", alias: 3, block: new Uint8Array(40) });
        const hello = encodeFrame({ kind: "hello", alias: 3, node: 5, hour: undefined, asks: false });
        const forms = Array.from({ length: 30 }, () => isLong(guard.seal(data)));
        expect(forms.slice(0, 2)).toEqual([true, true]);
        expect(forms.slice(-2)).toEqual([false, false]);
        expect(isLong(guard.seal(hello))).toBe(true);
        expect(guard.seal(hello).length - hello.length).toBe(guard.overhead);
    });

    it.each<readonly [string, { keys?: NetworkKeys }]>([
        ["without a key", {}],
        ["with another key", { keys: { current: key(0, 99) } }],
        ["with a key in another slot", { keys: { current: key(2, 1) } }],
    ])("do not hear a stranger %s, who costs them neither a frame nor memory", async (_, stranger) => {
        const memory = new Memory();
        const alone = await start({ keys: FIRST, memory });
        alone.modem.handlers?.onUp("ready");
        await alone.clock.advance(60_000);
        const before = alone.modem.sent.length;
        const other = await start({ ...stranger, clock: alone.clock, seed: 2 });
        connect(alone, other);
        other.modem.handlers?.onUp("ready");
        const sending = send(other, parcel(900));
        await alone.clock.advance(HOUR_MS / 2);
        expect(sending.outcome).toMatchObject({ kind: "failed" });
        expect(alone.arrived).toHaveLength(0);
        expect(alone.modem.sent).toHaveLength(before);
        expect(counted(alone, "frame_stranger")).toBe(other.modem.sent.length);
        await alone.carrier.stop();
        const quiet = new Memory();
        const control = await start({ keys: FIRST, memory: quiet });
        control.modem.handlers?.onUp("ready");
        await control.clock.advance(60_000);
        await control.carrier.stop();
        expect([memory.link, memory.peers]).toEqual([quiet.link, quiet.peers]);
    });

    it("change their key without a gap", async () => {
        const [a, b] = [new Memory(), new Memory()];
        const clock = new VirtualClock();
        const keys = (slot: number, rest: Partial<NetworkKeys> = {}) => ({ current: key(slot), ...rest });
        let near = await start({ clock, seed: 1, memory: a, keys: FIRST });
        let far = await start({ clock, seed: 2, memory: b, keys: FIRST });
        for (const rig of [near, far]) rig.modem.handlers?.onUp("ready");
        const steps: readonly (readonly ["near" | "far", NetworkKeys])[] = [
            ["near", keys(0, { next: key(1) })],
            ["far", keys(0, { next: key(1) })],
            ["far", keys(1, { previous: key(0) })],
            ["near", keys(1, { previous: key(0) })],
            ["near", keys(1)],
            ["far", keys(1)],
        ];
        for (const [index, [who, inForce]] of steps.entries()) {
            if (who === "near") near = await reborn(near, { seed: 1, memory: a, keys: inForce });
            else far = await reborn(far, { seed: 2, memory: b, keys: inForce });
            connect(near, far);
            await crosses(near, far, 300 + index);
            await crosses(far, near, 400 + index);
            expect([counted(near, "frame_stranger"), counted(far, "frame_stranger")]).toEqual([0, 0]);
        }
    });

    it("go on after restarts of both, and never use a number twice", async () => {
        const clock = new VirtualClock();
        const [a, b] = [new Memory(), new Memory()];
        let near = await start({ clock, seed: 1, memory: a, keys: FIRST });
        let far = await start({ clock, seed: 2, memory: b, keys: FIRST });
        for (const rig of [near, far]) rig.modem.handlers?.onUp("ready");
        const used: number[] = [];
        for (let life = 0; life < 6; life++) {
            connect(near, far);
            await crosses(near, far, 500 + life);
            used.push(...frames(near).map(lowCounter));
            if (life % 2 === 0) near = await reborn(near, { seed: 1, memory: a });
            else far = await reborn(far, { seed: 2, memory: b });
            if (life % 2 === 1) near.modem.sent.splice(0);
        }
        expect(new Set(used).size).toBe(used.length);
        expect(used.length).toBeGreaterThan(20);
        // One write for very many frames.
        expect(a.reservations).toBeLessThanOrEqual(4);
        expect(COUNTERS_RESERVED).toBeGreaterThan(used.length);
    });

    it("begin behind what an earlier life reserved, and behind what the clock tells of a lost one", async () => {
        const memory = new Memory();
        memory.counterEnd = 1_000_000_000;
        const kept = await start({ keys: FIRST, memory });
        kept.modem.handlers?.onUp("ready");
        await kept.clock.advance(60_000);
        expect(lowCounter(frames(kept)[0] ?? new Uint8Array(8))).toBe(1_000_000_000 % 32_768);
        expect(memory.counterEnd).toBe(1_000_000_000 + COUNTERS_RESERVED);
        const lost = new Memory();
        await start({ keys: FIRST, memory: lost, clock: new VirtualClock(1_800_000_000) });
        await Promise.resolve();
        expect(lost.counterEnd).toBeGreaterThanOrEqual(1_800_000_000 - 1_735_689_600);
    });

    it("send nothing under a number that could not be reserved", async () => {
        const memory = new Memory();
        memory.isFull = true;
        const rig = await start({ keys: FIRST, memory });
        rig.modem.handlers?.onUp("ready");
        send(rig, parcel(100));
        await rig.clock.advance(120_000);
        expect(rig.modem.sent).toHaveLength(0);
        memory.isFull = false;
        await rig.clock.advance(120_000);
        expect(rig.modem.sent.length).toBeGreaterThan(0);
    });

    it("refuse frames that somebody plays back, at once and after a restart", async () => {
        const clock = new VirtualClock();
        const memory = new Memory();
        const near = await start({ clock, seed: 1, keys: FIRST });
        let far = await start({ clock, seed: 2, memory, keys: FIRST });
        for (const rig of [near, far]) rig.modem.handlers?.onUp("ready");
        connect(near, far);
        await crosses(near, far, 700);
        await clock.advance(60_000);
        const recorded = [...frames(near), ...frames(far)];
        for (const isRestarted of [false, true]) {
            if (isRestarted) far = await reborn(far, { seed: 2, memory });
            await clock.advance(120_000);
            const [arrived, sent] = [far.arrived.length, far.modem.sent.length];
            for (const frame of recorded) far.modem.hear(frame);
            await clock.advance(60_000);
            expect([far.arrived.length, far.modem.sent.length]).toEqual([arrived, sent]);
            expect(counted(far, "frame_replayed")).toBe(recorded.length);
            expect(far.air.some(({ kind }) => kind === "namesake")).toBe(false);
        }
    });

    it("say so when another gateway has their number", async () => {
        const clock = new VirtualClock();
        const young = await start({ clock, seed: 1, keys: FIRST });
        const memory = new Memory();
        memory.counterEnd = 1_000_000_000;
        const old = await start({ clock, seed: 1, keys: FIRST, memory });
        connect(young, old);
        for (const rig of [young, old]) rig.modem.handlers?.onUp("ready");
        await clock.advance(60_000);
        expect(young.air.some(({ kind }) => kind === "namesake")).toBe(true);
    });
});
