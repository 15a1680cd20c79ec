import { concatBytes } from "../../base/bytes.ts";

const NOTHING = new Uint8Array(0);
const PUBLISH = 3;
const LENGTH_BYTES_MAX = 4;

export interface PacketGuardOptions {
    /** Largest packet that passes, in bytes behind its fixed header. */
    readonly sizeMax: number;
    /** A publish was too large and is thrown away as it comes. `packetId` is set where the broker waits for an answer. */
    readonly onSkipped: (packetId: number | undefined) => void;
    /** The bytes are no MQTT, or a packet is too large that cannot be skipped. */
    readonly onBroken: () => void;
}

interface Header {
    readonly first: number;
    /** Bytes of the fixed header. */
    readonly size: number;
    /** Bytes behind it. */
    readonly length: number;
}

/**
 * Lets the packets of a broker through and throws away those that are too large, without ever holding one in memory.
 * The MQTT library gathers whatever a length of up to 256 MiB announces. MQTT 3.1.1 sections 2.2 and 3.3.
 */
export class PacketGuard {
    readonly #options: PacketGuardOptions;
    /** The beginning of a packet that is not understood yet; below 65,545 bytes. */
    #held: Uint8Array = NOTHING;
    #left = 0;
    #skipping = false;
    #broken = false;

    constructor(options: PacketGuardOptions) {
        this.#options = options;
    }

    /** The pieces of what came in so far that may pass. */
    feed(chunk: Uint8Array): readonly Uint8Array[] {
        if (this.#broken) return [];
        const bytes = this.#held.length > 0 ? concatBytes(this.#held, chunk) : chunk;
        this.#held = NOTHING;
        const passed: Uint8Array[] = [];
        let from = 0;
        let at = 0;
        const pass = (to: number): void => {
            if (to > from) passed.push(bytes.subarray(from, to));
        };
        while (at < bytes.length && !this.#broken) {
            if (this.#left > 0) {
                const step = Math.min(this.#left, bytes.length - at);
                at += step;
                this.#left -= step;
                if (this.#skipping) from = at;
                continue;
            }
            const next = this.#begin(bytes, at);
            if (next === "unclear") {
                pass(at);
                this.#held = bytes.slice(at);
                return passed;
            }
            if (this.#skipping) {
                pass(at);
                from = next;
            }
            at = next;
        }
        pass(at);
        return passed;
    }

    /** Takes up the packet that begins at `at`; gives the place after its header, or "unclear" when more bytes must come. */
    #begin(bytes: Uint8Array, at: number): number | "unclear" {
        this.#skipping = false;
        const header = headerAt(bytes, at);
        if (header === "unclear") return header;
        if (header === "broken") return this.#break(at);
        if (header.length > this.#options.sizeMax) return this.#skip(bytes, at, header);
        this.#left = header.length;
        return at + header.size;
    }

    #skip(bytes: Uint8Array, at: number, header: Header): number | "unclear" {
        if (header.first >> 4 !== PUBLISH) return this.#break(at);
        const body = at + header.size;
        const topic = numberAt(bytes, body);
        if (topic === undefined) return "unclear";
        const isAnswered = (header.first & 0b110) !== 0;
        const id = numberAt(bytes, body + 2 + topic);
        if (isAnswered && id === undefined) return "unclear";
        this.#skipping = true;
        this.#left = header.length;
        this.#options.onSkipped(isAnswered ? id : undefined);
        return body;
    }

    #break(at: number): number {
        this.#broken = true;
        this.#options.onBroken();
        return at;
    }
}

function headerAt(bytes: Uint8Array, at: number): Header | "unclear" | "broken" {
    let length = 0;
    for (let digit = 0; digit < LENGTH_BYTES_MAX; digit++) {
        const byte = bytes[at + 1 + digit];
        if (byte === undefined) return "unclear";
        length += (byte & 0x7f) * 128 ** digit;
        if (byte < 0x80) return { first: bytes[at] ?? 0, size: 2 + digit, length };
    }
    return "broken";
}

/** Big endian, two bytes. */
function numberAt(bytes: Uint8Array, at: number): number | undefined {
    const [high, low] = [bytes[at], bytes[at + 1]];
    return high === undefined || low === undefined ? undefined : high * 256 + low;
}
