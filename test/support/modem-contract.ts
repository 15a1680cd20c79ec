import { describe, expect, it } from "vitest";
import type { Modem } from "../../hw/modem.ts";
import { ModemDiary, testPermit } from "./modem-diary.ts";
import { settled } from "./settled.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** Two modems of one kind that hear each other, not started yet, over devices that can be pulled out. */
export interface ModemRig {
    readonly clock: VirtualClock;
    readonly modem: Modem;
    readonly peer: Modem;
    /** Pulls out the device of `modem`. */
    unplug(): Promise<void>;
    plugIn(): void;
    /** The device of `modem` goes on living but says nothing, or speaks again. */
    silence(isSilent: boolean): void;
}

/** Longer than any driver may take to find a device that is there, or to send one frame; in milliseconds. */
const PATIENCE_MS = 120_000;

/** Longer than any modem waits for a free channel, in milliseconds. */
const CHANNEL_WAIT_MS = 5_000;

/** How long after `send` the peer may still have to wait for what was sent: the last of the line, or all of the air. */
function arrivalMs(modem: Modem, size: number): number {
    return modem.traits.confirmsTransmission ? 1_000 : modem.airtimeMs(size) + CHANNEL_WAIT_MS;
}

/** What every modem promises in hw/modem.ts. */
export function modemContract(name: string, build: () => ModemRig): void {
    const started = async (rig = build()) => {
        const [diary, peerDiary] = [new ModemDiary(), new ModemDiary()];
        rig.modem.start(diary.handlers);
        rig.peer.start(peerDiary.handlers);
        expect(await rig.clock.runUntil(() => diary.isUp && peerDiary.isUp, PATIENCE_MS)).toBe(true);
        return { ...rig, diary, peerDiary };
    };
    const permit = testPermit(Number.POSITIVE_INFINITY);

    describe(`${name} as a modem`, () => {
        it("says first that it is up, once, and that with a word for people", async () => {
            const { diary } = await started();
            expect(diary.downs).toEqual([]);
            expect(diary.ups).toHaveLength(1);
            expect(diary.ups[0]).not.toBe("");
        });

        it("carries frames of every size as they are, and keeps their order", async () => {
            const { clock, modem, peerDiary } = await started();
            const sizes = [1, 2, 3, 64, modem.traits.frameSizeMax - 1, modem.traits.frameSizeMax];
            const frames = sizes.map((size) =>
                Uint8Array.from({ length: size }, (_, index) => (index * 37 + size) & 255),
            );
            for (const frame of frames) {
                const sent = settled(clock, modem.send(frame, permit), PATIENCE_MS);
                expect(await sent).toEqual({ ok: true, value: undefined });
                await clock.advance(arrivalMs(modem, frame.length));
            }
            expect(peerDiary.frames.map(({ bytes }) => bytes)).toEqual(frames);
            for (const { rssiDbm, snrDb } of peerDiary.frames) {
                expect(typeof rssiDbm).toBe(modem.traits.reportsRssi ? "number" : "undefined");
                // Some modules tell the strength of a frame and not how far it stood out.
                if (!modem.traits.reportsRssi) expect(snrDb).toBeUndefined();
            }
        });

        it("needs more airtime for more bytes, and no less than it says when it confirms the transmission", async () => {
            const { clock, modem } = await started();
            const size = modem.traits.frameSizeMax;
            expect(modem.airtimeMs(size)).toBeGreaterThan(modem.airtimeMs(1));
            expect(modem.airtimeMs(1)).toBeGreaterThan(0);
            const before = clock.now().monotonic;
            await settled(clock, modem.send(new Uint8Array(size), permit), PATIENCE_MS);
            if (modem.traits.confirmsTransmission)
                expect(clock.now().monotonic - before).toBeGreaterThanOrEqual(modem.airtimeMs(size));
        });

        it("refuses a frame that is too large, and one more while one is being sent", async () => {
            const { clock, modem, peerDiary } = await started();
            const large = new Uint8Array(modem.traits.frameSizeMax + 1);
            expect(await modem.send(large, permit)).toMatchObject({ ok: false, error: { kind: "too_large" } });
            const first = modem.send(Uint8Array.of(1), permit);
            expect(await modem.send(Uint8Array.of(2), permit)).toMatchObject({ ok: false, error: { kind: "busy" } });
            expect(await settled(clock, first, PATIENCE_MS)).toMatchObject({ ok: true });
            await clock.advance(arrivalMs(modem, 1));
            expect(peerDiary.frames.map(({ bytes }) => [...bytes])).toEqual([[1]]);
        });

        it("does not keep the caller's bytes", async () => {
            const { clock, modem, peerDiary } = await started();
            const frame = Uint8Array.of(1, 2, 3);
            const sending = modem.send(frame, permit);
            frame.fill(9);
            await settled(clock, sending, PATIENCE_MS);
            await clock.advance(arrivalMs(modem, frame.length));
            expect(peerDiary.frames.map(({ bytes }) => [...bytes])).toEqual([[1, 2, 3]]);
        });

        it("can tell whether the channel is free if it says so, and then finds a quiet one free", async () => {
            const { clock, modem } = await started();
            expect(modem.channelIsFree !== undefined).toBe(modem.traits.detectsChannelActivity);
            if (!modem.channelIsFree) return;
            for (const demand of [undefined, { minMs: 5, thresholdDbm: -80 }]) {
                const before = clock.now().monotonic;
                expect(await settled(clock, modem.channelIsFree(demand), PATIENCE_MS)).toBe(true);
                expect(clock.now().monotonic - before).toBeGreaterThanOrEqual(demand?.minMs ?? 0);
            }
        });

        it("refuses to send before it is up", async () => {
            const { modem } = build();
            modem.start(new ModemDiary().handlers);
            expect(await modem.send(Uint8Array.of(1), permit)).toMatchObject({ ok: false });
            await modem.stop();
        });

        it("tells an unplug, refuses meanwhile, and comes back by itself", async () => {
            const { clock, modem, diary, peerDiary, ...rig } = await started();
            await rig.unplug();
            await clock.advance(PATIENCE_MS);
            expect([diary.isUp, diary.downs[0]?.kind]).toEqual([false, "unplugged"]);
            const refused = await modem.send(Uint8Array.of(1), permit);
            expect(refused).toMatchObject({ ok: false, error: { kind: "unplugged" } });
            rig.plugIn();
            expect(await clock.runUntil(() => diary.isUp, PATIENCE_MS)).toBe(true);
            expect(await settled(clock, modem.send(Uint8Array.of(1), permit), PATIENCE_MS)).toMatchObject({ ok: true });
            await clock.advance(arrivalMs(modem, 1));
            expect(peerDiary.frames).toHaveLength(1);
        });

        it("settles a send whose device is pulled out or falls silent in the middle", async () => {
            const { clock, modem, diary, ...rig } = await started();
            const first = modem.send(new Uint8Array(modem.traits.frameSizeMax), permit);
            rig.silence(true);
            expect(await settled(clock, first, PATIENCE_MS)).toMatchObject({ ok: false, error: { kind: "silent" } });
            rig.silence(false);
            expect(await clock.runUntil(() => diary.isUp, PATIENCE_MS)).toBe(true);
            const second = modem.send(new Uint8Array(modem.traits.frameSizeMax), permit);
            await rig.unplug();
            expect(await settled(clock, second, PATIENCE_MS)).toMatchObject({
                ok: false,
                error: { kind: "unplugged" },
            });
        });

        it("tells the same trouble once, however often it tries", async () => {
            const { clock, diary, ...rig } = await started();
            await rig.unplug();
            await clock.advance(PATIENCE_MS);
            const told = diary.downs.length;
            await clock.advance(10 * PATIENCE_MS);
            expect(diary.downs.length).toBe(told);
        });

        it("is quiet after stop, also when stopped twice or in the middle of a frame", async () => {
            const { clock, modem, diary, peer, ...rig } = await started();
            const sending = modem.send(new Uint8Array(modem.traits.frameSizeMax), permit);
            await modem.stop();
            await modem.stop();
            expect(await settled(clock, sending, PATIENCE_MS)).toMatchObject({ ok: false, error: { kind: "stopped" } });
            await settled(clock, peer.send(Uint8Array.of(1), permit), PATIENCE_MS);
            await rig.unplug();
            await clock.advance(PATIENCE_MS);
            expect([diary.frames, diary.downs, diary.ups.length]).toEqual([[], [], 1]);
            expect(await modem.send(Uint8Array.of(1), permit)).toMatchObject({ ok: false, error: { kind: "stopped" } });
        });

        it("can be stopped before it ever came up", async () => {
            const { clock, modem } = build();
            const diary = new ModemDiary();
            modem.start(diary.handlers);
            await modem.stop();
            await clock.advance(PATIENCE_MS);
            expect([diary.ups, diary.downs]).toEqual([[], []]);
        });
    });
}
