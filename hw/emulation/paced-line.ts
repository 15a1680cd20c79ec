import type { Clock, Millis } from "../../src/base/time.ts";

/** Bytes on the way in one direction; what comes beyond is lost, as in a UART without flow control. */
export const PACED_BYTES_MAX = 64 * 1024;

/** Start bit, eight bits, stop bit. */
const BITS_PER_BYTE = 10;

interface Piece {
    readonly bytes: Uint8Array;
    cancel(): void;
}

/** One direction of an emulated UART: pieces come out in order, each when its last byte went over the line. */
export class PacedLine {
    readonly #clock: Clock;
    readonly #deliver: (bytes: Uint8Array) => void;
    #pieces: Piece[] = [];
    #size = 0;
    #freeAt: Millis = 0;

    constructor(clock: Clock, deliver: (bytes: Uint8Array) => void) {
        this.#clock = clock;
        this.#deliver = deliver;
    }

    get isBusy(): boolean {
        return this.#pieces.length > 0;
    }

    push(bytes: Uint8Array, { baudRate, extraMs = 0 }: { readonly baudRate: number; readonly extraMs?: Millis }): void {
        if (this.#size + bytes.length > PACED_BYTES_MAX) return;
        const now = this.#clock.now().monotonic;
        this.#freeAt = Math.max(this.#freeAt, now + extraMs) + (bytes.length * BITS_PER_BYTE * 1000) / baudRate;
        this.#size += bytes.length;
        // Timers of the real clock are not exact enough to keep an order, so each takes the piece whose turn it is.
        const cancel = this.#clock.schedule(this.#freeAt, () => this.#deliverNext());
        this.#pieces.push({ bytes, cancel });
    }

    clear(): void {
        for (const piece of this.#pieces) piece.cancel();
        this.#pieces = [];
        this.#size = 0;
        this.#freeAt = 0;
    }

    #deliverNext(): void {
        const piece = this.#pieces.shift();
        if (!piece) return;
        this.#size -= piece.bytes.length;
        this.#deliver(piece.bytes);
    }
}
