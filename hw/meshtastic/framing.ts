/** Meshtastic's stream framing, on serial lines and TCP alike: 94 C3, length as u16 big-endian, then that many bytes. */
const START_1 = 0x94;
const START_2 = 0xc3;
const HEADER_BYTES = 4;

/** Longest packet that firmware sends or takes (MAX_TO_FROM_RADIO_SIZE). */
export const PACKET_BYTES_MAX = 512;

/** The wake-up that clients send first: harmless to a parser, and enough edges to get a sleeping board out of bed. */
export const WAKE_BYTES = new Uint8Array(32).fill(START_2);

/** `packet` as it goes over a stream; throws when it is longer than a node would take. */
export function frameOf(packet: Uint8Array): Uint8Array {
    if (packet.length > PACKET_BYTES_MAX) throw new Error(`a packet of ${packet.length} bytes fits no frame`);
    const frame = new Uint8Array(HEADER_BYTES + packet.length);
    frame.set([START_1, START_2, packet.length >> 8, packet.length & 0xff]);
    frame.set(packet, HEADER_BYTES);
    return frame;
}

/**
 * Cuts a stream into packets. Debug text between frames, lengths that cannot be, and starts inside of noise cost at
 * most the frame they damage: whatever turns out to be no packet is given up one byte at a time, so a real frame
 * behind it is still found. Holds at most one frame.
 */
export class StreamDeframer {
    readonly #isPacket: (bytes: Uint8Array) => boolean;
    readonly #held = new Uint8Array(HEADER_BYTES + PACKET_BYTES_MAX);
    #size = 0;
    #noiseBytes = 0;

    /** `isPacket` tells a packet from noise that has a frame's beginning; it must not keep the bytes. */
    constructor(isPacket: (bytes: Uint8Array) => boolean) {
        this.#isPacket = isPacket;
    }

    /** Bytes that belonged to no packet, since the beginning. */
    get noiseBytes(): number {
        return this.#noiseBytes;
    }

    /** Whether a frame has begun whose end is still missing. */
    get isInside(): boolean {
        return this.#size > 0;
    }

    push(chunk: Uint8Array): readonly Uint8Array[] {
        const packets: Uint8Array[] = [];
        for (let at = 0; at < chunk.length; ) {
            const piece = chunk.subarray(at, at + this.#held.length - this.#size);
            this.#held.set(piece, this.#size);
            this.#size += piece.length;
            at += piece.length;
            this.#scan(packets);
        }
        return packets;
    }

    /** The stream fell silent: what has begun will not end any more, and hides perhaps whole frames. */
    expire(): readonly Uint8Array[] {
        const packets: Uint8Array[] = [];
        while (this.#size > 0) {
            this.#drop(1);
            this.#noiseBytes++;
            this.#scan(packets);
        }
        return packets;
    }

    /** Leaves nothing in front of the first byte that may begin a frame. */
    #scan(packets: Uint8Array[]): void {
        let at = 0;
        for (;;) {
            const size = this.#frameSizeAt(at);
            if (size === undefined) break;
            const packet = this.#held.slice(at + HEADER_BYTES, at + size);
            if (size > 0 && this.#isPacket(packet)) {
                packets.push(packet);
                at += size;
                continue;
            }
            at++;
            this.#noiseBytes++;
        }
        this.#drop(at);
    }

    /** Bytes of the whole frame at `at`; 0 when none begins there; undefined while that is open. */
    #frameSizeAt(at: number): number | undefined {
        const count = this.#size - at;
        if (count === 0) return undefined;
        if (this.#held[at] !== START_1) return 0;
        if (count === 1) return undefined;
        if (this.#held[at + 1] !== START_2) return 0;
        if (count < HEADER_BYTES) return undefined;
        const length = ((this.#held[at + 2] ?? 0) << 8) | (this.#held[at + 3] ?? 0);
        if (length === 0 || length > PACKET_BYTES_MAX) return 0;
        return count < HEADER_BYTES + length ? undefined : HEADER_BYTES + length;
    }

    #drop(count: number): void {
        this.#held.copyWithin(0, count, this.#size);
        this.#size -= count;
    }
}
