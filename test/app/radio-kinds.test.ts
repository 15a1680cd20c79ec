import { describe, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import type { BytePort } from "../../hw/port/byte-port.ts";
import { memoryPortPair } from "../../hw/port/memory-port.ts";
import { RADIO_KINDS, type RadioKindName } from "../../src/app/config/module-settings.ts";
import { emulatedChoice } from "../../src/app/emulate/emulated-choice.ts";
import { type EmulatedRadio, emulatedRadio } from "../../src/app/radio-kinds/emulated.ts";
import type { Fault } from "../../src/app/radio-kinds/faults.ts";
import { RADIO_KIND_TABLE } from "../../src/app/radio-kinds/registry.ts";
import { err } from "../../src/base/result.ts";
import { ModemDiary, testPermit } from "../support/modem-diary.ts";
import { settled } from "../support/settled.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const MINUTE_MS = 60_000;

/** A line to a device that is powered up whenever the host opens it. */
function lineTo(device: EmulatedRadio): BytePort {
    const { a, b } = memoryPortPair();
    const open: BytePort["open"] = async (handlers) => {
        await a.open(handlers);
        await device.plug(b);
    };
    return { label: "line", open, write: (bytes) => a.write(bytes), close: () => a.close() };
}

function world() {
    const clock = new VirtualClock();
    return { clock, air: new Air({ clock, seed: 7 }) };
}

/** Driver and emulator of one kind, both from the tables that the program uses. */
function station(kind: RadioKindName, address: number, { clock, air }: ReturnType<typeof world>) {
    const choice = { ...emulatedChoice(kind, "EU868"), address };
    const device = emulatedRadio(kind, { air, clock, seed: address, choice });
    const modem = RADIO_KIND_TABLE[kind].makeModem({
        ...choice,
        portAt: () => lineTo(device),
        clock,
        openLine: async () => err({ kind: "absent", detail: "no lines here" }),
    });
    const diary = new ModemDiary();
    return { device, modem, diary };
}

async function failing(kind: RadioKindName, fault: Fault) {
    const own = world();
    const { device, modem, diary } = station(kind, 1, own);
    device.misbehave(fault);
    modem.start(diary.handlers);
    await own.clock.advance(2 * MINUTE_MS);
    const seen = { isUp: diary.isUp, downs: [...diary.downs] };
    device.misbehave(undefined);
    const recovered = await own.clock.runUntil(() => diary.isUp, 3 * MINUTE_MS);
    await modem.stop();
    return { ...seen, recovered };
}

const SETTABLE = RADIO_KINDS.filter((kind) => kind !== "e22" && kind !== "e220");

describe("every kind of radio in the registry", () => {
    it.each(RADIO_KINDS)("%s: two of them, as the program makes them, hear each other", async (kind) => {
        const own = world();
        const [a, b] = [station(kind, 1, own), station(kind, 2, own)];
        for (const { modem, diary } of [a, b]) modem.start(diary.handlers);
        expect(await own.clock.runUntil(() => a.diary.isUp && b.diary.isUp, MINUTE_MS)).toBe(true);
        const frame = Uint8Array.from({ length: 40 }, (_, index) => (index * 41) & 0xff);
        const sent = await settled(own.clock, a.modem.send(frame, testPermit()), MINUTE_MS);
        expect(sent).toMatchObject({ ok: true });
        await own.clock.runUntil(() => b.diary.frames.length > 0, MINUTE_MS);
        expect(b.diary.frames[0]?.bytes).toEqual(frame);
        await a.modem.stop();
        await b.modem.stop();
    });

    it.each(SETTABLE)("%s: one that says nothing is told of, and found again", async (kind) => {
        const { isUp, downs, recovered } = await failing(kind, "silence");
        expect({ isUp, recovered }).toEqual({ isUp: false, recovered: true });
        expect(downs[0]?.kind).toBe("silent");
    });

    it.each(SETTABLE)("%s: one that says other settings than it was told is named, and not used", async (kind) => {
        const { isUp, downs, recovered } = await failing(kind, "echo");
        expect({ isUp, recovered }).toEqual({ isUp: false, recovered: true });
        expect(downs.at(-1)?.kind).toBe("mismatch");
    });

    it.each(SETTABLE)("%s: half an answer is none", async (kind) => {
        const { isUp, recovered } = await failing(kind, "halves");
        expect({ isUp, recovered }).toEqual({ isUp: false, recovered: true });
    });

    it.each(RADIO_KINDS)("%s: one that starts again in the middle of sending comes back", async (kind) => {
        const own = world();
        const { device, modem, diary } = station(kind, 1, own);
        modem.start(diary.handlers);
        expect(await own.clock.runUntil(() => diary.isUp, MINUTE_MS)).toBe(true);
        device.misbehave("brown-out");
        await settled(own.clock, modem.send(new Uint8Array(40), testPermit()), MINUTE_MS);
        device.misbehave(undefined);
        expect(await own.clock.runUntil(() => diary.isUp, 5 * MINUTE_MS)).toBe(true);
        await modem.stop();
    });
});
