import { beforeEach, describe, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import type { Modem } from "../../hw/modem.ts";
import { makeRylr998, type Rylr998Options } from "../../hw/rylr998/driver.ts";
import { type EmulatorOptions, Rylr998Emulator } from "../../hw/rylr998/emulator.ts";
import { meaningOf } from "../../hw/rylr998/errors.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import { PARAMS, Socket } from "../support/emulated-module.ts";
import { modemContract } from "../support/modem-contract.ts";
import { ModemDiary, testPermit } from "../support/modem-diary.ts";
import { settled as settledOn } from "../support/settled.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const FRAME = Uint8Array.from({ length: 100 }, (_, index) => index);

let clock: VirtualClock;
let air: Air;
beforeEach(() => {
    clock = new VirtualClock();
    air = new Air({ clock, seed: 1 });
});

type Module = Socket<Rylr998Emulator>;

function socketOn(options: EmulatorOptions): Module {
    return new Socket(new Rylr998Emulator(options));
}

function station(address: number, options: Partial<Rylr998Options> = {}, socket: Module = socketOn({ air, clock })) {
    const modem = makeRylr998({
        label: `module ${address}`,
        port: socket.port,
        clock,
        params: PARAMS,
        address,
        networkId: 18,
        ...options,
    });
    const diary = new ModemDiary();
    modem.start(diary.handlers);
    return { modem, diary, socket };
}

function settled<T>(promise: Promise<T>): Promise<T> {
    return settledOn(clock, promise);
}

modemContract("a RYLR998", () => {
    const made = new VirtualClock();
    const shared = new Air({ clock: made, seed: 1 });
    const on = { air: shared, clock: made };
    const [socket, peerSocket] = [socketOn(on), socketOn(on)];
    const modemOf = ({ port }: Module, address: number): Modem =>
        makeRylr998({ label: `module ${address}`, port, clock: made, params: PARAMS, address, networkId: 18 });
    return {
        clock: made,
        modem: modemOf(socket, 1),
        peer: modemOf(peerSocket, 2),
        unplug: () => socket.unplug(),
        plugIn: () => socket.plugIn(),
        silence: (isSilent) => socket.emulator.misbehave({ isSilent }),
    };
});

function sendTo(modem: Modem, frame = FRAME) {
    return modem.send(frame, testPermit());
}

describe("a RYLR998", () => {
    it("is reset, set up, read back, and up", async () => {
        const { diary } = station(7);
        expect(await clock.runUntil(() => diary.isUp, 5_000)).toBe(true);
        expect(diary.ups[0]).toBe("module 7: 868.1 MHz, SF9, 125 kHz, 14 dBm, address 7, network 18");
    });

    it.each([false, true])("carries frames both ways, binary: %s", async (binary) => {
        const [one, two] = [station(1, { binary }), station(2, { binary })];
        await clock.runUntil(() => one.diary.isUp && two.diary.isUp, 5_000);
        const nasty = Uint8Array.from([0x2b, 0x4f, 0x4b, 13, 10, 44, 0, 255, 13, 10]);
        expect(await settled(sendTo(one.modem, nasty))).toEqual({ ok: true, value: undefined });
        await clock.advance(100);
        expect(two.diary.frames).toMatchObject([{ bytes: nasty }]);
        expect(two.diary.frames[0]?.rssiDbm).toBeLessThan(0);
        expect(two.diary.frames[0]?.snrDb).toBeTypeOf("number");
        expect(await settled(sendTo(two.modem))).toMatchObject({ ok: true });
        await clock.advance(100);
        expect(one.diary.frames.map(({ bytes }) => bytes)).toEqual([FRAME]);
    });

    it("takes as long as its packet is on the air, with eight bytes more", async () => {
        const { modem, diary } = station(1);
        await clock.runUntil(() => diary.isUp, 5_000);
        const before = clock.now().monotonic;
        await settled(modem.send(new Uint8Array(180), testPermit()));
        const took = clock.now().monotonic - before;
        expect(loraAirtimeMs(PARAMS, 248)).toBe(modem.airtimeMs(180));
        // The command of 258 bytes at 115200 baud, the module's work and its answer come on top.
        expect(took).toBeGreaterThan(modem.airtimeMs(180) + 22);
        expect(took).toBeLessThan(modem.airtimeMs(180) + 60);
    });

    it("sends one frame at a time, of the right size, with leave for all of it", async () => {
        const { modem, diary } = station(1);
        expect(await settled(sendTo(modem))).toMatchObject({ ok: false, error: { kind: "unplugged" } });
        await clock.runUntil(() => diary.isUp, 5_000);
        const first = sendTo(modem);
        expect(await sendTo(modem)).toMatchObject({ ok: false, error: { kind: "busy" } });
        expect(await settled(first)).toMatchObject({ ok: true });
        expect(await sendTo(modem, new Uint8Array(181))).toMatchObject({ ok: false, error: { kind: "too_large" } });
        const short = await modem.send(FRAME, testPermit(modem.airtimeMs(99) - 200));
        expect(short).toMatchObject({ ok: false, error: { kind: "refused" } });
    });

    it("tells a module that lies about a setting", async () => {
        const { diary, socket } = station(1);
        socket.emulator.misbehave({ lies: { BAND: "915000000" } });
        await clock.runUntil(() => diary.downs.length > 0, 5_000);
        expect(diary.downs[0]).toEqual({
            kind: "mismatch",
            detail: "BAND was set to 868100000, but the module says 915000000",
        });
        socket.emulator.misbehave({});
        expect(await clock.runUntil(() => diary.isUp, 60_000)).toBe(true);
    });

    it("tells a silent module, keeps trying, and finds it again", async () => {
        const { diary, socket } = station(1);
        socket.emulator.misbehave({ isSilent: true });
        await clock.advance(60_000);
        expect(diary.downs).toMatchObject([{ kind: "silent", detail: expect.stringContaining("AT+RESET") }]);
        socket.emulator.misbehave({});
        expect(await clock.runUntil(() => diary.isUp, 60_000)).toBe(true);
    });

    it("notices within a minute that an idle module died", async () => {
        const { diary, socket } = station(1);
        await clock.runUntil(() => diary.isUp, 5_000);
        socket.emulator.misbehave({ isSilent: true });
        expect(await clock.runUntil(() => !diary.isUp, 60_000)).toBe(true);
    });

    it("survives unplug and replug, also in the middle of a packet", async () => {
        const { modem, diary, socket } = station(1);
        await clock.runUntil(() => diary.isUp, 5_000);
        const sending = sendTo(modem);
        await clock.advance(50);
        await socket.unplug();
        expect(await settled(sending)).toMatchObject({ ok: false, error: { kind: "unplugged" } });
        await clock.advance(120_000);
        expect(diary.isUp).toBe(false);
        expect(diary.downs.at(-1)?.detail).toContain("the socket is empty");
        socket.plugIn();
        expect(await clock.runUntil(() => diary.isUp, 60_000)).toBe(true);
        expect(await settled(sendTo(modem))).toMatchObject({ ok: true });
    });

    it("sets a module up again that restarted by itself", async () => {
        const { modem, diary, socket } = station(1);
        await clock.runUntil(() => diary.isUp, 5_000);
        socket.emulator.restart();
        expect(await clock.runUntil(() => diary.downs.length === 1, 5_000)).toBe(true);
        expect(await clock.runUntil(() => diary.isUp, 5_000)).toBe(true);
        const other = station(2);
        await clock.runUntil(() => other.diary.isUp, 5_000);
        await settled(sendTo(modem));
        await clock.advance(100);
        expect(other.diary.frames.length).toBe(1);
    });

    it("sends nothing on the band of a new module after a restart that went by unheard", async () => {
        const { modem, diary, socket } = station(1);
        await clock.advance(5_000);
        const before = air.statistics.transmissions;
        socket.emulator.misbehave({ answersLost: 1 });
        socket.emulator.restart();
        await clock.advance(2_000);
        expect(diary.isUp).toBe(true);
        const sent = await settled(modem.send(FRAME, testPermit()));
        expect(sent).toMatchObject({ ok: false, error: { kind: "mismatch" } });
        expect(air.statistics.transmissions).toBe(before);
        expect(await clock.runUntil(() => diary.isUp, 10_000)).toBe(true);
        expect(await settled(modem.send(FRAME, testPermit()))).toMatchObject({ ok: true });
    });

    it("sets everything again when a module restarts while it is being set up", async () => {
        for (let at = 160; at < 400; at += 7) {
            const { modem, diary, socket } = station(1);
            const begun = clock.now().monotonic;
            await clock.advance(at);
            if (diary.isUp) break;
            socket.emulator.restart();
            expect(await clock.runUntil(() => diary.isUp, 60_000)).toBe(true);
            // Without the band the factory's 915 MHz would be in force, and nobody would hear anything.
            expect([at, begun, socket.emulator.listensOn()?.frequencyHz]).toEqual([at, begun, PARAMS.frequencyHz]);
            await modem.stop();
        }
        expect(clock.now().monotonic).toBeGreaterThan(3_000);
    });

    it("tells at once that a module restarted in the middle of a packet, and is soon up again", async () => {
        const { modem, diary, socket } = station(1);
        await clock.runUntil(() => diary.isUp, 5_000);
        const sending = sendTo(modem);
        await clock.advance(100);
        socket.emulator.restart();
        const before = clock.now().monotonic;
        expect(await settled(sending)).toMatchObject({ ok: false, error: { kind: "silent" } });
        expect(await clock.runUntil(() => diary.isUp, 5_000)).toBe(true);
        expect(clock.now().monotonic - before).toBeLessThan(500);
        expect(diary.ups).toHaveLength(2);
    });

    it("says so when a module restarts again and again", async () => {
        const { diary, socket } = station(1);
        await clock.advance(170);
        for (let round = 0; round < 60 && diary.downs.length === 0; round++) {
            socket.emulator.restart();
            await clock.advance(200);
        }
        expect(diary.downs[0]?.detail).toContain("power supply");
        expect(await clock.runUntil(() => diary.isUp, 60_000)).toBe(true);
    });

    it.each([1, 2, 4, 5, 10, 13, 14, 15, 17, 18, 20, 99])(
        "tells that a packet was refused with +ERR=%d",
        async (code) => {
            const { modem, diary, socket } = station(1);
            await clock.runUntil(() => diary.isUp, 5_000);
            socket.emulator.misbehave({ refusal: code });
            const kind = code === 17 ? "busy" : "refused";
            const detail = expect.stringContaining(`+ERR=${code}, ${meaningOf(code)}`);
            expect(await settled(sendTo(modem))).toEqual({ ok: false, error: { kind, detail } });
            socket.emulator.misbehave({});
            expect(await settled(sendTo(modem))).toMatchObject({ ok: true });
            expect(diary.downs).toEqual([]);
        },
    );

    it("tells what refuses to be set, and tries again", async () => {
        const { diary, socket } = station(1);
        await clock.advance(170);
        socket.emulator.misbehave({ refusal: 14 });
        await clock.runUntil(() => diary.downs.length > 0, 5_000);
        expect(diary.downs[0]).toMatchObject({ kind: "refused", detail: expect.stringContaining("flash") });
        socket.emulator.misbehave({});
        expect(await clock.runUntil(() => diary.isUp, 60_000)).toBe(true);
    });

    it("gets along with a slow module", async () => {
        const { modem, diary, socket } = station(1);
        socket.emulator.misbehave({ extraMs: 700 });
        expect(await clock.runUntil(() => diary.isUp, 20_000)).toBe(true);
        expect(await settled(sendTo(modem))).toMatchObject({ ok: true });
        expect(diary.downs).toEqual([]);
    });

    it("is not made with settings that the module cannot have", () => {
        const wrong = { ...PARAMS, spreadingFactor: 12 };
        expect(() => station(1, { params: wrong })).toThrow(/module 1: .*spreading factor/);
    });

    it("gives up a packet whose answer never comes, and starts again", async () => {
        const { modem, diary, socket } = station(1);
        await clock.runUntil(() => diary.isUp, 5_000);
        socket.emulator.misbehave({ answersLost: 1 });
        expect(await settled(sendTo(modem))).toMatchObject({ ok: false, error: { kind: "silent" } });
        expect(await clock.runUntil(() => diary.isUp, 10_000)).toBe(true);
    });

    it("gets over garbage on the line", async () => {
        const { diary, socket } = station(1);
        socket.emulator.misbehave({ garbage: Uint8Array.from([0, 255, 13, 10, 43]) });
        await clock.runUntil(() => diary.downs.length > 0, 20_000);
        socket.emulator.misbehave({ garbage: Uint8Array.from([1, 2, 13, 10]) });
        expect(await clock.runUntil(() => diary.isUp, 60_000)).toBe(true);
    });

    it("does not take a damaged packet from the air for an answer", async () => {
        const [one, two] = [station(1), station(2)];
        await clock.runUntil(() => one.diary.isUp && two.diary.isUp, 5_000);
        air.setWeather({ corruption: 1 });
        expect(await settled(sendTo(one.modem))).toMatchObject({ ok: true });
        await clock.advance(1_000);
        expect(two.diary.frames).toEqual([]);
        expect(two.diary.isUp).toBe(true);
    });

    it("is silent after stop", async () => {
        const { modem, diary, socket } = station(1);
        await clock.runUntil(() => diary.isUp, 5_000);
        await modem.stop();
        await socket.unplug();
        await clock.advance(120_000);
        expect(diary.downs).toEqual([]);
        expect(await sendTo(modem)).toMatchObject({ ok: false, error: { kind: "stopped" } });
    });
});
