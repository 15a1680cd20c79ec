import { beforeEach, describe, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import { makeRnode } from "../../hw/rnode/driver.ts";
import { RnodeEmulator } from "../../hw/rnode/emulator.ts";
import { makeRandom, mutate } from "../fuzz/mutate.ts";
import { PARAMS, Socket } from "../support/emulated-module.ts";
import { ModemDiary, testPermit } from "../support/modem-diary.ts";
import { settled } from "../support/settled.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const FRAME = Uint8Array.from({ length: 300 }, (_, index) => index);

let clock: VirtualClock;
let air: Air;
beforeEach(() => {
    clock = new VirtualClock();
    air = new Air({ clock, seed: 1 });
});

function station() {
    const socket = new Socket(new RnodeEmulator({ air, clock }));
    const modem = makeRnode({ label: "board", port: socket.port, clock, params: PARAMS });
    const diary = new ModemDiary();
    modem.start(diary.handlers);
    const isUpWithin = (ms: number) => clock.runUntil(() => diary.isUp, ms);
    const send = () => settled(clock, modem.send(FRAME, testPermit()));
    return { modem, diary, board: socket.emulator, socket, isUpWithin, send };
}

describe("an RNode that misbehaves", () => {
    it("and is silent is told once, asked for ever, and found again", async () => {
        const { diary, board, isUpWithin } = station();
        board.misbehave({ isSilent: true });
        await clock.advance(600_000);
        expect(diary.downs).toEqual([{ kind: "silent", detail: 'no answer to "are you an RNode" from socket' }]);
        board.misbehave({});
        expect(await isUpWithin(60_000)).toBe(true);
    });

    it("and dies while idle is noticed within a minute", async () => {
        const { diary, board, isUpWithin } = station();
        await isUpWithin(10_000);
        board.misbehave({ isSilent: true });
        expect(await clock.runUntil(() => !diary.isUp, 60_000)).toBe(true);
    });

    it("and starts again by itself is set up again, without a reopened port", async () => {
        const { diary, board, isUpWithin, send } = station();
        await isUpWithin(10_000);
        board.restart();
        expect(await clock.runUntil(() => !diary.isUp, 2_000)).toBe(true);
        expect(diary.downs[0]?.detail).toContain("started again by itself");
        expect(await isUpWithin(1_000)).toBe(true);
        expect(await send()).toMatchObject({ ok: true });
    });

    it("and starts again without a word sends nothing, and is found out by the next frame or by the next look", async () => {
        const { diary, board, isUpWithin, send } = station();
        await isUpWithin(10_000);
        board.misbehave({ startsQuietly: true });
        board.restart();
        await clock.advance(1_300);
        expect(await send()).toMatchObject({ ok: false, error: { kind: "mismatch" } });
        expect(diary.downs.at(-1)?.detail).toContain("radio went off by itself");
        expect(await isUpWithin(60_000)).toBe(true);
        board.restart();
        expect(await clock.runUntil(() => !diary.isUp, 40_000)).toBe(true);
        expect(await isUpWithin(60_000)).toBe(true);
        expect(air.statistics.transmissions).toBe(0);
    });

    it("and browns out whenever it transmits is told each time and always set up again", async () => {
        const { diary, board, isUpWithin, send } = station();
        board.misbehave({ brownsOut: true });
        for (let round = 1; round <= 3; round++) {
            await isUpWithin(60_000);
            expect(await send()).toMatchObject({ ok: false, error: { kind: round === 1 ? "mismatch" : "silent" } });
            expect(diary.downs).toHaveLength(round);
        }
        expect(await isUpWithin(60_000)).toBe(true);
    });

    it("and restarts at any moment of its setting up comes up with all settings", async () => {
        for (let at = 2_000; at < 2_400; at += 3) {
            const { modem, diary, board, isUpWithin } = station();
            await clock.advance(at);
            if (diary.isUp) break;
            board.restart();
            // An answer may be on its way still, so it seems to be up for the time of a start.
            await clock.advance(1_300);
            expect(await isUpWithin(60_000)).toBe(true);
            expect([at, board.listensOn()]).toMatchObject([at, { frequencyHz: PARAMS.frequencyHz }]);
            await modem.stop();
        }
        expect(clock.now().monotonic).toBeGreaterThan(20_000);
    });

    it("and restarts again and again is told to have a bad power supply", async () => {
        const { diary, board, isUpWithin } = station();
        await clock.advance(2_005);
        for (let round = 0; round < 60 && diary.downs.length === 0; round++) {
            board.restart();
            await clock.advance(1_220);
        }
        expect(diary.downs[0]?.detail).toContain("power supply");
        expect(await isUpWithin(60_000)).toBe(true);
    });

    it("and loses or halves answers is asked again", async () => {
        const { board, isUpWithin } = station();
        for (const fault of [{ answersLost: 2 }, { answersHalved: 2 }, { answersLost: 1, answersHalved: 1 }]) {
            board.misbehave(fault);
            board.restart();
            expect(await isUpWithin(60_000)).toBe(true);
        }
    });

    it("and puts text between its answers is understood all the same", async () => {
        const { board, isUpWithin, send, diary } = station();
        board.misbehave({ garbage: Uint8Array.from("brownout detector\r\n", (letter) => letter.charCodeAt(0)) });
        expect(await isUpWithin(60_000)).toBe(true);
        expect(await send()).toMatchObject({ ok: true });
        board.sayBytes(Uint8Array.of(0xc0, 0xdb, 0x00, 0xc0, 0x25, 0x01, 0xc0, 0x26, 0xc0, 0x00, 0xc0, 0x23, 0xc0));
        await clock.advance(60_000);
        expect(diary.downs).toEqual([]);
    });

    it("and is slow is waited for", async () => {
        const { diary, board, isUpWithin, send } = station();
        board.misbehave({ extraMs: 700 });
        expect(await isUpWithin(60_000)).toBe(true);
        expect(await send()).toMatchObject({ ok: true });
        expect(diary.downs).toEqual([]);
    });

    it("and says by itself that its radio chip is broken is set up again", async () => {
        const { diary, board, isUpWithin } = station();
        await isUpWithin(10_000);
        board.sayBytes(Uint8Array.of(0xc0, 0x90, 0x05, 0xc0, 0xc0, 0x90, 0x06, 0xc0));
        expect(await clock.runUntil(() => !diary.isUp, 1_000)).toBe(true);
        expect(diary.downs).toEqual([{ kind: "refused", detail: "error 6, the radio chip does not answer" }]);
        expect(await isUpWithin(60_000)).toBe(true);
    });

    it("and feignsSending to send is believed, because nothing tells", async () => {
        const { board, isUpWithin, send } = station();
        await isUpWithin(10_000);
        board.misbehave({ feignsSending: true });
        expect(await send()).toMatchObject({ ok: true });
        await clock.advance(10_000);
        expect(air.statistics.transmissions).toBe(0);
    });

    it("and is pulled out and put back, also in the middle of a packet, is found again", async () => {
        const { modem, diary, socket, isUpWithin, send } = station();
        await isUpWithin(10_000);
        const sending = modem.send(FRAME, testPermit());
        await socket.unplug();
        expect(await settled(clock, sending)).toMatchObject({ ok: false, error: { kind: "unplugged" } });
        await clock.advance(120_000);
        socket.plugIn();
        expect(await isUpWithin(60_000)).toBe(true);
        expect(await send()).toMatchObject({ ok: true });
        expect(diary.downs.map(({ kind }) => kind)).toEqual(["unplugged", "unplugged"]);
    });
});

it("an RNode on a line that says anything is never lost for good", async () => {
    const { diary, board, isUpWithin, send } = station();
    await isUpWithin(10_000);
    const random = makeRandom(1, "rnode");
    const corpus = [Uint8Array.of(0xc0, 0x06, 0x00, 0xc0), Uint8Array.of(0xc0, 0x55, 0xf8, 0xc0)];
    for (let count = 0; count < 2_000; count++) {
        board.sayBytes(mutate(corpus, random).subarray(0, 300));
        await clock.advance(random(40));
    }
    await clock.advance(30_000);
    expect(await isUpWithin(120_000)).toBe(true);
    expect(await send()).toMatchObject({ ok: true });
    expect(diary.ups.length).toBeGreaterThan(1);
});
