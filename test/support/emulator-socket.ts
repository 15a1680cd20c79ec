import type { BytePort, BytePortFactory } from "../../hw/port/byte-port.ts";
import { memoryPortPair } from "../../hw/port/memory-port.ts";

/** What every emulator of a serial device can. */
export interface Pluggable {
    plug(port: BytePort): Promise<void>;
    unplug(): Promise<void>;
}

/** An emulated device in a socket: each time the host opens its port, a plugged-in device is powered up afresh. */
export class EmulatorSocket<Emulator extends Pluggable> {
    readonly emulator: Emulator;
    #pluggedIn = true;

    constructor(emulator: Emulator) {
        this.emulator = emulator;
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
