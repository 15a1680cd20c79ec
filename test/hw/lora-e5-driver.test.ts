import { describe, expect, it } from "vitest";
import { LoraE5Reader } from "../../hw/lora-e5/reader.ts";
import { COMMAND_BYTES_MAX, FRAME_BYTES_MAX, loraE5SettingProblems, SEND_HEAD } from "../../hw/lora-e5/settings.ts";
import { loraE5 } from "../support/at-kinds.ts";
import { makeWorld, station } from "../support/at-station.ts";
import { PARAMS } from "../support/emulated-module.ts";
import { testPermit } from "../support/modem-diary.ts";
import { settled } from "../support/settled.ts";

const PERMIT = testPermit();
const ECHO = "F:868100000, SF9, BW125K, TXPR:12, RXPR:15, POW:14dBm, CRC:ON, IQ:OFF, NET:OFF";

function read(text: string) {
    return new LoraE5Reader().push(Uint8Array.from(text, (letter) => letter.charCodeAt(0)));
}

const HEAD = "+TEST: LEN:2, RSSI:-26, SNR:13\r\n";
const PACKET = { kind: "received", data: Uint8Array.of(0x48, 0x69), rssiDbm: -26, snrDb: 13 };

describe("what a LoRa-E5 says", () => {
    it.each<[string, readonly object[]]>([
        ["+AT: OK\r\n", [{ kind: "value", name: "AT", value: "OK" }]],
        ["+MODE: TEST\r\n", [{ kind: "value", name: "MODE", value: "TEST" }]],
        ["+TEST: TX DONE\r\n", [{ kind: "value", name: "TEST", value: "TX DONE" }]],
        [`${HEAD}+TEST: RX "4869"\r\n`, [PACKET]],
        [`${HEAD}\r\n+TEST: RX "48 69"\r\n`, [PACKET]],
        [`${HEAD}+TEST: RX "486"\r\n`, [{ kind: "noise" }]],
        [`${HEAD}+TEST: RX "48"\r\n`, [{ kind: "noise" }]],
        ['+TEST: RX "4869"\r\n', [{ kind: "noise" }]],
        [`${HEAD}+MODE: TEST\r\n+TEST: RX "4869"\r\n`, [{ kind: "value" }, PACKET]],
        ["gibberish\r\n", [{ kind: "noise" }]],
    ])("%j", (text, said) => {
        expect(read(text)).toMatchObject(said);
        expect(read(text)).toHaveLength(said.length);
    });

    it.each([-1, -10, -11, -12, -20, -21, -22, -23, -24])("means something by ERROR(%d)", (code) => {
        expect(read(`+AT: ERROR(${code})\r\n`)).toEqual([
            { kind: "failure", error: "refused", detail: expect.stringMatching(/^ERROR\(-\d+\), (?!unknown)/) },
        ]);
    });
});

describe("a LoRa-E5", () => {
    it("sends frames that fit its command line", () => {
        expect(FRAME_BYTES_MAX).toBe(250);
        expect(SEND_HEAD.length + 2 * FRAME_BYTES_MAX + '"\r\n'.length).toBeLessThanOrEqual(COMMAND_BYTES_MAX);
    });

    it.each([
        ["F:868100000", "F:868125000", "the frequency was set to 868100000, but the module says 868125000"],
        ["SF9", "SF10", "the spreading factor was set to 9, but the module says 10"],
        ["BW125K", "BW250K", "the bandwidth was set to 125, but the module says 250"],
        ["TXPR:12", "TXPR:8", "the preamble was set to 12, but the module says 8"],
        ["RXPR:15", "RXPR:8", "the preamble of the receiver was set to 15, but the module says 8"],
        ["POW:14dBm", "POW:22dBm", "the power was set to 14, but the module says 22"],
        ["CRC:ON", "CRC:OFF", "the CRC was set to ON, but the module says OFF"],
        ["IQ:OFF", "IQ:ON", "the inverted IQ was set to OFF, but the module says ON"],
        ["NET:OFF", "NET:ON", "the public network was set to OFF, but the module says ON"],
        [", POW:14dBm", "", "the power was set to 14, but the module says nothing"],
    ])("that says instead of %s %s is not used", async (truth, lie, detail) => {
        const world = makeWorld();
        const { modem, diary, emulator } = station(loraE5(), world, 1);
        emulator.misbehave({ lies: { RFCFG: ECHO.replace(truth, lie) } });
        await world.clock.advance(60_000);
        expect([diary.downs, diary.ups]).toEqual([[{ kind: "mismatch", detail }], []]);
        expect(await modem.send(Uint8Array.of(1), PERMIT)).toMatchObject({ ok: false });
        expect(world.air.statistics.transmissions).toBe(0);
    });

    it("listens again after each frame of its own", async () => {
        const world = makeWorld();
        const [one, two] = [station(loraE5(), world, 1), station(loraE5(), world, 2)];
        await world.clock.runUntil(() => one.diary.isUp && two.diary.isUp, 20_000);
        for (let round = 1; round <= 3; round++) {
            expect(await settled(world.clock, one.modem.send(Uint8Array.of(round), PERMIT))).toMatchObject({
                ok: true,
            });
            expect(await settled(world.clock, two.modem.send(Uint8Array.of(round), PERMIT))).toMatchObject({
                ok: true,
            });
        }
        await world.clock.advance(1_000);
        const heard = [one, two].map(({ diary }) => diary.frames.map(({ bytes }) => bytes[0]));
        expect(heard).toEqual([
            [1, 2, 3],
            [1, 2, 3],
        ]);
    });

    it("that started again unseen is noticed by the next frame, or within a minute", async () => {
        const world = makeWorld();
        const { modem, diary, emulator } = station(loraE5(), world, 1);
        await world.clock.runUntil(() => diary.isUp, 20_000);
        emulator.restart();
        await world.clock.advance(1_000);
        const detail = expect.stringContaining("its mode is LWABP, not TEST");
        const sent = await settled(world.clock, modem.send(Uint8Array.of(1), PERMIT));
        expect(sent).toEqual({ ok: false, error: { kind: "silent", detail } });
        expect(await world.clock.runUntil(() => diary.isUp, 20_000)).toBe(true);
        emulator.restart();
        expect(await world.clock.runUntil(() => !diary.isUp, 60_000)).toBe(true);
        expect(await world.clock.runUntil(() => diary.isUp, 20_000)).toBe(true);
    });

    it("is found at the baud rate that somebody gave it", async () => {
        const world = makeWorld();
        const { diary, emulator, socket } = station(loraE5(), world, 1);
        await world.clock.runUntil(() => diary.isUp, 20_000);
        emulator.changeBaudRate(115_200);
        await socket.unplug();
        await world.clock.advance(1_000);
        socket.plugIn();
        expect(await world.clock.runUntil(() => diary.isUp, 60_000)).toBe(true);
        expect(emulator.baudRate()).toBe(115_200);
    });

    it("tells what the module cannot have", () => {
        expect(loraE5SettingProblems({ params: PARAMS })).toEqual([]);
        const wrong = { powerDbm: 23, preambleSymbols: 3, bandwidthHz: 62_500, spreadingFactor: 6, codingRate: 2 };
        const problems = loraE5SettingProblems({ params: { ...wrong, frequencyHz: 0.5 } });
        for (const word of ["power", "preamble", "bandwidth", "spreading", "coding", "frequency"])
            expect(problems.join()).toContain(word);
    });
});
