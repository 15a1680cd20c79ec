import { describe, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import { FakeGpio } from "../../hw/gpio/fake.ts";
import { withPowerCycle } from "../../hw/power/power-cycle.ts";
import { makeRylr998 } from "../../hw/rylr998/driver.ts";
import { Rylr998Emulator } from "../../hw/rylr998/emulator.ts";
import { PARAMS, Socket } from "../support/emulated-module.ts";
import { ModemDiary } from "../support/modem-diary.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const POWER = 5;
const MINUTE_MS = 60_000;

/** A module behind a power switch, on when the line is high. */
function bench({ isOffHigh = false } = {}) {
    const clock = new VirtualClock();
    const gpio = new FakeGpio(clock);
    const air = new Air({ clock, seed: 1 });
    const socket = new Socket(new Rylr998Emulator({ air, clock }));
    const bare = makeRylr998({ label: "module", port: socket.port, clock, params: PARAMS, address: 1, networkId: 18 });
    const modem = withPowerCycle(bare, { openLine: gpio.open, line: { line: POWER }, isOffHigh, clock });
    const diary = new ModemDiary();
    const offs = () => gpio.records.filter(({ isHigh }) => isHigh === isOffHigh).length;
    /** Only a power cut mends it. */
    const hang = () => socket.emulator.misbehave({ isSilent: true });
    gpio.pin(POWER).watch((isHigh) => {
        if (isHigh === isOffHigh) return;
        socket.emulator.misbehave({});
        socket.emulator.restart();
    });
    return { clock, gpio, socket, modem, diary, offs, hang };
}

describe("a modem behind a power switch", () => {
    it("gets its power at the start, and keeps it while all is well", async () => {
        const { clock, gpio, modem, diary, offs } = bench();
        modem.start(diary.handlers);
        await clock.advance(MINUTE_MS);
        expect([gpio.pin(POWER).isHigh, diary.isUp]).toEqual([true, true]);
        await clock.advance(60 * MINUTE_MS);
        expect([offs(), diary.downs]).toEqual([0, []]);
        await modem.stop();
    });

    it.each([false, true])(
        "that hangs is cut off for three seconds and comes back, off at high: %s",
        async (isOffHigh) => {
            const { clock, gpio, modem, diary, hang } = bench({ isOffHigh });
            modem.start(diary.handlers);
            await clock.advance(MINUTE_MS);
            hang();
            expect(await clock.runUntil(() => diary.downs.length > 0, 2 * MINUTE_MS)).toBe(true);
            expect(await clock.runUntil(() => diary.isUp, 3 * MINUTE_MS)).toBe(true);
            const [off, on] = gpio.records.slice(-2);
            expect([off?.isHigh, on?.isHigh]).toEqual([isOffHigh, !isOffHigh]);
            expect((on?.at ?? 0) - (off?.at ?? 0)).toBe(3_000);
            expect(diary.downs.at(-1)?.detail).toContain("its power was off for 3 s, because: no answer to");
            await modem.stop();
        },
    );

    it("that never comes back is tried for ever, with a pause that grows to an hour", async () => {
        const { clock, modem, diary, offs, socket } = bench();
        modem.start(diary.handlers);
        await clock.advance(MINUTE_MS);
        await socket.unplug();
        await clock.advance(10 * MINUTE_MS);
        const first = offs();
        expect(first).toBeGreaterThanOrEqual(2);
        await clock.advance(24 * 60 * MINUTE_MS);
        const inADay = offs() - first;
        expect(inADay).toBeGreaterThanOrEqual(24);
        expect(inADay).toBeLessThanOrEqual(32);
        socket.plugIn();
        expect(await clock.runUntil(() => diary.isUp, 2 * MINUTE_MS)).toBe(true);
        await modem.stop();
    });

    it("works without its line, and says why the power cannot be switched", async () => {
        const { clock, gpio, modem, diary, offs, hang } = bench();
        gpio.misbehave(POWER, "taken");
        modem.start(diary.handlers);
        expect(await clock.runUntil(() => diary.isUp, MINUTE_MS)).toBe(true);
        hang();
        await clock.advance(5 * MINUTE_MS);
        expect(diary.downs.map(({ detail }) => detail)).toContainEqual(expect.stringContaining("cannot be switched"));
        gpio.misbehave(POWER, undefined);
        expect(await clock.runUntil(() => diary.isUp, 30 * MINUTE_MS)).toBe(true);
        expect(offs()).toBe(1);
        await modem.stop();
    });

    it("lets the line go when it is stopped, also while the power is off", async () => {
        const { clock, gpio, modem, diary, offs, hang } = bench();
        modem.start(diary.handlers);
        await clock.advance(MINUTE_MS);
        hang();
        expect(await clock.runUntil(() => offs() === 1, 5 * MINUTE_MS)).toBe(true);
        await modem.stop();
        expect(gpio.pin(POWER).isHigh).toBe(true);
        expect(await gpio.open({ line: POWER, direction: "in" })).toMatchObject({ ok: true });
    });
});
