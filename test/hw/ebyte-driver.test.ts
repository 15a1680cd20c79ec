import { beforeEach, describe, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import { EVERYBODY } from "../../hw/ebyte/emulated-packet.ts";
import { e22SettingProblems, e220SettingProblems } from "../../hw/ebyte/options.ts";
import type { CarrierSense } from "../../hw/modem.ts";
import { AIR_SETTINGS, AUX, EbyteRig, type EbyteRigOptions, M0, M1 } from "../support/ebyte-rig.ts";
import { testPermit } from "../support/modem-diary.ts";
import { settled as settledOn } from "../support/settled.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const FRAME = Uint8Array.from({ length: 99 }, (_, index) => index);
const PATIENCE_MS = 60_000;

let clock: VirtualClock;
let air: Air;
beforeEach(() => {
    clock = new VirtualClock();
    air = new Air({ clock, seed: 1 });
});

function station(options: EbyteRigOptions = {}): EbyteRig {
    return new EbyteRig(air, clock, options).start();
}

async function up(options: EbyteRigOptions = {}): Promise<EbyteRig> {
    const rig = station(options);
    expect(await clock.runUntil(() => rig.diary.isUp, PATIENCE_MS)).toBe(true);
    return rig;
}

function settled<T>(promise: Promise<T>): Promise<T> {
    return settledOn(clock, promise);
}

function sendTo({ modem }: EbyteRig, frame = FRAME) {
    return settled(modem.send(frame, testPermit()));
}

function free({ modem }: EbyteRig, demand?: CarrierSense): Promise<boolean | undefined> {
    return modem.channelIsFree?.(demand) ?? Promise.resolve(undefined);
}

const KINDS = ["E22", "E220"] as const;

describe.each(KINDS)("an %s", (kind) => {
    it("is set up in configuration mode at 9600 baud, then used at its own speed", async () => {
        const rig = await up({ kind, baudRate: 115_200 });
        expect(rig.speeds).toEqual([9600, 115_200]);
        expect((await up({ kind })).speeds).toEqual([9600]);
        expect(rig.emulator.settings).toMatchObject({ ...without(AIR_SETTINGS, "powerDbm"), baudRate: 115_200 });
        const { records } = rig.gpio;
        const raised = records.filter(({ isHigh, line }) => isHigh && line !== AUX).map(({ line }) => line);
        expect(raised).toEqual(kind === "E22" ? [M1] : [M0, M1]);
        expect([rig.gpio.pin(M0).isHigh, rig.gpio.pin(M1).isHigh, rig.emulator.mode]).toEqual([false, false, "normal"]);
        expect(rig.diary.ups[0]).toContain("868.125 MHz, 9.6k on the air, 13 dBm, address 0");
    });

    const reg0 = kind === "E22" ? 3 : 2;
    it.each([
        [0, 0x43, "address (high byte)"],
        [reg0, 0x44, "the UART speed was set to 60h, but the module says 40h"],
        [reg0 + 1, 0x21, "the power"],
        [reg0 + 2, 19, "the channel was set to 12h, but the module says 13h"],
        [reg0 + 3, 0xc3, "fixed mode"],
    ])("tells that register %d lies with %d, and sends nothing", async (register, value, name) => {
        const rig = station({ kind });
        rig.emulator.misbehave({ lies: { [register]: value } });
        await clock.runUntil(() => rig.diary.downs.length > 0, PATIENCE_MS);
        expect(rig.diary.downs[0]).toMatchObject({ kind: "mismatch", detail: expect.stringContaining(name) });
        expect(await sendTo(rig)).toMatchObject({ ok: false });
        expect(air.statistics.transmissions).toBe(0);
        rig.emulator.misbehave({});
        expect(await clock.runUntil(() => rig.diary.isUp, PATIENCE_MS)).toBe(true);
    });

    it.each([
        ["refuses every command", { refuses: true }, "refused", "FF FF FF"],
        ["breaks its answers off", { halves: true }, "silent", "no answer to writing"],
        ["says nothing", { isSilent: true }, "silent", ""],
        ["holds AUX low", { auxStuck: "low" }, "silent", "AUX (fake line 4) stayed low for 10 s"],
    ] as const)("says so when the module %s, once, and finds it again", async (_, misbehaviour, trouble, words) => {
        const rig = station({ kind });
        rig.emulator.misbehave(misbehaviour);
        await clock.advance(5 * PATIENCE_MS);
        expect(rig.diary.downs).toMatchObject([{ kind: trouble, detail: expect.stringContaining(words) }]);
        rig.emulator.misbehave({});
        expect(await clock.runUntil(() => rig.diary.isUp, PATIENCE_MS)).toBe(true);
    });

    it("gets along with garbage before each answer, wrong echoes, and a slow module", async () => {
        const rig = station({ kind });
        rig.emulator.misbehave({ garbage: Uint8Array.of(0, 0xc1, 0xa7, 255), extraMs: 300, echoesWrongly: true });
        expect(await clock.runUntil(() => rig.diary.isUp, PATIENCE_MS)).toBe(true);
        expect(rig.diary.downs).toEqual([]);
    });

    it("sets a module up again that started again by itself", async () => {
        const rig = await up({ kind });
        rig.emulator.restart();
        expect(await clock.runUntil(() => rig.diary.downs.length > 0, 1_000)).toBe(true);
        expect(rig.diary.downs[0]?.detail).toContain("started again by itself");
        expect(await clock.runUntil(() => rig.diary.isUp, 1_000)).toBe(true);
        expect(rig.emulator.settings.frequencyHz).toBe(AIR_SETTINGS.frequencyHz);
    });

    it.each(["all", "mode"] as const)(
        "is not up before its settings hold, whenever the module restarts: %s",
        async (wired) => {
            for (let at = 0; at < 1_200; at += 23) {
                const rig = station({ kind, wired });
                await clock.advance(at);
                const isEarly = !rig.diary.isUp;
                rig.emulator.restart();
                expect(await clock.runUntil(() => rig.diary.isUp, PATIENCE_MS)).toBe(true);
                if (isEarly) expect([at, rig.emulator.settings.airRateBps]).toEqual([at, AIR_SETTINGS.airRateBps]);
                // Also later: nothing of the frame goes out at the module's own settings.
                rig.emulator.restart();
                await clock.advance(400);
                const rates: number[] = [];
                air.onTransmission(({ bytes }) => {
                    if (bytes.length > FRAME.length) rates.push(rig.emulator.settings.airRateBps);
                });
                await sendTo(rig);
                expect(rates.filter((rate) => rate !== AIR_SETTINGS.airRateBps)).toEqual([]);
                await rig.modem.stop();
            }
        },
    );

    it("is not fooled by a brown-out in the middle of sending", async () => {
        for (const wired of ["all", "mode"] as const) {
            const rig = await up({ kind, wired, airRateBps: 19_200 });
            rig.emulator.misbehave({ brownsOut: true });
            expect(await sendTo(rig)).toMatchObject({ ok: false });
            rig.emulator.misbehave({});
            expect(await clock.runUntil(() => rig.diary.isUp, PATIENCE_MS)).toBe(true);
            expect(rig.emulator.settings.airRateBps).toBe(19_200);
            await rig.modem.stop();
        }
    });

    it("notices within a minute that an idle module died or forgot its settings, also without AUX", async () => {
        const rig = await up({ kind, wired: "mode" });
        rig.emulator.misbehave({ isSilent: true });
        expect(await clock.runUntil(() => !rig.diary.isUp, PATIENCE_MS)).toBe(true);
        rig.emulator.misbehave({});
        expect(await clock.runUntil(() => rig.diary.isUp, PATIENCE_MS)).toBe(true);
        rig.emulator.restart();
        expect(await clock.runUntil(() => !rig.diary.isUp, PATIENCE_MS)).toBe(true);
        expect(rig.diary.downs.at(-1)?.kind).toBe("mismatch");
        expect(await clock.runUntil(() => rig.diary.isUp, PATIENCE_MS)).toBe(true);
    });

    it("says an airtime that is never less than the packet takes", async () => {
        for (const airRateBps of [2400, 4800, 9600, 19_200, 38_400, 62_500]) {
            const rig = await up({ kind, airRateBps });
            let onAir = 0;
            air.onTransmission(({ airtimeMs }) => {
                onAir = airtimeMs;
            });
            for (const size of [1, 50, rig.modem.traits.frameSizeMax]) {
                expect(await sendTo(rig, new Uint8Array(size))).toMatchObject({ ok: true });
                expect(onAir).toBeGreaterThan(0);
                expect(rig.modem.airtimeMs(size)).toBeGreaterThanOrEqual(onAir);
            }
            await rig.modem.stop();
        }
    });

    it("keeps networks, keys and addresses apart", async () => {
        const common = { kind, address: 5, key: 77 };
        const [sender, same] = [await up(common), await up(common)];
        const others = [
            await up({ ...common, key: 78 }),
            await up({ ...common, address: 6 }),
            await up({ ...common, frequencyHz: 869_125_000 }),
            await up({ ...common, airRateBps: 4800 }),
            ...(kind === "E22" ? [await up({ ...common, networkId: 9 })] : []),
        ];
        const all = await up({ ...common, address: EVERYBODY });
        expect(await sendTo(sender)).toMatchObject({ ok: true });
        await clock.advance(1_000);
        expect([same, all].map(({ diary }) => diary.frames.length)).toEqual([1, 1]);
        expect(others.map(({ diary }) => diary.frames.length)).toEqual(others.map(() => 0));
    });

    it("reads the strength in both forms", async () => {
        for (const form of ["offset", "half"] as const) {
            const [one, two] = [
                await up({ kind, rssiByte: form, emulatedRssi: form }),
                await up({ kind, rssiByte: form, emulatedRssi: form }),
            ];
            await sendTo(one);
            await clock.advance(1_000);
            expect(two.diary.frames[0]?.rssiDbm).toBeLessThan(-55);
            expect(two.diary.frames[0]?.rssiDbm).toBeGreaterThan(-95);
            await Promise.all([one.modem.stop(), two.modem.stop()]);
        }
    });
});

describe("an EBYTE module", () => {
    it("writes its flash only when asked, and then only what differs", async () => {
        const kept = await up({ keepsSettings: true });
        kept.emulator.restart();
        expect(await clock.runUntil(() => kept.diary.ups.length === 2, PATIENCE_MS)).toBe(true);
        expect([kept.emulator.flashWrites, kept.emulator.settings.airRateBps]).toEqual([1, 9600]);
        const fleeting = await up();
        await fleeting.modem.stop();
        fleeting.emulator.restart();
        await clock.advance(1_000);
        expect([fleeting.emulator.flashWrites, fleeting.emulator.settings.airRateBps]).toEqual([0, 2400]);
    });

    it("tells a line that is taken, forbidden or stuck, and comes up when it is free", async () => {
        for (const [fault, words] of [
            ["taken", 'held by "somebody"'],
            ["forbidden", 'group "gpio"'],
            ["stuck", "check power, TX and RX, and the lines M0 and M1"],
        ] as const) {
            const rig = new EbyteRig(air, clock);
            await clock.advance(500);
            rig.gpio.misbehave(M1, fault);
            rig.start();
            await clock.runUntil(() => rig.diary.downs.length > 0, PATIENCE_MS);
            expect(rig.diary.downs[0]?.detail).toContain(words);
            rig.gpio.misbehave(M1, undefined);
            expect(await clock.runUntil(() => rig.diary.isUp, PATIENCE_MS)).toBe(true);
            await rig.modem.stop();
        }
    });

    it("waits for AUX before it sends, and gives up on one that never falls", async () => {
        const rig = await up();
        rig.emulator.misbehave({ auxStuck: "high" });
        expect(await sendTo(rig)).toMatchObject({ ok: false, error: { kind: "silent" } });
        rig.emulator.misbehave({});
        expect(await clock.runUntil(() => rig.diary.isUp, PATIENCE_MS)).toBe(true);
        const before = air.statistics.transmissions;
        rig.emulator.misbehave({ auxStuck: "low" });
        const began = clock.now().monotonic;
        expect(await sendTo(rig)).toMatchObject({ ok: false, error: { kind: "busy" } });
        expect(clock.now().monotonic - began).toBeLessThanOrEqual(500);
        expect(air.statistics.transmissions).toBe(before);
        expect(await clock.runUntil(() => !rig.diary.isUp, 10_000)).toBe(true);
        expect(rig.diary.downs.at(-1)?.detail).toContain("AUX (fake line 4) stayed low for 10 s");
    });

    it("cannot tell that a module only pretends to send, but its peer hears nothing", async () => {
        const [one, two] = [await up(), await up()];
        one.emulator.misbehave({ sendsNothing: true });
        expect(await sendTo(one)).toMatchObject({ ok: true });
        await clock.advance(1_000);
        expect([two.diary.frames.length, air.statistics.transmissions]).toEqual([0, 0]);
    });

    it("finds a frame behind half of another one after a silence", async () => {
        const [one, two] = [await up(), await up()];
        two.emulator.misbehave({ garbage: Uint8Array.of(0xa7, 200, 1) });
        await sendTo(one);
        await clock.advance(1_000);
        expect(two.diary.frames.map(({ bytes }) => bytes)).toEqual([FRAME]);
    });

    it("reaches one address alone in fixed mode", async () => {
        const one = await up({ fixedTo: { address: 7 } });
        const [seven, eight] = [await up({ address: 7 }), await up({ address: 8 })];
        expect(one.modem.traits.frameSizeMax).toBe(233);
        expect(await sendTo(one)).toMatchObject({ ok: true });
        await clock.advance(1_000);
        expect([one.emulator.settings.isFixed, seven.diary.frames.length, eight.diary.frames.length]).toEqual([
            true,
            1,
            0,
        ]);
    });

    it("loses one frame when one is lost, and finds the next", async () => {
        const [one, two] = [await up(), await up()];
        air.setWeather({ loss: 1 });
        await sendTo(one);
        air.setWeather({ garbling: 1 });
        await sendTo(one);
        air.setWeather({});
        await sendTo(one);
        await clock.advance(1_000);
        expect(two.diary.frames.map(({ bytes }) => bytes)).toEqual([FRAME]);
    });

    it("waits for a quiet channel when it listens before it talks", async () => {
        const [one, two, ear] = [await up({ listenBeforeTalk: true }), await up(), await up()];
        const other = two.modem.send(FRAME, testPermit());
        await clock.advance(130);
        const own = one.modem.send(FRAME, testPermit());
        expect(await settled(Promise.all([other, own]))).toMatchObject([{ ok: true }, { ok: true }]);
        await clock.advance(1_000);
        expect([ear.diary.frames.length, air.statistics.collided]).toEqual([2, 0]);
    });

    it("knows whether the channel is free, for as long as the law wants", async () => {
        const [one, two] = [await up(), await up({ airRateBps: 9600 })];
        expect(one.modem.traits.detectsChannelActivity).toBe(true);
        const before = clock.now().monotonic;
        expect(await settled(free(one, { minMs: 200, thresholdDbm: -80 }))).toBe(true);
        expect(clock.now().monotonic - before).toBeGreaterThanOrEqual(200);
        const sending = two.modem.send(FRAME, testPermit());
        await clock.advance(200);
        expect(await settled(free(one))).toBe(false);
        expect(await settled(free(one, { minMs: 5, thresholdDbm: -60 }))).toBe(true);
        await settled(sending);
        one.emulator.misbehave({ answersLost: 1 });
        expect(await settled(free(one))).toBeUndefined();
        const trusted = await up({ wired: "aux", trustSettings: true });
        expect([trusted.modem.traits.detectsChannelActivity, await free(trusted)]).toEqual([false, undefined]);
    });

    it("wants leave for the whole airtime, and a frame", async () => {
        const rig = await up();
        const short = rig.modem.send(FRAME, testPermit(rig.modem.airtimeMs(99) - 1));
        expect(await short).toMatchObject({ ok: false, error: { kind: "refused" } });
        expect(await sendTo(rig, new Uint8Array(0))).toMatchObject({ ok: false, error: { kind: "refused" } });
        expect(await sendTo(rig)).toMatchObject({ ok: true });
    });

    it("is trusted only when that is said", () => {
        expect(e22SettingProblems({ ...AIR_SETTINGS })).toEqual([expect.stringContaining("M0 and M1 are not wired")]);
        expect(e22SettingProblems({ ...AIR_SETTINGS, trustSettings: true })).toEqual([]);
        expect(() => station({ wired: "none" })).toThrow(/E22: M0 and M1 are not wired/);
    });

    it.each([
        [{ frequencyHz: 868_100_000 }, "the frequency must be"],
        [{ airRateBps: 300 }, "the air data rate must be one of 2400"],
        [{ powerDbm: 14 }, "the power must be 22, 17, 13, 10 dBm"],
        [{ powerClass: "T30" as const }, "the power must be 30, 27, 24, 21 dBm"],
        [{ address: 65_536 }, "the address must be"],
        [{ networkId: 1 }, "an E220 has no network id"],
        [{ key: -1 }, "the key must be"],
        [{ fixedTo: { address: 1.5 } }, "the destination must be"],
        [{ baudRate: 14_400 }, "the baud rate must be one of"],
        [{ baudRate: 4800, listenBeforeTalk: true }, "listening before talking needs 9600 baud"],
        [{ subPacketSize: 240 }, "the sub-packet size must be 200, 128, 64, 32"],
    ])("cannot have %j", (wrong, words) => {
        const problems = e220SettingProblems({ ...AIR_SETTINGS, trustSettings: true, ...wrong });
        expect(problems).toEqual([expect.stringContaining(words)]);
    });

    it("has the other band and the slow rates too", async () => {
        const rig = await up({
            band: "400",
            frequencyHz: 433_125_000,
            airRateBps: 300,
            networkId: 255,
            address: 65_535,
        });
        expect(rig.emulator.settings).toMatchObject({ frequencyHz: 433_125_000, airRateBps: 300, networkId: 255 });
    });
});

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
    const { [key]: _, ...rest } = value;
    return rest;
}
