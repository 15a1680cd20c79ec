const START_1 = 0x94;
const START_2 = 0xc3;
const HEADER_BYTES = 4;
const PACKET_BYTES_MAX = 512;

/**
 * The parser of the firmware, with its weaknesses: it looks for the start byte by byte, so a doubled first byte costs
 * the frame behind it.
 */
export class FirmwareDeframer {
    #held: number[] = [];

    push(chunk: Uint8Array): readonly Uint8Array[] {
        const packets: Uint8Array[] = [];
        for (const byte of chunk) {
            const packet = this.#take(byte);
            if (packet) packets.push(packet);
        }
        return packets;
    }

    #take(byte: number): Uint8Array | undefined {
        this.#held.push(byte);
        const [first, second, high = 0, low = 0] = this.#held;
        const count = this.#held.length;
        const length = high * 256 + low;
        const isWrong = first !== START_1 || (count > 1 && second !== START_2);
        if (isWrong || (count === HEADER_BYTES && length > PACKET_BYTES_MAX)) {
            this.#held = [];
            return undefined;
        }
        if (count < HEADER_BYTES || count < HEADER_BYTES + length) return undefined;
        const packet = Uint8Array.from(this.#held.slice(HEADER_BYTES));
        this.#held = [];
        return packet;
    }
}
