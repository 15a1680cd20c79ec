import { afterEach, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import type { Modem } from "../../hw/modem.ts";
import { openPty, type Pty } from "../../hw/port/pty.ts";
import { serialPort } from "../../hw/port/serial-port.ts";
import { makeRylr998 } from "../../hw/rylr998/driver.ts";
import { Rylr998Emulator } from "../../hw/rylr998/emulator.ts";
import { systemClock } from "../../src/app/clock.ts";
import { PARAMS } from "../support/emulated-module.ts";
import { ModemDiary, testPermit } from "../support/modem-diary.ts";

/** Real terminals and real time: the module's own delays make these tests slow. */
const TIMEOUT_MS = 20_000;
const FAST = { ...PARAMS, spreadingFactor: 7 };

const modems: Modem[] = [];
afterEach(async () => {
    await Promise.all(modems.splice(0).map((modem) => modem.stop()));
});

async function until(done: () => boolean): Promise<void> {
    for (let turn = 0; turn < TIMEOUT_MS / 10 && !done(); turn++)
        await new Promise((resolve) => setTimeout(resolve, 10));
    expect(done()).toBe(true);
}

/** A driver on the slave side of a real pseudo-terminal whose path may change, as a replugged device's does not. */
async function plugged(air: Air, address: number) {
    const emulator = new Rylr998Emulator({ air, clock: systemClock });
    let pty: Pty = await openPty();
    await emulator.plug(pty.port);
    const diary = new ModemDiary();
    const modem = makeRylr998({
        label: `module ${address}`,
        port: () => serialPort({ path: pty.path, baudRate: 115_200 })(),
        clock: systemClock,
        params: FAST,
        address,
        networkId: 18,
    });
    modems.push(modem);
    modem.start(diary.handlers);
    return {
        modem,
        diary,
        emulator,
        async replug() {
            pty = await openPty();
            await emulator.plug(pty.port);
        },
    };
}

it("two modules on real serial ports hear each other; a pulled plug is noticed and mended", {
    timeout: TIMEOUT_MS,
}, async () => {
    const air = new Air({ clock: systemClock, seed: 1 });
    const [one, two] = [await plugged(air, 1), await plugged(air, 2)];
    await until(() => one.diary.isUp && two.diary.isUp);
    const frame = Uint8Array.from({ length: 180 }, (_, index) => (index * 7) & 0xff);
    expect(await one.modem.send(frame, testPermit())).toEqual({ ok: true, value: undefined });
    await until(() => two.diary.frames.length === 1);
    expect(two.diary.frames[0]?.bytes).toEqual(frame);
    await one.emulator.unplug();
    await until(() => one.diary.downs.length > 0);
    expect(one.diary.downs[0]?.kind).toBe("unplugged");
    await one.replug();
    await until(() => one.diary.isUp);
    expect(await two.modem.send(frame, testPermit())).toMatchObject({ ok: true });
    await until(() => one.diary.frames.length === 1);
});
