import type { Air } from "../../hw/air/air.ts";
import type { LoraParams, ModemError, ReceivedFrame } from "../../hw/modem.ts";
import type { BytePort, BytePortFactory } from "../../hw/port/byte-port.ts";
import { memoryPortPair } from "../../hw/port/memory-port.ts";
import { type EmulatorOptions, Rylr998Emulator } from "../../hw/rylr998/emulator.ts";
import type { Clock } from "../../src/base/time.ts";
import type { TransmitPermit } from "../../src/link/law.ts";

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

/** What a modem told its owner. */
export class ModemDiary {
    readonly frames: ReceivedFrame[] = [];
    readonly ups: string[] = [];
    readonly downs: ModemError[] = [];
    isUp = false;

    readonly handlers = {
        onFrame: (frame: ReceivedFrame): void => void this.frames.push(frame),
        onUp: (detail: string): void => {
            this.isUp = true;
            this.ups.push(detail);
        },
        onDown: (error: ModemError): void => {
            this.isUp = false;
            this.downs.push(error);
        },
    };
}

/** Only for tests of drivers: leave that no law gave. */
export function testPermit(airtimeMs = 60_000): TransmitPermit {
    return { airtimeMs } as TransmitPermit;
}
