import type { Clock, Millis } from "../../../src/base/time.ts";
import { PacedLine } from "../../emulation/paced-line.ts";
import type { BytePort } from "../../port/byte-port.ts";
import { frameOf } from "../framing.ts";
import { ClientApi, type ClientApiParts } from "./client-api.ts";
import type { NodeMisbehaviour } from "./firmware.ts";
import { FirmwareDeframer } from "./firmware-deframer.ts";

const SERIAL_BAUD = 115_200;
/** Nothing in comparison: a network's speed. */
const TCP_BAUD = 8_000_000;
const BITS_PER_BYTE = 10;

export interface ClientLineParts {
    readonly clock: Clock;
    readonly port: BytePort;
    readonly kind: "serial" | "tcp";
    /** Serial consoles put it between packets. */
    readonly debugText: string;
    misbehaviour(): NodeMisbehaviour;
    onHalfPacket(): void;
    onClose(line: ClientLine): void;
    readonly api: Omit<ClientApiParts, "emit" | "onIdle" | "clock">;
}

/** One port of a node with whoever sits at its other end. */
export class ClientLine {
    readonly kind: "serial" | "tcp";
    readonly api: ClientApi;
    readonly #parts: ClientLineParts;
    readonly #fromClient: PacedLine;
    readonly #toClient: PacedLine;
    readonly #baudRate: number;
    #deframer = new FirmwareDeframer();
    #isOpen = true;

    constructor(parts: ClientLineParts) {
        this.#parts = parts;
        this.kind = parts.kind;
        this.#baudRate = parts.kind === "serial" ? SERIAL_BAUD : TCP_BAUD;
        const { clock, port } = parts;
        this.#fromClient = new PacedLine(clock, (bytes) => this.#hear(bytes));
        // A client that is gone hears nothing; the node cannot know.
        this.#toClient = new PacedLine(clock, (bytes) => void port.write(bytes).catch(() => undefined));
        const onIdle = (): void => {
            if (this.kind === "tcp") void this.close();
        };
        this.api = new ClientApi({ ...parts.api, clock, emit: (packet) => this.#emit(packet), onIdle });
    }

    open(): Promise<void> {
        return this.#parts.port.open({
            onBytes: (chunk) => {
                // What a network has brought is there, also when its sender has hung up.
                if (this.kind === "tcp") this.#hear(chunk);
                else this.#fromClient.push(chunk, { baudRate: this.#baudRate });
            },
            onClose: () => this.#end(),
        });
    }

    /** Hangs up, or pulls the cable. */
    async close(): Promise<void> {
        this.#end();
        await this.#parts.port.close();
    }

    /** The node lost its memory: a serial line stays plugged in, a network connection does not. */
    async restart(): Promise<void> {
        this.api.close();
        this.#fromClient.clear();
        this.#toClient.clear();
        this.#deframer = new FirmwareDeframer();
        if (this.kind === "tcp") await this.close();
    }

    /** Bytes as they are. */
    babble(bytes: Uint8Array): void {
        this.#toClient.push(bytes, { baudRate: this.#baudRate });
    }

    /** A packet that nobody asked for. */
    say(packet: Uint8Array): void {
        this.#emit(packet);
    }

    #hear(bytes: Uint8Array): void {
        for (const packet of this.#deframer.push(bytes)) {
            if (!this.#parts.misbehaviour().isSilent) this.api.take(packet);
        }
    }

    #emit(packet: Uint8Array): Millis {
        const { isSilent, garbage, halfPackets, extraMs } = this.#parts.misbehaviour();
        if (isSilent || !this.#isOpen) return 0;
        const frame = frameOf(packet);
        const text = this.kind === "serial" ? new TextEncoder().encode(this.#parts.debugText) : new Uint8Array(0);
        if (halfPackets > 0) this.#parts.onHalfPacket();
        const whole = halfPackets > 0 ? frame.subarray(0, Math.ceil(frame.length / 2)) : frame;
        for (const bytes of [text, garbage ?? new Uint8Array(0), whole]) {
            if (bytes.length > 0) this.#toClient.push(bytes, { baudRate: this.#baudRate, extraMs });
        }
        return ((text.length + frame.length) * BITS_PER_BYTE * 1000) / this.#baudRate + extraMs;
    }

    #end(): void {
        if (!this.#isOpen) return;
        this.#isOpen = false;
        this.api.close();
        this.#toClient.clear();
        this.#fromClient.clear();
        this.#parts.onClose(this);
    }
}
