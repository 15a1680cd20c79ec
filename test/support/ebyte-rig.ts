import type { Air } from "../../hw/air/air.ts";
import { makeE22, makeE220 } from "../../hw/ebyte/driver.ts";
import { type EbyteEmulator, makeE22Emulator, makeE220Emulator } from "../../hw/ebyte/emulator.ts";
import type { EbyteOptions } from "../../hw/ebyte/options.ts";
import { FakeGpio } from "../../hw/gpio/fake.ts";
import type { Modem } from "../../hw/modem.ts";
import type { BytePort } from "../../hw/port/byte-port.ts";
import { memoryPortPair } from "../../hw/port/memory-port.ts";
import type { Clock } from "../../src/base/time.ts";
import { ModemDiary } from "./modem-diary.ts";

/** As on the usual HAT. */
export const M0 = 22;
export const M1 = 27;
export const AUX = 4;

export const AIR_SETTINGS = { frequencyHz: 868_125_000, airRateBps: 9600, powerDbm: 13 } as const;

export interface EbyteRigOptions extends Partial<EbyteOptions> {
    readonly kind?: "E22" | "E220";
    /** Which lines the board has; default all. */
    readonly wired?: "all" | "mode" | "aux" | "none";
    readonly band?: "400" | "900";
    readonly emulatedRssi?: "offset" | "half";
}

/** A module on a board: wires, a UART that can be pulled out, a driver, and what it told. */
export class EbyteRig {
    readonly gpio: FakeGpio;
    readonly emulator: EbyteEmulator;
    readonly modem: Modem;
    readonly diary = new ModemDiary();
    /** Every speed at which the host opened the port. */
    readonly speeds: number[] = [];
    #pluggedIn = true;

    constructor(air: Air, clock: Clock, options: EbyteRigOptions = {}) {
        const { kind = "E22", wired = "all", band = "900", emulatedRssi = "offset", ...settings } = options;
        this.gpio = new FakeGpio(clock);
        const pins = {
            ...(wired === "all" || wired === "mode" ? { m0: this.gpio.pin(M0), m1: this.gpio.pin(M1) } : {}),
            ...(wired === "all" || wired === "aux" ? { aux: this.gpio.pin(AUX) } : {}),
        };
        const make = kind === "E22" ? makeE22Emulator : makeE220Emulator;
        this.emulator = make({ air, clock, band, rssiByte: emulatedRssi, pins });
        const wires = {
            openLine: this.gpio.open,
            ...(pins.m0 ? { mode: { m0: { line: M0 }, m1: { line: M1 } } } : {}),
            ...(pins.aux ? { aux: { line: AUX } } : {}),
        };
        const drive = kind === "E22" ? makeE22 : makeE220;
        this.modem = drive({
            label: kind,
            portAt: (speed) => this.#portAt(speed),
            clock,
            wires,
            ...AIR_SETTINGS,
            ...settings,
        });
    }

    start(): this {
        this.modem.start(this.diary.handlers);
        return this;
    }

    async unplug(): Promise<void> {
        this.#pluggedIn = false;
        await this.emulator.unplug();
    }

    plugIn(): void {
        this.#pluggedIn = true;
        this.emulator.powerOn();
    }

    #portAt(baudRate: number): BytePort {
        const { a, b } = memoryPortPair();
        const open = async (handlers: Parameters<BytePort["open"]>[0]): Promise<void> => {
            if (!this.#pluggedIn) throw new Error("the socket is empty");
            this.speeds.push(baudRate);
            await a.open(handlers);
            this.emulator.hostSpeed(baudRate);
            await this.emulator.plug(b);
        };
        return { label: "socket", open, write: (bytes) => a.write(bytes), close: () => a.close() };
    }
}
