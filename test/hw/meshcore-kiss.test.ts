import { beforeEach, describe, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import { preambleSymbolsFrom } from "../../hw/meshcore-kiss/commands.ts";
import { type MeshcoreKissOptions, makeMeshcoreKiss } from "../../hw/meshcore-kiss/driver.ts";
import { MeshcoreKissEmulator, type MeshcoreKissEmulatorOptions } from "../../hw/meshcore-kiss/emulator.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import { PARAMS, Socket } from "../support/emulated-module.ts";
import { modemContract } from "../support/modem-contract.ts";
import { ModemDiary, testPermit } from "../support/modem-diary.ts";
import { settled } from "../support/settled.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const FRAME = Uint8Array.from({ length: 100 }, (_, index) => index + 100);

let clock: VirtualClock;
let air: Air;
beforeEach(() => {
    clock = new VirtualClock();
    air = new Air({ clock, seed: 1 });
});

modemContract("a MeshCore KISS modem", () => {
    const made = new VirtualClock();
    const shared = new Air({ clock: made, seed: 1 });
    const socketOf = (dice: number) => new Socket(new MeshcoreKissEmulator({ air: shared, clock: made, seed: dice }));
    const [socket, peerSocket] = [socketOf(1), socketOf(2)];
    const modemOf = ({ port }: Socket<MeshcoreKissEmulator>) =>
        makeMeshcoreKiss({ label: "board", port, clock: made, params: PARAMS });
    return {
        clock: made,
        modem: modemOf(socket),
        peer: modemOf(peerSocket),
        unplug: () => socket.unplug(),
        plugIn: () => socket.plugIn(),
        silence: (isSilent) => socket.emulator.misbehave({ isSilent }),
    };
});

let seed = 1;
function station(options: Partial<MeshcoreKissOptions> = {}, more: Partial<MeshcoreKissEmulatorOptions> = {}) {
    const socket = new Socket(new MeshcoreKissEmulator({ air, clock, seed: seed++, ...more }));
    const modem = makeMeshcoreKiss({ label: "board", port: socket.port, clock, params: PARAMS, ...options });
    const diary = new ModemDiary();
    modem.start(diary.handlers);
    const isUpWithin = (ms: number) => clock.runUntil(() => diary.isUp, ms);
    const send = (frame = FRAME) => settled(clock, modem.send(frame, testPermit()));
    return { modem, diary, board: socket.emulator, socket, isUpWithin, send };
}

describe("a MeshCore KISS modem", () => {
    it.each([1, 2] as const)("is found, set up, read back, and up, with firmware %d", async (version) => {
        const { diary, isUpWithin, send, board } = station({}, { version });
        expect(await isUpWithin(10_000)).toBe(true);
        expect(diary.ups).toEqual([`board: 868.1 MHz, SF9, 125 kHz, 14 dBm, MeshCore KISS modem firmware ${version}`]);
        expect(await send()).toMatchObject({ ok: true });
        expect(board.listensOn()).toMatchObject({ frequencyHz: PARAMS.frequencyHz, bandwidthHz: 125_000 });
    });

    it("sends frames as they are and says so when they have left", async () => {
        const [one, two] = [station(), station()];
        await clock.runUntil(() => one.diary.isUp && two.diary.isUp, 10_000);
        const before = clock.now().monotonic;
        expect(await one.send()).toEqual({ ok: true, value: undefined });
        expect(clock.now().monotonic - before).toBeGreaterThan(one.modem.airtimeMs(FRAME.length));
        await clock.advance(100);
        expect(air.statistics).toMatchObject({ transmissions: 1, bytes: FRAME.length });
        expect(air.statistics.airtimeMs).toBeCloseTo(one.modem.airtimeMs(FRAME.length), 6);
        expect(two.diary.frames).toMatchObject([{ bytes: FRAME, rssiDbm: expect.any(Number) }]);
        expect(two.diary.frames[0]?.snrDb).toBeLessThanOrEqual(10);
    });

    it("waits while somebody else is on the air", async () => {
        const all = [station(), station(), station()];
        await clock.runUntil(() => all.every(({ diary }) => diary.isUp), 10_000);
        const [one, two] = all;
        const first = one?.modem.send(FRAME, testPermit());
        await clock.advance(100);
        expect(await settled(clock, Promise.resolve(two?.modem.channelIsFree?.()))).toBe(false);
        const sent = Promise.all([first, two?.modem.send(FRAME, testPermit())]);
        expect((await settled(clock, sent)).map((each) => each?.ok)).toEqual([true, true]);
        await clock.advance(100);
        expect(air.statistics.collided).toBe(0);
        expect(all[2]?.diary.frames).toHaveLength(2);
    });

    it.each([
        ["frequency in Hz", { frequencyHz: 915_000_000 }, "868100000", "915000000"],
        ["bandwidth in Hz", { bandwidthHz: 250_000 }, "125000", "250000"],
        ["spreading factor", { spreadingFactor: 7 }, "9", "7"],
        ["coding rate", { codingRate: 4 }, "1", "4"],
    ])("tells a lie about the %s and transmits nothing", async (name, lie, wanted, found) => {
        const { diary, board, modem } = station();
        board.misbehave({ radioLie: { ...PARAMS, ...lie } });
        await clock.runUntil(() => diary.downs.length > 0, 10_000);
        expect(diary.downs).toEqual([
            { kind: "mismatch", detail: `the ${name} was set to ${wanted}, but the module says ${found}` },
        ]);
        expect(await modem.send(FRAME, testPermit())).toMatchObject({ ok: false });
        board.misbehave({});
        expect(await clock.runUntil(() => diary.isUp, 60_000)).toBe(true);
    });

    it("finds a radio out that says OK and does not do it, by its airtime", async () => {
        const { diary, board } = station();
        board.misbehave({ ignoresSettings: true });
        await clock.runUntil(() => diary.downs.length > 0, 10_000);
        expect(diary.downs[0]).toMatchObject({ kind: "mismatch", detail: expect.stringContaining("255 bytes") });
    });

    it("sends nothing after a restart that nobody was told of", async () => {
        const { diary, board, isUpWithin, send } = station();
        await isUpWithin(10_000);
        board.restart();
        await clock.advance(1_600);
        expect(await send()).toMatchObject({ ok: false, error: { kind: "mismatch" } });
        expect(air.statistics.transmissions).toBe(0);
        expect(await isUpWithin(60_000)).toBe(true);
        board.restart();
        expect(await clock.runUntil(() => !diary.isUp, 40_000)).toBe(true);
        expect(await isUpWithin(60_000)).toBe(true);
    });

    it("tells a radio that fails, and one that browns out", async () => {
        const { diary, board, isUpWithin, send } = station();
        await isUpWithin(10_000);
        board.misbehave({ radioFails: true });
        expect(await send()).toMatchObject({ ok: false, error: { kind: "refused" } });
        expect(diary.isUp).toBe(true);
        board.misbehave({ brownsOut: true });
        expect(await send()).toMatchObject({ ok: false, error: { kind: "silent" } });
        board.misbehave({});
        expect(await isUpWithin(60_000)).toBe(true);
        expect(await send()).toMatchObject({ ok: true });
    });

    it("listens for as long as a law demands, and not below its threshold", async () => {
        const { modem, isUpWithin } = station();
        await isUpWithin(10_000);
        const before = clock.now().monotonic;
        const demand = { minMs: 50, thresholdDbm: -80 };
        expect(await settled(clock, Promise.resolve(modem.channelIsFree?.(demand)))).toBe(true);
        expect(clock.now().monotonic - before).toBeGreaterThanOrEqual(50);
        const strict = { minMs: 5, thresholdDbm: -120 };
        expect(await settled(clock, Promise.resolve(modem.channelIsFree?.(strict)))).toBe(false);
        await modem.stop();
        expect(await settled(clock, Promise.resolve(modem.channelIsFree?.(demand)))).toBeUndefined();
    });

    it("hands a packet over whose measurement does not come", async () => {
        const [one, two] = [station(), station()];
        await clock.runUntil(() => one.diary.isUp && two.diary.isUp, 10_000);
        two.board.misbehave({ omitsSignals: true });
        await one.send();
        await clock.advance(1_000);
        expect(two.diary.frames).toEqual([{ bytes: FRAME, rssiDbm: undefined, snrDb: undefined }]);
    });

    it("gets over lost and halved answers, garbage and slowness", async () => {
        for (const fault of [
            { answersLost: 2 },
            { answersHalved: 3 },
            { garbage: Uint8Array.of(0, 0xc0, 0xdb, 65, 0xc0) },
            { extraMs: 700 },
        ]) {
            const { board, isUpWithin, send, modem } = station();
            board.misbehave(fault);
            expect([fault, await isUpWithin(60_000)]).toEqual([fault, true]);
            expect(await send()).toMatchObject({ ok: true });
            await modem.stop();
        }
    });

    it("is not made with settings that it cannot have", () => {
        const wrong = { ...PARAMS, frequencyHz: 2_400_000_000, bandwidthHz: 1, codingRate: 5 };
        expect(() => station({ params: wrong })).toThrow(/board: the frequency.*bandwidth.*coding rate/);
    });
});

it("the preamble is worked out from an airtime that was cut to whole milliseconds", () => {
    for (const spreadingFactor of [7, 8, 9, 10, 11, 12]) {
        for (const preambleSymbols of [8, 16, 32]) {
            const params = { ...PARAMS, spreadingFactor, preambleSymbols };
            expect(preambleSymbolsFrom(params, 255, Math.floor(loraAirtimeMs(params, 255)))).toBe(preambleSymbols);
        }
    }
});
