import { expect } from "vitest";
import type { BytePort } from "../../hw/port/byte-port.ts";
import { memoryPortPair } from "../../hw/port/memory-port.ts";
import type { VirtualClock } from "./virtual-clock.ts";

interface Pluggable {
    plug(port: BytePort, hostBaudRate?: number): Promise<void>;
}

/** A person at a terminal program before an emulated module. */
export class Terminal {
    heard = "";
    readonly #clock: VirtualClock;
    #port: BytePort | undefined;

    constructor(clock: VirtualClock) {
        this.#clock = clock;
    }

    async plug(emulator: Pluggable, banner: string, hostBaudRate?: number): Promise<void> {
        const { a, b } = memoryPortPair();
        this.#port = a;
        const onBytes = (chunk: Uint8Array): void => {
            this.heard += String.fromCharCode(...chunk);
        };
        await a.open({ onBytes, onClose: () => undefined });
        await emulator.plug(b, hostBaudRate);
        await this.#clock.advance(2_000);
        expect(this.heard).toContain(banner);
    }

    /** What comes within `waitMs`, with the line ends as "|". */
    async type(text: string, waitMs = 300): Promise<string> {
        this.heard = "";
        await this.#port?.write(Uint8Array.from(text, (letter) => letter.charCodeAt(0)));
        await this.#clock.advance(waitMs);
        return this.heard.replaceAll(/(?:\r\n)+/g, "|").replace(/^\|/, "");
    }
}
