import { afterEach, expect, it } from "vitest";
import { Air } from "../../hw/air/air.ts";
import { makeMeshcoreKiss } from "../../hw/meshcore-kiss/driver.ts";
import { MeshcoreKissEmulator } from "../../hw/meshcore-kiss/emulator.ts";
import type { Modem } from "../../hw/modem.ts";
import type { BytePortFactory } from "../../hw/port/byte-port.ts";
import { openPty } from "../../hw/port/pty.ts";
import { serialPort } from "../../hw/port/serial-port.ts";
import { makeRnode } from "../../hw/rnode/driver.ts";
import { RnodeEmulator } from "../../hw/rnode/emulator.ts";
import { systemClock } from "../../src/app/clock.ts";
import { PARAMS } from "../support/emulated-module.ts";
import { ModemDiary, testPermit } from "../support/modem-diary.ts";

/** Real terminals and real time: the wait for a board that starts makes these tests slow. */
const TIMEOUT_MS = 25_000;
const FAST = { ...PARAMS, spreadingFactor: 7, bandwidthHz: 250_000 };

interface Kind {
    readonly name: string;
    emulator(air: Air, seed: number): RnodeEmulator | MeshcoreKissEmulator;
    driver(port: BytePortFactory): Modem;
}

const KINDS: readonly Kind[] = [
    {
        name: "RNodes",
        emulator: (air, seed) => new RnodeEmulator({ air, clock: systemClock, seed }),
        driver: (port) => makeRnode({ label: "board", port, clock: systemClock, params: FAST }),
    },
    {
        name: "MeshCore KISS modems",
        emulator: (air, seed) => new MeshcoreKissEmulator({ air, clock: systemClock, seed }),
        driver: (port) => makeMeshcoreKiss({ label: "board", port, clock: systemClock, params: FAST }),
    },
];

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
});

async function until(done: () => boolean): Promise<void> {
    for (let turn = 0; turn < TIMEOUT_MS / 10 && !done(); turn++)
        await new Promise((resolve) => setTimeout(resolve, 10));
    expect(done()).toBe(true);
}

/** A driver on the slave side of a real pseudo-terminal, and a way to pull its plug and put it back. */
async function plugged({ emulator: make, driver }: Kind, air: Air, seed: number) {
    const emulator = make(air, seed);
    let pty = await openPty();
    await emulator.plug(pty.port);
    const diary = new ModemDiary();
    const modem = driver(() => serialPort({ path: pty.path, baudRate: 115_200 })());
    stops.push(
        () => modem.stop(),
        () => emulator.unplug(),
    );
    modem.start(diary.handlers);
    const replug = async (): Promise<void> => {
        pty = await openPty();
        await emulator.plug(pty.port);
    };
    return { modem, diary, emulator, replug };
}

it.each(KINDS)(
    "two $name on real serial ports hear each other; a pulled plug is noticed and mended",
    {
        timeout: TIMEOUT_MS,
    },
    async (kind) => {
        const air = new Air({ clock: systemClock, seed: 1 });
        const [one, two] = [await plugged(kind, air, 1), await plugged(kind, air, 2)];
        await until(() => one.diary.isUp && two.diary.isUp);
        const size = one.modem.traits.frameSizeMax;
        const frame = Uint8Array.from({ length: size }, (_, index) => (index * 7) & 0xff);
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
    },
);
