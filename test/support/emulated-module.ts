import type { Air } from "../../hw/air/air.ts";
import type { LoraParams } from "../../hw/modem.ts";
import type { BytePort, BytePortFactory } from "../../hw/port/byte-port.ts";
import { memoryPortPair } from "../../hw/port/memory-port.ts";
import { type EmulatorOptions, Rylr998Emulator } from "../../hw/rylr998/emulator.ts";
import type { Clock } from "../../src/base/time.ts";

export const PARAMS: LoraParams = {
    frequencyHz: 868_100_000,
    spreadingFactor: 9,
    bandwidthHz: 125_000,
    codingRate: 1,
    preambleSymbols: 12,
    powerDbm: 14,
};

/** A module with a socket: each time the host opens its port a plugged-in module is powered up afresh. */
export class Socket {
    readonly emulator: Rylr998Emulator;
    #pluggedIn = true;

    constructor(options: EmulatorOptions) {
        this.emulator = new Rylr998Emulator(options);
    }

    readonly port: BytePortFactory = () => {
        const { a, b } = memoryPortPair();
        const open = async (handlers: Parameters<BytePort["open"]>[0]): Promise<void> => {
            if (!this.#pluggedIn) throw new Error("the socket is empty");
            await a.open(handlers);
            await this.emulator.plug(b);
        };
        return { label: "socket", open, write: (bytes) => a.write(bytes), close: () => a.close() };
    };

    async unplug(): Promise<void> {
        this.#pluggedIn = false;
        await this.emulator.unplug();
    }

    plugIn(): void {
        this.#pluggedIn = true;
    }
}

export function socketOn(air: Air, clock: Clock, more: Partial<EmulatorOptions> = {}): Socket {
    return new Socket({ air, clock, ...more });
}
