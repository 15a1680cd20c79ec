import { beforeEach, describe, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import { KissDeframer, type KissFrame, kissBytes } from "../../hw/kiss/framing.ts";
import { memoryPortPair } from "../../hw/port/memory-port.ts";
import { packetAirtimeMs, preambleSymbolsOf, uint16Bytes, uint32Bytes } from "../../hw/rnode/commands.ts";
import { Assembly, headerOf } from "../../hw/rnode/emulated-assembly.ts";
import { FirmwareReader } from "../../hw/rnode/emulated-reader.ts";
import { RnodeEmulator, type RnodeEmulatorOptions } from "../../hw/rnode/emulator.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import { PARAMS } from "../support/emulated-module.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

let clock: VirtualClock;
let air: Air;
beforeEach(() => {
    clock = new VirtualClock();
    air = new Air({ clock, seed: 1 });
});

/** A host that says frames and keeps what it hears. */
async function board(options: Partial<RnodeEmulatorOptions> = {}) {
    const { a, b } = memoryPortPair();
    const emulator = new RnodeEmulator({ air, clock, ...options });
    const deframer = new KissDeframer(1_100);
    const heard: KissFrame[] = [];
    await a.open({
        onBytes: (chunk) => {
            for (const said of deframer.push(chunk)) if (said.kind === "frame") heard.push(said.frame);
        },
        onClose: () => undefined,
    });
    await emulator.plug(b);
    await clock.advance(1_300);
    const say = async (command: number, ...data: readonly number[]): Promise<readonly KissFrame[]> => {
        const before = heard.length;
        await a.write(kissBytes({ command, data: Uint8Array.from(data) }));
        await clock.advance(60);
        return heard.slice(before);
    };
    const answer = async (command: number, ...data: readonly number[]): Promise<readonly number[]> => [
        ...((await say(command, ...data)).find((frame) => frame.command === command)?.data ?? []),
    ];
    const switchOn = async (): Promise<void> => {
        await say(0x01, ...uint32Bytes(PARAMS.frequencyHz));
        await say(0x02, ...uint32Bytes(PARAMS.bandwidthHz));
        await say(0x03, 14);
        await say(0x04, PARAMS.spreadingFactor);
        await say(0x05, 5);
        expect(await answer(0x06, 1)).toEqual([1]);
    };
    return { emulator, heard, say, answer, switchOn, write: (bytes: Uint8Array) => a.write(bytes) };
}

describe("the firmware's side of the line", () => {
    it("says that it has started, and what it is", async () => {
        const { heard, answer } = await board();
        expect(heard.at(-1)).toEqual({ command: 0x55, data: Uint8Array.of(0xf8) });
        expect(await answer(0x08, 0x73)).toEqual([0x46]);
        expect(await answer(0x08, 0x74)).toEqual([]);
        expect(await answer(0x50, 0)).toEqual([1, 86]);
        expect(await answer(0x48, 0)).toEqual([0x80]);
    });

    it("answers with the value in force, cut to what it can", async () => {
        const { answer } = await board({ powerMaxDbm: 17 });
        expect(await answer(0x03, 20)).toEqual([17]);
        expect(await answer(0x03, 0xff)).toEqual([17]);
        expect(await answer(0x04, 3)).toEqual([5]);
        expect(await answer(0x04, 13)).toEqual([12]);
        expect(await answer(0x05, 9)).toEqual([8]);
        expect(await answer(0x01, ...uint32Bytes(0xc0db_c0db))).toEqual([0xc0, 0xdb, 0xc0, 0xdb]);
        expect(await answer(0x01, 0, 0, 0, 0)).toEqual([0xc0, 0xdb, 0xc0, 0xdb]);
        expect(await answer(0x0b, ...uint16Bytes(500))).toEqual([0x01, 0xf4]);
        expect(await answer(0x0c, ...uint16Bytes(10_000))).toEqual([0, 0]);
        expect(await answer(0x0e, 1)).toEqual([1]);
    });

    it("switches its radio on only when everything was set, and takes the next bandwidth up", async () => {
        const { answer, switchOn } = await board();
        expect(await answer(0x06, 1)).toEqual([0]);
        expect(await answer(0x07, 0)).toEqual([1]);
        await switchOn();
        expect(await answer(0x07, 0)).toEqual([0]);
        expect(await answer(0x02, ...uint32Bytes(100_000))).toEqual([0, 1, 0xe8, 0x48]);
    });

    it("obeys before a frame ends, and does not begin one where data ended", () => {
        const reader = new FirmwareReader();
        expect(reader.push(Uint8Array.of(0xc0, 0x03, 14))).toEqual([{ command: 3, data: Uint8Array.of(14) }]);
        expect(reader.push(Uint8Array.of(0xc0, 0x00, 7, 0xc0, 0x08, 0x73))).toEqual([
            { command: 0, data: Uint8Array.of(7) },
        ]);
        expect(reader.push(Uint8Array.of(0xc0, 0x08, 0x73))).toHaveLength(1);
        const tooLong = kissBytes({ command: 0, data: new Uint8Array(509) });
        expect(reader.push(tooLong)).toEqual([]);
    });

    it("tells its statistics about once a second, and not while its radio is off", async () => {
        const { heard, switchOn, say } = await board();
        const count = (command: number): number => heard.filter((frame) => frame.command === command).length;
        await clock.advance(5_000);
        expect(count(0x25)).toBe(0);
        await switchOn();
        expect(count(0x26)).toBeGreaterThan(0);
        await clock.advance(10_000);
        expect(count(0x25)).toBe(10);
        await say(0x06, 0);
        await clock.advance(10_000);
        expect(count(0x25)).toBe(10);
    });
});

describe("packets on the air", () => {
    it.each([
        [1, [2]],
        [254, [255]],
        [255, [255, 2]],
        [507, [255, 254]],
        [508, [255, 255, 1]],
    ])("of %d bytes leave as LoRa frames of %j bytes with one header", async (size, sizes) => {
        const { switchOn, say } = await board();
        await switchOn();
        const sent: Uint8Array[] = [];
        air.onTransmission(({ bytes }) => sent.push(bytes));
        await say(0x00, ...new Uint8Array(size).fill(0xdb));
        await clock.advance(10_000);
        expect(sent.map(({ length }) => length)).toEqual(sizes);
        expect(new Set(sent.map(([header = 0]) => header)).size).toBe(1);
        expect((sent[0]?.[0] ?? 0) & 0x0f).toBe(size > 254 ? 1 : 0);
    });

    it("wait for a free channel, and for each other", async () => {
        const [one, two, three] = [await board({ seed: 1 }), await board({ seed: 2 }), await board({ seed: 3 })];
        for (const each of [one, two, three]) await each.switchOn();
        await one.say(0x00, ...new Uint8Array(500));
        await two.say(0x00, ...new Uint8Array(500));
        await clock.advance(20_000);
        expect(air.statistics.collided).toBe(0);
        expect(three.heard.filter(({ command }) => command === 0).map(({ data }) => data.length)).toEqual([500, 500]);
    });

    it("are dropped without a word when the queue is full", async () => {
        const { switchOn, answer, write, heard } = await board();
        await switchOn();
        const packet = kissBytes({ command: 0, data: new Uint8Array(500) });
        for (let count = 0; count < 20; count++) await write(packet);
        await clock.advance(300_000);
        // Twelve of 500 bytes fit 6144; more came while those were sent, and waited in the serial buffer.
        expect(air.statistics.transmissions).toBeGreaterThanOrEqual(2 * 12);
        expect(air.statistics.transmissions).toBeLessThanOrEqual(2 * 20);
        expect(heard.some(({ command }) => command === 0x90)).toBe(false);
        expect(await answer(0x0f, 0)).toEqual([1]);
    });

    it("stay in the queue while the radio is off", async () => {
        const { say, switchOn } = await board();
        await say(0x00, 1, 2, 3);
        await clock.advance(10_000);
        expect(air.statistics.transmissions).toBe(0);
        await switchOn();
        await clock.advance(10_000);
        expect(air.statistics.transmissions).toBe(1);
    });

    it("keep the board from answering for as long as they last", async () => {
        const { switchOn, say, heard } = await board();
        await switchOn();
        await say(0x00, ...new Uint8Array(500));
        expect(await clock.runUntil(() => air.statistics.transmissions === 2, 10_000)).toBe(true);
        const before = heard.length;
        expect(await say(0x08, 0x73)).toEqual([]);
        await clock.advance(packetAirtimeMs({ ...PARAMS, preambleSymbols: 18 }, 500));
        expect(heard.slice(before).map(({ command }) => command)).toContain(0x08);
    });
});

describe("joining the parts of a packet", () => {
    const part = (sequence: number, isSplit: boolean, ...data: readonly number[]) =>
        Uint8Array.of(headerOf(sequence, isSplit), ...data);

    it("needs two with one number, and forgets a half when something else comes", () => {
        const assembly = new Assembly();
        expect(assembly.take(part(3, false, 1))).toEqual(Uint8Array.of(1));
        expect(assembly.take(part(4, true, 1))).toBeUndefined();
        expect(assembly.take(part(4, true, 2))).toEqual(Uint8Array.of(1, 2));
        expect(assembly.take(part(5, true, 1))).toBeUndefined();
        expect(assembly.take(part(6, true, 2))).toBeUndefined();
        expect(assembly.take(part(6, true, 3))).toEqual(Uint8Array.of(2, 3));
        expect(assembly.take(part(7, true, 1))).toBeUndefined();
        expect(assembly.take(part(7, false, 9))).toEqual(Uint8Array.of(9));
        expect(assembly.take(part(7, true, 1))).toBeUndefined();
        expect(assembly.take(new Uint8Array(0))).toBeUndefined();
    });
});

it("the preamble lasts 24 ms, 6 ms on fast channels, and 18 symbols at least", () => {
    const of = (spreadingFactor: number, bandwidthHz: number) =>
        preambleSymbolsOf({ ...PARAMS, spreadingFactor, bandwidthHz });
    expect([of(12, 125_000), of(8, 125_000), of(7, 125_000), of(7, 250_000), of(7, 500_000), of(5, 500_000)]).toEqual([
        18, 18, 24, 47, 94, 94,
    ]);
    expect(packetAirtimeMs(PARAMS, 300)).toBe(loraAirtimeMs(PARAMS, 255) + loraAirtimeMs(PARAMS, 47));
});
