import { FEND, FESC, type KissFrame, TFEND, TFESC } from "../kiss/framing.ts";
import { COMMAND, PACKET_BYTES_MAX } from "./commands.ts";

/** Data bytes after which the firmware carries a command out; it does not wait for the end of the frame. */
const SIZES: Readonly<Record<number, number>> = {
    [COMMAND.frequency]: 4,
    [COMMAND.bandwidth]: 4,
    [COMMAND.shortLock]: 2,
    [COMMAND.longLock]: 2,
};

/**
 * The firmware's side of the line. Unlike other KISS software it does not take the FEND that ends a data frame for the
 * beginning of the next one, obeys a command of one byte again for each byte more, and keeps a byte after a wrong escape.
 */
export class FirmwareReader {
    #isInside = false;
    #isEscaped = false;
    #command: number | undefined;
    #data: number[] = [];

    push(chunk: Uint8Array): readonly KissFrame[] {
        const obeyed: KissFrame[] = [];
        for (const byte of chunk) {
            const frame = byte === FEND ? this.#end() : this.#take(byte);
            if (frame) obeyed.push(frame);
        }
        return obeyed;
    }

    #end(): KissFrame | undefined {
        const isData = this.#isInside && this.#command === COMMAND.data;
        const data = Uint8Array.from(this.#data);
        this.#isInside = !isData;
        this.#command = undefined;
        this.#data = [];
        // More than it can send is not sent at all.
        return isData && data.length > 0 && data.length <= PACKET_BYTES_MAX
            ? { command: COMMAND.data, data }
            : undefined;
    }

    #take(byte: number): KissFrame | undefined {
        if (!this.#isInside) return undefined;
        if (this.#command === undefined) {
            this.#command = byte;
            return undefined;
        }
        const command = this.#command;
        const size = SIZES[command];
        if (command !== COMMAND.data && size === undefined) return { command, data: Uint8Array.of(byte) };
        if (byte === FESC) {
            this.#isEscaped = true;
            return undefined;
        }
        if (this.#data.length <= PACKET_BYTES_MAX) this.#data.push(this.#isEscaped ? plain(byte) : byte);
        this.#isEscaped = false;
        return size === this.#data.length ? { command, data: Uint8Array.from(this.#data) } : undefined;
    }
}

function plain(byte: number): number {
    if (byte === TFEND) return FEND;
    return byte === TFESC ? FESC : byte;
}
