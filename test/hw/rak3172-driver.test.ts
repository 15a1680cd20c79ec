import { describe, expect, it } from "vitest";
import { makeRak3172 } from "../../hw/rak3172/driver.ts";
import { Rak3172Reader } from "../../hw/rak3172/reader.ts";
import { rak3172SettingProblems } from "../../hw/rak3172/settings.ts";
import { rak3172 } from "../support/at-kinds.ts";
import { makeWorld, station } from "../support/at-station.ts";
import { PARAMS } from "../support/emulated-module.ts";
import { testPermit } from "../support/modem-diary.ts";
import { settled } from "../support/settled.ts";

const PERMIT = testPermit();

function read(text: string) {
    const reader = new Rak3172Reader(() => undefined);
    return reader.push(Uint8Array.from(text, (letter) => letter.charCodeAt(0)));
}

const OK = { kind: "value", name: "OK" };
const PACKET = { kind: "received", data: Uint8Array.of(0x48, 0x69), rssiDbm: -37, snrDb: 11 };

describe("what a RAK3172 says", () => {
    it.each<[string, readonly object[]]>([
        ["\r\nOK\r\n", [{ ...OK, value: "" }]],
        ["AT+P2P=868100000:9:125:0:12:14\r\n\r\nOK\r\n", [{ ...OK, value: "868100000:9:125:0:12:14" }]],
        ["868100000:9:125:0:12:14\r\nOK\r\n", [{ ...OK, value: "868100000:9:125:0:12:14" }]],
        // With the echo of ATE.
        ["AT+NWM=?\r\nAT+NWM=0\r\nOK\r\n", [{ kind: "noise" }, { ...OK, value: "0" }]],
        ["AT+NWM=0\r\nAT_PARAM_ERROR\r\nOK\r\n", [{ kind: "failure" }, { ...OK, value: "" }]],
        ["AT_BUSY_ERROR\r\n", [{ kind: "failure", error: "busy" }]],
        ["Current Work Mode: LoRa P2P.\r\n", [{ kind: "started" }]],
        ["+EVT:TXP2P DONE\r\n", [{ kind: "value", name: "TXP2P DONE" }]],
        ["+EVT:RXP2P RECEIVE TIMEOUT\r\n", [{ kind: "deaf" }]],
        ["+EVT:RXP2P RECEIVE ERROR\r\n", [{ kind: "noise" }]],
        ["+EVT:RXP2P:-37:11:4869\r\n", [PACKET]],
        ["+EVT:RXP2P, RSSI -37, SNR 11\r\n+EVT:4869\r\n", [{ kind: "noise" }, PACKET]],
        // A value and an event that came between it and its OK.
        ["AT+NWM=0\r\n+EVT:RXP2P:-37:11:4869\r\nOK\r\n", [PACKET, { ...OK, value: "0" }]],
        ["+EVT:4869\r\n", [{ kind: "noise" }]],
        ["+EVT:RXP2P:-37:11:486\r\n+EVT:RXP2P:-37:11:4869\r\n", [{ kind: "noise" }, PACKET]],
    ])("%j", (text, said) => {
        expect(read(text)).toMatchObject(said);
        expect(read(text)).toHaveLength(said.length);
    });
});

