import type { Clock, Millis } from "../../src/base/time.ts";
import type { BytePort, BytePortFactory } from "../port/byte-port.ts";
import { frameOf, StreamDeframer, WAKE_BYTES } from "./framing.ts";
import { isFromRadio } from "./messages.ts";

/** A byte comes every 87 us on a serial line at 115200 baud; a begun frame that rests for so long lost its end. */
export const SERIAL_SILENCE_MS = 1_000;
/** TCP loses nothing, but a radio link below it may stop for seconds. */
export const TCP_SILENCE_MS = 10_000;

export interface PacketPortHandlers {
    /** A whole FromRadio message. */
    onPacket(packet: Uint8Array): void;
    /** Comes exactly once per successful open, whoever closed; nothing follows it. */
    onClose(cause: Error | undefined): void;
}

/** Whole packets to and from one node, over whatever carries them: a stream, or BLE's characteristics. One use each. */
export interface PacketPort {
    readonly label: string;
    open(handlers: PacketPortHandlers): Promise<void>;
    /** Takes a whole ToRadio message. */
    write(packet: Uint8Array): Promise<void>;
    close(): Promise<void>;
}

export type PacketPortFactory = () => PacketPort;

export interface StreamOptions {
    readonly port: BytePortFactory;
    readonly clock: Clock;
    /** SERIAL_SILENCE_MS or TCP_SILENCE_MS. */
    readonly silenceMs: Millis;
}

/** Packets over a byte stream. Opening wakes the node up. */
export function streamPackets(options: StreamOptions): PacketPortFactory {
    return () => new StreamPort(options);
}

class StreamPort implements PacketPort {
    readonly label: string;
    readonly #port: BytePort;
    readonly #options: StreamOptions;
    readonly #deframer = new StreamDeframer(isFromRadio);
    #handlers: PacketPortHandlers | undefined;
    #cancelSilence: () => void = () => undefined;

    constructor(options: StreamOptions) {
        this.#options = options;
        this.#port = options.port();
        this.label = this.#port.label;
    }

    async open(handlers: PacketPortHandlers): Promise<void> {
        this.#handlers = handlers;
        await this.#port.open({
            onBytes: (chunk) => this.#hear(chunk),
            onClose: (cause) => {
                this.#cancelSilence();
                handlers.onClose(cause);
            },
        });
        await this.#port.write(WAKE_BYTES);
    }

    write(packet: Uint8Array): Promise<void> {
        return this.#port.write(frameOf(packet));
    }

    close(): Promise<void> {
        this.#cancelSilence();
        return this.#port.close();
    }

    #hear(chunk: Uint8Array): void {
        this.#cancelSilence();
        this.#handOver(this.#deframer.push(chunk));
        if (!this.#deframer.isInside) return;
        const { clock, silenceMs } = this.#options;
        this.#cancelSilence = clock.schedule(clock.now().monotonic + silenceMs, () => {
            this.#handOver(this.#deframer.expire());
        });
    }

    #handOver(packets: readonly Uint8Array[]): void {
        for (const packet of packets) this.#handlers?.onPacket(packet);
    }
}
