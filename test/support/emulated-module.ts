import type { LoraParams } from "../../hw/modem.ts";
import type { BytePort } from "../../hw/port/byte-port.ts";
import { memoryPortPair } from "../../hw/port/memory-port.ts";

export const PARAMS: LoraParams = {
    frequencyHz: 868_100_000,
    spreadingFactor: 9,
    bandwidthHz: 125_000,
    codingRate: 1,
    preambleSymbols: 12,
    powerDbm: 14,
};

/** The part of every emulator that a socket needs. */
interface Pluggable {
    plug(port: BytePort, hostBaudRate?: number): Promise<void>;
    unplug(): Promise<void>;
}

/** A module in a socket: each time the host opens its port a plugged-in module is powered up afresh. */
export class Socket<Emulator extends Pluggable> {
    readonly emulator: Emulator;
    #pluggedIn = true;

    constructor(emulator: Emulator) {
        this.emulator = emulator;
    }

    readonly port = (hostBaudRate?: number): BytePort => {
        const { a, b } = memoryPortPair();
        const open = async (handlers: Parameters<BytePort["open"]>[0]): Promise<void> => {
            if (!this.#pluggedIn) throw new Error("the socket is empty");
            await a.open(handlers);
            await this.emulator.plug(b, hostBaudRate);
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
