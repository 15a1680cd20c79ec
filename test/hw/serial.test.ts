import { expect, it, type TestContext } from "vitest";
import { Air } from "../../hw/air/air.ts";
import { makeLoraE5 } from "../../hw/lora-e5/driver.ts";
import { LoraE5Emulator } from "../../hw/lora-e5/emulator.ts";
import type { Modem } from "../../hw/modem.ts";
import type { BytePort } from "../../hw/port/byte-port.ts";
import { openPty, type Pty } from "../../hw/port/pty.ts";
import { serialPort } from "../../hw/port/serial-port.ts";
import { makeRak3172 } from "../../hw/rak3172/driver.ts";
import { Rak3172Emulator } from "../../hw/rak3172/emulator.ts";
import { makeRylr998 } from "../../hw/rylr998/driver.ts";
import { Rylr998Emulator } from "../../hw/rylr998/emulator.ts";
import { systemClock } from "../../src/app/clock.ts";
import { PARAMS } from "../support/emulated-module.ts";
import { ModemDiary, testPermit } from "../support/modem-diary.ts";

/** Real terminals and real time: the module's own delays make these tests slow. */
const TIMEOUT_MS = 30_000;
const FAST = { ...PARAMS, spreadingFactor: 7 };
const IDLE_MS = 1_500;
/** Of one core; a port that reads nothing in a busy loop takes more than half of it. */
const IDLE_SHARE_MAX = 0.3;

interface Emulator {
    plug(port: BytePort): Promise<void>;
    unplug(): Promise<void>;
}

type Parts = { readonly label: string; readonly port: (baudRate?: number) => BytePort; readonly address: number };

interface Kind {
    readonly emulator: (air: Air) => Emulator;
    readonly modem: (parts: Parts) => Modem;
}

const ON_TIME = { clock: systemClock, params: FAST };
const KINDS: Readonly<Record<string, Kind>> = {
    RYLR998: {
        emulator: (air) => new Rylr998Emulator({ air, clock: systemClock }),
        modem: (parts) => makeRylr998({ ...parts, ...ON_TIME, networkId: 18 }),
    },
    RAK3172: {
        emulator: (air) => new Rak3172Emulator({ air, clock: systemClock }),
        modem: (parts) => makeRak3172({ ...parts, ...ON_TIME }),
    },
    "LoRa-E5": {
        emulator: (air) => new LoraE5Emulator({ air, clock: systemClock }),
        modem: (parts) => makeLoraE5({ ...parts, ...ON_TIME }),
    },
};

async function until(done: () => boolean): Promise<void> {
    for (let turn = 0; turn < TIMEOUT_MS / 10 && !done(); turn++)
        await new Promise((resolve) => setTimeout(resolve, 10));
    expect(done()).toBe(true);
}

/** A driver on the slave side of a real pseudo-terminal whose path may change, as a replugged device's does not. */
async function plugged(kind: Kind, air: Air, address: number, atEnd: TestContext["onTestFinished"]) {
    const emulator = kind.emulator(air);
    let pty: Pty = await openPty();
    await emulator.plug(pty.port);
    const diary = new ModemDiary();
    const port = (baudRate = 115_200): BytePort => serialPort({ path: pty.path, baudRate })();
    const modem = kind.modem({ label: `module ${address}`, port, address });
    atEnd(() => modem.stop());
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

/** Of one core, with nothing to do. */
async function idleShare(): Promise<number> {
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / IDLE_MS;
}

it.concurrent.for(Object.entries(KINDS))(
    "two modules on real serial ports hear each other; a pulled plug is noticed and mended: $0",
    { timeout: TIMEOUT_MS },
    async ([, kind], { onTestFinished }) => {
        const air = new Air({ clock: systemClock, seed: 1 });
        const [one, two] = [await plugged(kind, air, 1, onTestFinished), await plugged(kind, air, 2, onTestFinished)];
        await until(() => one.diary.isUp && two.diary.isUp);
        const frame = Uint8Array.from({ length: 180 }, (_, index) => (index * 7) & 0xff);
        expect(await one.modem.send(frame, testPermit())).toEqual({ ok: true, value: undefined });
        await until(() => two.diary.frames.length === 1);
        expect(two.diary.frames[0]?.bytes).toEqual(frame);
        await one.emulator.unplug();
        await until(() => one.diary.downs.length > 0);
        expect(one.diary.downs[0]?.kind).toBe("unplugged");
        expect(await idleShare()).toBeLessThan(IDLE_SHARE_MAX);
        await one.replug();
        await until(() => one.diary.isUp);
        expect(await two.modem.send(frame, testPermit())).toMatchObject({ ok: true });
        await until(() => one.diary.frames.length === 1);
    },
);