describe("a RAK3172", () => {
    it("is put into its mode, set up, read back, and up", async () => {
        const world = makeWorld();
        const { diary } = station(rak3172("4.0.5"), world, 1);
        expect(await world.clock.runUntil(() => diary.isUp, 10_000)).toBe(true);
        expect(diary.ups).toEqual(["module 1: 868.1 MHz, SF9, 125 kHz, 14 dBm, firmware RUI_4.0.5_RAK3172-E"]);
    });

    it.each([
        ["868100001:9:125:0:12:14", "the frequency was set to 868100000, but the module says 868100001"],
        ["868100000:10:125:0:12:14", "the spreading factor was set to 9, but the module says 10"],
        ["868100000:9:250:0:12:14", "the bandwidth was set to 125, but the module says 250"],
        ["868100000:9:1:0:12:14", "the bandwidth was set to 125, but the module says 250"],
        ["868100000:9:125:1:12:14", "the coding rate was set to 0, but the module says 1"],
        ["868100000:9:125:0:8:14", "the preamble was set to 12, but the module says 8"],
        ["868100000:9:125:0:12:22", "the power was set to 14, but the module says 22"],
        ["868100000:9", "the bandwidth was set to 125, but the module says nothing"],
    ])("that says P2P=%s is not used", async (lie, detail) => {
        const world = makeWorld();
        const { modem, diary, emulator } = station(rak3172("4.0.5"), world, 1);
        emulator.misbehave({ lies: { P2P: lie } });
        await world.clock.advance(60_000);
        expect([diary.downs, diary.ups]).toEqual([[{ kind: "mismatch", detail }], []]);
        expect(await modem.send(Uint8Array.of(1), PERMIT)).toMatchObject({ ok: false });
        expect(world.air.statistics.transmissions).toBe(0);
    });

    it("that has no channel activity detection is not used where it is asked for", async () => {
        const world = makeWorld();
        const { diary } = station(rak3172("3.5.0", { listensBeforeTalk: true }), world, 1);
        await world.clock.advance(60_000);
        const detail = expect.stringContaining("AT+CAD=1: AT_COMMAND_NOT_FOUND");
        expect(diary.downs).toEqual([{ kind: "refused", detail }]);
    });

    it("finds the channel busy and says so, and goes on listening over its own transmissions", async () => {
        const world = makeWorld();
        const kind = rak3172("4.0.5", { listensBeforeTalk: true });
        const [one, two] = [station(kind, world, 1), station(kind, world, 2)];
        expect([one.modem.traits.detectsChannelActivity, one.modem.traits.frameSizeMax]).toEqual([false, 239]);
        await world.clock.runUntil(() => one.diary.isUp && two.diary.isUp, 10_000);
        const first = one.modem.send(new Uint8Array(200), PERMIT);
        await world.clock.advance(100);
        const second = settled(world.clock, two.modem.send(Uint8Array.of(2), PERMIT));
        expect(await second).toMatchObject({ ok: false, error: { kind: "busy" } });
        expect(await settled(world.clock, first)).toMatchObject({ ok: true });
        await world.clock.advance(1_000);
        expect(two.diary.frames).toHaveLength(1);
        expect([...one.diary.downs, ...two.diary.downs]).toEqual([]);
    });

    it("with firmware that hides what it takes 65533 for is driven like the other old ones before long", async () => {
        const world = makeWorld();
        const [one, two] = [station(rak3172("1.0.4"), world, 1), station(rak3172("1.0.4"), world, 2)];
        await world.clock.runUntil(() => one.diary.isUp && two.diary.isUp, 20_000);
        const send = () => settled(world.clock, one.modem.send(Uint8Array.of(1), PERMIT));
        expect([await send(), one.diary.downs]).toEqual([{ ok: true, value: undefined }, []]);
        await world.clock.advance(1_000);
        expect(two.diary.frames).toHaveLength(1);
        // The one that only listens is deaf after its first packet until it is asked.
        expect(await world.clock.runUntil(() => two.diary.downs.length > 0, 60_000)).toBe(true);
        expect(await world.clock.runUntil(() => two.diary.isUp, 20_000)).toBe(true);
        for (let round = 0; round < 3; round++) await send();
        await world.clock.advance(1_000);
        expect([two.diary.frames.length, two.diary.downs.length]).toEqual([4, 1]);
    });

    it("listens again when its reception ended by itself", async () => {
        const world = makeWorld();
        const [one, two] = [station(rak3172("1.0.4"), world, 1), station(rak3172("1.0.4"), world, 2)];
        await world.clock.runUntil(() => one.diary.isUp && two.diary.isUp, 20_000);
        // 65533 ms, and the module says that they are over.
        await world.clock.advance(66_000);
        await settled(world.clock, one.modem.send(Uint8Array.of(1), PERMIT));
        await world.clock.advance(1_000);
        expect([two.diary.frames.length, two.diary.downs]).toEqual([1, []]);
    });

    it.each(["1.0.2", "4.0.5"] as const)(
        "whose banner is lost after a restart is found out, firmware %s",
        async (firmware) => {
            const world = makeWorld();
            const { diary, emulator } = station(rak3172(firmware), world, 1);
            await world.clock.runUntil(() => diary.isUp, 20_000);
            await world.clock.advance(300_000);
            expect(diary.downs).toEqual([]);
            emulator.misbehave({ answersLost: 1 });
            emulator.restart();
            expect(await world.clock.runUntil(() => !diary.isUp, 60_000)).toBe(true);
            expect(diary.downs[0]).toMatchObject({ kind: "silent" });
            expect(await world.clock.runUntil(() => diary.isUp, 20_000)).toBe(true);
        },
    );

    it("tells what the module cannot have, and is not made with it", () => {
        expect(rak3172SettingProblems({ params: PARAMS })).toEqual([]);
        const wrong = { ...PARAMS, powerDbm: 4, preambleSymbols: 4, bandwidthHz: 62_500, spreadingFactor: 5 };
        const problems = rak3172SettingProblems({ params: { ...wrong, codingRate: 5, frequencyHz: 1 } });
        for (const word of ["power", "preamble", "bandwidth", "spreading", "coding", "frequency"])
            expect(problems.join()).toContain(word);
        const port = () => {
            throw new Error("not asked for");
        };
        const make = () => makeRak3172({ label: "radio", port, clock: makeWorld().clock, params: wrong });
        expect(make).toThrow(/radio: .*power/);
    });
});
