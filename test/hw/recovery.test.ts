import { describe, expect, it } from "vitest";
import { RETRY_MS_FIRST, RETRY_MS_MAX, Recovery } from "../../hw/supervision/recovery.ts";
import { RYLR998 } from "../support/at-kinds.ts";
import { makeWorld, station } from "../support/at-station.ts";
import { testPermit } from "../support/modem-diary.ts";
import { settled } from "../support/settled.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const HOUR_MS = 3_600_000;

describe("recovery", () => {
    it("waits twice as long after each failure, up to its limit, until the device works", () => {
        const recovery = new Recovery(new VirtualClock());
        const pauses = Array.from({ length: 7 }, () => recovery.failed());
        expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, RETRY_MS_MAX, RETRY_MS_MAX]);
        recovery.cameUp();
        expect([recovery.hasFailed, recovery.failed()]).toEqual([true, RETRY_MS_MAX]);
        recovery.works();
        expect([recovery.hasFailed, recovery.failed()]).toEqual([false, RETRY_MS_FIRST]);
    });

    it("takes the same news for news again only after the device came up", () => {
        const recovery = new Recovery(new VirtualClock());
        const silent = { kind: "silent", detail: "no answer" } as const;
        expect([recovery.isNews(silent), recovery.isNews(silent)]).toEqual([true, false]);
        expect(recovery.isNews({ ...silent, detail: "nonsense" })).toBe(true);
        recovery.cameUp();
        expect(recovery.isNews({ ...silent, detail: "nonsense" })).toBe(true);
    });

    it("has one timer", async () => {
        const clock = new VirtualClock();
        const recovery = new Recovery(clock);
        const done: string[] = [];
        recovery.later(100, async () => void done.push("first"));
        recovery.later(200, async () => void done.push("second"));
        await clock.advance(1_000);
        recovery.later(100, async () => void done.push("third"));
        recovery.cancel();
        await clock.advance(1_000);
        expect(done).toEqual(["second"]);
    });
});

describe("a module with a weak power supply", () => {
    it("comes up ever more seldom as long as it goes down with each frame", async () => {
        const world = makeWorld();
        const { clock } = world;
        const { modem, diary, emulator } = station(RYLR998, world, 1);
        emulator.misbehave({ brownOutMs: 40 });
        while (clock.now().monotonic < HOUR_MS) {
            await clock.runUntil(() => diary.isUp, HOUR_MS);
            expect(await settled(clock, modem.send(Uint8Array.of(1), testPermit()))).toMatchObject({ ok: false });
        }
        expect(diary.ups.length).toBeGreaterThan(60);
        expect(diary.ups.length).toBeLessThan(HOUR_MS / RETRY_MS_MAX + 10);
        emulator.misbehave({});
        await clock.runUntil(() => diary.isUp, HOUR_MS);
        expect(await settled(clock, modem.send(Uint8Array.of(1), testPermit()))).toMatchObject({ ok: true });
    });
});
