import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { connect, framesOf, HOUR_MS, isData, Memory, parcel, type Rig, send, start } from "./rig.ts";

/** Some 70 frames in three parts; the band with 10 % does not keep them waiting. */
const LONG = parcel(16_000);
const PARAMS = {
    frequencyHz: 869_525_000,
    spreadingFactor: 9,
    bandwidthHz: 125_000,
    codingRate: 1,
    preambleSymbols: 12,
    powerDbm: 14,
};
/** A snapshot of this size holds half a part, or how two parts were put together; in bytes. */
const HALF = { near: 230, far: 2_000 };

const dataFrames = (rig: Rig): number => framesOf(rig).filter(isData).length;

async function up(clock: VirtualClock, seed: number, memory: Memory): Promise<Rig> {
    const rig = await start({ clock, seed, memory, params: PARAMS });
    rig.modem.handlers?.onUp("ready");
    return rig;
}

/** The process is gone at once: nothing more is heard, sent or kept. */
function kill(rig: Rig, memory: Memory): Memory {
    rig.modem.handlers = undefined;
    rig.modem.fault = { kind: "unplugged", detail: "the process was killed" };
    rig.modem.onSent = () => {};
    return Object.assign(new Memory(), { link: memory.link, peers: memory.peers, counterEnd: memory.counterEnd });
}

/** Data frames of a whole transfer without any restart. */
async function framesInPeace(): Promise<number> {
    const clock = new VirtualClock();
    const [near, far] = [await up(clock, 1, new Memory()), await up(clock, 2, new Memory())];
    connect(near, far);
    const sending = send(near, LONG);
    expect(await clock.runUntil(() => sending.outcome !== undefined, HOUR_MS)).toBe(true);
    return dataFrames(near);
}

describe("a LoRa carrier in the middle of a long transfer", () => {
    it.each<readonly ["near" | "far", "stopped" | "killed"]>([
        ["near", "stopped"],
        ["near", "killed"],
        ["far", "stopped"],
        ["far", "killed"],
    ])("goes on where it was when the %s gateway is %s", async (who, how) => {
        const whole = await framesInPeace();
        const clock = new VirtualClock();
        const memories = { near: new Memory(), far: new Memory() };
        let near = await up(clock, 1, memories.near);
        let far = await up(clock, 2, memories.far);
        connect(near, far);
        send(near, LONG);
        const isKept = () => (memories[who].link?.length ?? 0) > HALF[who];
        expect(await clock.runUntil(isKept, HOUR_MS)).toBe(true);
        expect(far.arrived).toHaveLength(0);

        const old = who === "near" ? near : far;
        let memory = memories[who];
        if (how === "stopped") await old.carrier.stop();
        else memory = kill(old, memory);
        await clock.advance(60_000);
        const sentBefore = dataFrames(near);
        const again = await up(clock, who === "near" ? 1 : 2, memory);
        if (who === "near") near = again;
        else far = again;
        connect(near, far);
        const sending = who === "near" ? send(near, LONG) : { outcome: undefined };
        expect(await clock.runUntil(() => far.arrived.length > 0, HOUR_MS)).toBe(true);
        expect(far.arrived).toEqual([LONG.payload]);
        const after = dataFrames(near) - (who === "near" ? 0 : sentBefore);
        expect(after).toBeLessThan(whole - 15);
        if (who === "far") return;
        expect(await clock.runUntil(() => sending.outcome !== undefined, HOUR_MS)).toBe(true);
        expect(sending.outcome).toEqual({ kind: "peer_stored" });
    });
});
