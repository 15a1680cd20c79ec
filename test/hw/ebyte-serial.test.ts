import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import { makeE22, makeE220 } from "../../hw/ebyte/driver.ts";
import { type EbyteEmulator, makeE22Emulator, makeE220Emulator } from "../../hw/ebyte/emulator.ts";
import { FakeGpio } from "../../hw/gpio/fake.ts";
import type { Modem } from "../../hw/modem.ts";
import type { BytePort } from "../../hw/port/byte-port.ts";
import { openPty, type Pty } from "../../hw/port/pty.ts";
import { serialPort } from "../../hw/port/serial-port.ts";
import { systemClock } from "../../src/app/clock.ts";
import { AUX, M0, M1 } from "../support/ebyte-rig.ts";
import { ModemDiary, testPermit } from "../support/modem-diary.ts";

/** Real terminals and real time: the module's own delays make these tests slow. */
const TIMEOUT_MS = 20_000;
const BAUD_RATE = 57_600;
const run = promisify(execFile);

const modems: Modem[] = [];
const emulators: EbyteEmulator[] = [];
afterEach(async () => {
    await Promise.all(modems.splice(0).map((modem) => modem.stop()));
    await Promise.all(emulators.splice(0).map((emulator) => emulator.unplug()));
});

async function until(done: () => boolean): Promise<void> {
    for (let turn = 0; turn < TIMEOUT_MS / 10 && !done(); turn++)
        await new Promise((resolve) => setTimeout(resolve, 10));
    expect(done()).toBe(true);
}

/** A module behind a pseudo-terminal; it is told at which speed the host opens that. */
async function plugged(kind: "E22" | "E220", air: Air) {
    const gpio = new FakeGpio(systemClock);
    const pins = { m0: gpio.pin(M0), m1: gpio.pin(M1), aux: gpio.pin(AUX) };
    const emulator = (kind === "E22" ? makeE22Emulator : makeE220Emulator)({ air, clock: systemClock, pins });
    let pty: Pty = await openPty();
    await emulator.plug(pty.port);
    const speeds: string[] = [];
    const portAt = (baudRate: number): BytePort => {
        const { path } = pty;
        const port = serialPort({ path, baudRate })();
        const open: BytePort["open"] = async (handlers) => {
            await port.open(handlers);
            emulator.hostSpeed(baudRate);
            speeds.push((await run("stty", ["-F", path, "speed"])).stdout.trim());
        };
        return { label: path, open, write: (bytes) => port.write(bytes), close: () => port.close() };
    };
    const diary = new ModemDiary();
    const modem = (kind === "E22" ? makeE22 : makeE220)({
        label: kind,
        portAt,
        clock: systemClock,
        wires: { openLine: gpio.open, mode: { m0: { line: M0 }, m1: { line: M1 } }, aux: { line: AUX } },
        frequencyHz: 868_125_000,
        airRateBps: 62_500,
        powerDbm: 13,
        baudRate: BAUD_RATE,
    });
    modems.push(modem);
    emulators.push(emulator);
    modem.start(diary.handlers);
    const replug = async (): Promise<void> => {
        pty = await openPty();
        await emulator.plug(pty.port);
        emulator.powerOn();
    };
    return { modem, diary, emulator, speeds, replug };
}

describe.each(["E22", "E220"] as const)("an %s over real pseudo-terminals", (kind) => {
    it("is set up at 9600 baud, carries frames at its own, and comes back after an unplug", {
        timeout: TIMEOUT_MS,
    }, async () => {
        const air = new Air({ clock: systemClock, seed: 1 });
        const [one, two] = [await plugged(kind, air), await plugged(kind, air)];
        await until(() => one.diary.isUp && two.diary.isUp);
        expect(one.speeds).toEqual(["9600", `${BAUD_RATE}`]);
        expect(one.emulator.settings.baudRate).toBe(BAUD_RATE);
        const frame = Uint8Array.from({ length: one.modem.traits.frameSizeMax }, (_, index) => index & 255);
        expect(await one.modem.send(frame, testPermit())).toEqual({ ok: true, value: undefined });
        expect(await two.modem.send(Uint8Array.of(13, 10, 0, 0xa7), testPermit())).toMatchObject({ ok: true });
        await until(() => one.diary.frames.length === 1 && two.diary.frames.length === 1);
        expect(two.diary.frames[0]?.bytes).toEqual(frame);
        expect(one.diary.frames[0]?.bytes).toEqual(Uint8Array.of(13, 10, 0, 0xa7));
        expect(one.diary.frames[0]?.rssiDbm).toBeLessThan(0);

        await one.emulator.unplug();
        await until(() => !one.diary.isUp);
        expect(one.diary.downs[0]?.kind).toBe("unplugged");
        await one.replug();
        await until(() => one.diary.isUp);
        expect(await one.modem.send(frame, testPermit())).toMatchObject({ ok: true });
        await until(() => two.diary.frames.length === 2);
    });
});
