import { beforeEach, describe, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import type { Modem } from "../../hw/modem.ts";
import { makeRnode, type RnodeOptions } from "../../hw/rnode/driver.ts";
import { RnodeEmulator, type RnodeEmulatorOptions } from "../../hw/rnode/emulator.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import { PARAMS, Socket } from "../support/emulated-module.ts";
import { modemContract } from "../support/modem-contract.ts";
import { ModemDiary, testPermit } from "../support/modem-diary.ts";
import { settled as settledOn } from "../support/settled.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

let clock: VirtualClock;
let air: Air;
beforeEach(() => {
    clock = new VirtualClock();
    air = new Air({ clock, seed: 1 });
});

modemContract("an RNode", () => {
    const made = new VirtualClock();
    const shared = new Air({ clock: made, seed: 1 });
    const socketOf = (seed: number) => new Socket(new RnodeEmulator({ air: shared, clock: made, seed }));
    const [socket, peerSocket] = [socketOf(1), socketOf(2)];
    const modemOf = ({ port }: Socket<RnodeEmulator>): Modem =>
        makeRnode({ label: "board", port, clock: made, params: PARAMS });
    return {
        clock: made,
        modem: modemOf(socket),
        peer: modemOf(peerSocket),
        unplug: () => socket.unplug(),
        plugIn: () => socket.plugIn(),
        silence: (isSilent) => socket.emulator.misbehave({ isSilent }),
    };
});

const FRAME = Uint8Array.from({ length: 100 }, (_, index) => index);

interface Changes extends Partial<RnodeOptions> {
    readonly board?: Partial<RnodeEmulatorOptions>;
}

let seed = 1;
function station({ board = {}, ...options }: Changes = {}) {
    const socket = new Socket(new RnodeEmulator({ air, clock, seed: seed++, ...board }));
    const modem = makeRnode({ label: "board", port: socket.port, clock, params: PARAMS, ...options });
    const diary = new ModemDiary();
    modem.start(diary.handlers);
    return { modem, diary, board: socket.emulator, socket };
}

async function ready(changes: Changes = {}) {
    const made = station(changes);
    expect(await clock.runUntil(() => made.diary.isUp, 20_000)).toBe(true);
    return made;
}

function sendTo(modem: Modem, frame = FRAME, permit = testPermit()) {
    return settledOn(clock, modem.send(frame, permit));
}

describe("an RNode", () => {
    it("is left alone while it may be starting, found, set up, read back, and up", async () => {
        const { diary } = await ready();
        expect(clock.now().monotonic).toBeGreaterThan(2_000);
        expect(diary.ups).toEqual([
            "board: 868.1 MHz, SF9, 125 kHz, 14 dBm, RNode firmware 1.86 on ESP32, processor 81",
        ]);
    });

    it("brings packets of one and of two LoRa frames over, with what the receiver measured", async () => {
        const [one, two] = [await ready(), await ready()];
        for (const size of [1, 254, 255, 507]) {
            const before = air.statistics;
            expect(await sendTo(one.modem, new Uint8Array(size).fill(0xc0))).toEqual({ ok: true, value: undefined });
            await clock.advance(5_000);
            const after = air.statistics;
            expect(after.transmissions - before.transmissions).toBe(size > 254 ? 2 : 1);
            // Older firmware would add another frame of one byte.
            const extraMs = size === 254 ? loraAirtimeMs({ ...PARAMS, preambleSymbols: 18 }, 1) : 0;
            expect(after.airtimeMs - before.airtimeMs).toBeCloseTo(one.modem.airtimeMs(size) - extraMs, 6);
            expect(two.diary.frames.at(-1)?.bytes).toEqual(new Uint8Array(size).fill(0xc0));
        }
        expect(two.diary.frames).toHaveLength(4);
        for (const { rssiDbm = 0, snrDb = 99 } of two.diary.frames) {
            expect(rssiDbm).toBeLessThanOrEqual(-60);
            expect(snrDb).toBeLessThanOrEqual(10);
        }
    });

    it("says that a packet is sent when it has left, by the firmware's count of its airtime", async () => {
        const { modem } = await ready();
        for (let count = 0; count < 5; count++) {
            const before = [air.statistics.transmissions, clock.now().monotonic] as const;
            expect(await sendTo(modem, new Uint8Array(300))).toMatchObject({ ok: true });
            expect(air.statistics.transmissions - before[0]).toBe(2);
            const took = clock.now().monotonic - before[1];
            expect(took).toBeGreaterThan(modem.airtimeMs(300));
            // A board that sends much waits for up to 61 slots of 49 ms.
            expect(took).toBeLessThan(modem.airtimeMs(300) + 61 * 49 + 200);
        }
    });

    it("needs leave for both LoRa frames of a packet", async () => {
        const { modem } = await ready();
        const frame = new Uint8Array(507);
        const short = await sendTo(modem, frame, testPermit(modem.airtimeMs(507) - 1));
        expect(short).toMatchObject({ ok: false, error: { kind: "refused" } });
        expect(await sendTo(modem, frame, testPermit(modem.airtimeMs(507)))).toMatchObject({ ok: true });
    });

    it.each<[string, Changes, Record<number, number>, string]>([
        ["frequency", {}, { 1: 915_000_000 }, "set to 868100000 Hz, but the module says 915000000 Hz"],
        ["bandwidth", {}, { 2: 250_000 }, "set to 125000 Hz, but the module says 250000 Hz"],
        ["power", {}, { 3: 22 }, "set to 14 dBm, but the module says 22 dBm"],
        ["power", { board: { powerMaxDbm: 17 }, params: { ...PARAMS, powerDbm: 20 } }, {}, "says 17 dBm"],
        ["spreading factor", {}, { 4: 7 }, "set to 9, but the module says 7"],
        ["coding rate's denominator", {}, { 5: 8 }, "set to 5, but the module says 8"],
        [
            "long airtime lock",
            { airtimeLock: { longPercent: 10 } },
            { 12: 100 },
            "set to 10 %, but the module says 1 %",
        ],
        ["module", {}, { 14: 1 }, "stays in a special mode"],
    ])("tells which setting differs: the %s", async (name, changes, lies, text) => {
        const { modem, diary, board } = station(changes);
        board.misbehave({ lies });
        expect(await clock.runUntil(() => diary.downs.length > 0, 20_000)).toBe(true);
        expect(diary.downs).toEqual([{ kind: "mismatch", detail: expect.stringMatching(`the ${name}.*${text}`) }]);
        expect(await modem.send(FRAME, testPermit())).toMatchObject({ ok: false });
        await clock.advance(50);
        expect(board.listensOn()).toBeUndefined();
        expect(air.statistics.transmissions).toBe(0);
    });

    it.each<[string, Changes, string]>([
        ["old firmware", { board: { version: [1, 51] } }, "its firmware 1.51 is older than 1.52"],
        ["a board that was never set up", { board: { isProvisioned: false } }, "its radio stays off"],
    ])("refuses %s and says why", async (_, changes, text) => {
        const { diary } = station(changes);
        await clock.advance(60_000);
        expect(diary.downs).toEqual([{ kind: "refused", detail: expect.stringContaining(text) }]);
    });

    it("sets locks under which packets are kept back", async () => {
        const { modem, diary } = await ready({ airtimeLock: { longPercent: 1 } });
        // More than 1 % of an hour is on the air in less than a minute, so the next one waits for an hour.
        for (let count = 0; count < 15; count++) await sendTo(modem, new Uint8Array(507));
        await clock.advance(20_000);
        const atLock = air.statistics.transmissions;
        await sendTo(modem);
        await clock.advance(1_000_000);
        expect(air.statistics.transmissions).toBe(atLock);
        await clock.advance(3_600_000);
        expect(air.statistics.transmissions).toBeGreaterThan(atLock);
        expect(diary.downs).toEqual([]);
    });

    it("is busy when its queue is full", async () => {
        const { modem, diary, board } = await ready();
        board.misbehave({ isFull: true });
        expect(await sendTo(modem)).toMatchObject({ ok: false, error: { kind: "busy" } });
        expect(diary.isUp).toBe(true);
    });

    it.each([
        [1, "refused", true],
        [2, "mismatch", false],
        [3, "refused", true],
        [4, "busy", true],
        [6, "refused", true],
        [99, "refused", true],
    ])("tells that a packet was answered with error %d", async (code, kind, staysUp) => {
        const { modem, diary, board } = await ready();
        board.misbehave({ packetError: code });
        expect(await sendTo(modem)).toMatchObject({ ok: false, error: { kind } });
        expect(diary.isUp).toBe(staysUp);
        board.misbehave({});
        expect(await clock.runUntil(() => diary.isUp, 60_000)).toBe(true);
        expect(await sendTo(modem)).toMatchObject({ ok: true });
    });

    it("tells status when asked to", async () => {
        const told: string[] = [];
        let load = 0;
        const { modem } = await ready({
            onStatus: (status) => {
                told.push(status.kind);
                if (status.kind === "channel") load = Math.max(load, status.loadShortPercent);
                if (status.kind === "physical") expect(status.preambleSymbols).toBe(18);
            },
        });
        await sendTo(modem, new Uint8Array(507));
        await clock.advance(10_000);
        expect(new Set(told)).toEqual(new Set(["physical", "channel", "csma"]));
        expect(load).toBeCloseTo((modem.airtimeMs(507) / 15_000) * 100, 0);
    });

    it("tells by the firmware's reports whether the channel is free", async () => {
        const [one, two] = [await ready(), await ready()];
        const isFree = (thresholdDbm?: number) =>
            settledOn(
                clock,
                Promise.resolve(
                    one.modem.channelIsFree?.(thresholdDbm === undefined ? undefined : { minMs: 5, thresholdDbm }),
                ),
            );
        expect([await isFree(), await isFree(-80), await isFree(-120)]).toEqual([true, true, false]);
        const sending = sendTo(two.modem, new Uint8Array(507));
        await clock.runUntil(() => air.statistics.transmissions === 2, 10_000);
        await clock.advance(1_100);
        expect([await isFree(), await isFree(-80)]).toEqual([false, false]);
        expect(await sending).toMatchObject({ ok: true });
        one.board.misbehave({ isSilent: true });
        await clock.advance(2_000);
        expect(await isFree()).toBeUndefined();
    });

    it("is not made with settings that no board has", () => {
        const wrong = { ...PARAMS, spreadingFactor: 13, powerDbm: 23, bandwidthHz: 100_000 };
        expect(() => station({ params: wrong, airtimeLock: { shortPercent: 100 } })).toThrow(
            /board: the bandwidth.*spreading factor.*power.*lock/,
        );
    });

    it("says goodbye when it stops, and leaves the radio on for what was accepted", async () => {
        const socket = new Socket(new RnodeEmulator({ air, clock }));
        const written: Uint8Array[] = [];
        const port = () => {
            const inner = socket.port();
            return {
                ...inner,
                write(bytes: Uint8Array) {
                    written.push(bytes);
                    return inner.write(bytes);
                },
            };
        };
        const { modem, diary } = await ready({ port });
        await modem.stop();
        expect(written.at(-1)).toEqual(Uint8Array.of(0xc0, 0x0a, 0xff, 0xc0));
        expect(diary.downs).toEqual([]);
    });
});
