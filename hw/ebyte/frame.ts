import type { RssiByte } from "./settings.ts";

/**
 * The module has no packets towards its host, only bytes. So each frame goes as one sub-packet with a mark, its length
 * and a check around it:
 *
 *     A7 | length of the frame (1..236) | the frame | CRC-16/CCITT over length and frame, high byte first
 *
 * The mark is none of C0..C3 and CF, at which a module in normal operation would look for a command.
 */
const MARK = 0xa7;
const HEAD_BYTES = 2;
const CHECK_BYTES = 2;
export const FRAMING_BYTES = HEAD_BYTES + CHECK_BYTES;
/** Of the largest sub-packet there is. */
const FRAME_BYTES_MAX = 240 - FRAMING_BYTES;

const AMBIENT_HEAD = [0xc1, 0x00, 0x02];
const AMBIENT_BYTES = AMBIENT_HEAD.length + 2;

/** One thing that came out of the module in normal operation. */
export type Heard =
    | { readonly kind: "frame"; readonly bytes: Uint8Array; readonly rssiDbm: number | undefined }
    /** The answer to the question how strong the noise is. */
    | { readonly kind: "ambient"; readonly noiseDbm: number };

/** Throws on an empty frame and on one that fits no sub-packet: both are bugs of the driver. */
export function encodeFrame(frame: Uint8Array): Uint8Array {
    if (frame.length === 0 || frame.length > FRAME_BYTES_MAX) throw new RangeError(`a frame of ${frame.length} bytes`);
    const bytes = new Uint8Array(frame.length + FRAMING_BYTES);
    bytes[0] = MARK;
    bytes[1] = frame.length;
    bytes.set(frame, HEAD_BYTES);
    const check = crc16(bytes.subarray(1, HEAD_BYTES + frame.length));
    bytes.set([check >> 8, check & 0xff], HEAD_BYTES + frame.length);
    return bytes;
}

export function rssiOf(byte: number, form: RssiByte): number | undefined {
    if (form === "none") return undefined;
    return form === "offset" ? byte - 256 : -byte / 2;
}

type Step = { readonly heard: Heard | undefined; readonly used: number };

/**
 * Cuts the module's bytes into frames. The answer does not depend on how the bytes are cut into chunks. It never throws,
 * holds less than two frames, and after damage looks on behind the first mark that led nowhere.
 */
export class Deframer {
    readonly #rssiByte: RssiByte;
    #held = new Uint8Array(0);
    /** An answer about the noise is looked for only while one was asked for: other bytes could look like it. */
    awaitsAmbient = false;

    constructor(rssiByte: RssiByte) {
        this.#rssiByte = rssiByte;
    }

    /** Of something that has begun and whose end is missing; after a silence `flush` gives it up. */
    get heldBytes(): number {
        return this.#held.length;
    }

    push(chunk: Uint8Array): readonly Heard[] {
        const all: Heard[] = [];
        // In pieces, so that a flood is worked off as it comes in.
        for (let at = 0; at < chunk.length; at += FRAME_BYTES_MAX) {
            const piece = chunk.subarray(at, at + FRAME_BYTES_MAX);
            const whole = new Uint8Array(this.#held.length + piece.length);
            whole.set(this.#held);
            whole.set(piece, this.#held.length);
            this.#held = this.#cut(whole, all, { isOver: false });
        }
        return all;
    }

    /** Nothing more belongs to what is held: what is whole in it is told, the rest is dropped. */
    flush(): readonly Heard[] {
        const all: Heard[] = [];
        this.#cut(this.#held, all, { isOver: true });
        this.#held = new Uint8Array(0);
        return all;
    }

    /** Returns what is left. */
    #cut(bytes: Uint8Array, all: Heard[], { isOver }: { readonly isOver: boolean }): Uint8Array<ArrayBuffer> {
        let at = 0;
        while (at < bytes.length) {
            const step = this.#next(bytes.subarray(at), isOver);
            if (!step) break;
            if (step.heard) all.push(step.heard);
            at += step.used;
        }
        return bytes.slice(at);
    }

    /** Undefined while the first thing in `bytes` is not complete. */
    #next(bytes: Uint8Array, isOver: boolean): Step | undefined {
        if (bytes[0] === MARK) return this.#frame(bytes, isOver);
        if (this.awaitsAmbient && bytes[0] === AMBIENT_HEAD[0]) return this.#ambient(bytes, isOver);
        return skip(1);
    }

    #frame(bytes: Uint8Array, isOver: boolean): Step | undefined {
        const size = bytes[1];
        if (size === undefined) return isOver ? skip(1) : undefined;
        if (size === 0 || size > FRAME_BYTES_MAX) return skip(1);
        const end = HEAD_BYTES + size + CHECK_BYTES;
        if (bytes.length < end) return isOver ? skip(1) : undefined;
        const check = ((bytes[end - 2] ?? 0) << 8) | (bytes[end - 1] ?? 0);
        if (crc16(bytes.subarray(1, end - CHECK_BYTES)) !== check) return skip(1);
        const frame = bytes.slice(HEAD_BYTES, HEAD_BYTES + size);
        if (this.#rssiByte === "none") return { heard: { kind: "frame", bytes: frame, rssiDbm: undefined }, used: end };
        const strength = bytes[end];
        if (strength === undefined) {
            return isOver ? { heard: { kind: "frame", bytes: frame, rssiDbm: undefined }, used: end } : undefined;
        }
        return { heard: { kind: "frame", bytes: frame, rssiDbm: rssiOf(strength, this.#rssiByte) }, used: end + 1 };
    }

    #ambient(bytes: Uint8Array, isOver: boolean): Step | undefined {
        const known = AMBIENT_HEAD.slice(0, bytes.length);
        if (known.some((byte, index) => bytes[index] !== byte)) return skip(1);
        const noise = bytes[AMBIENT_HEAD.length];
        if (noise === undefined || bytes.length < AMBIENT_BYTES) return isOver ? skip(1) : undefined;
        const noiseDbm = this.#rssiByte === "half" ? -noise / 2 : noise - 256;
        return { heard: { kind: "ambient", noiseDbm }, used: AMBIENT_BYTES };
    }
}

function skip(used: number): Step {
    return { heard: undefined, used };
}

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, index) => {
    let crc = index << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    return crc;
});

/** CRC-16/CCITT-FALSE: polynomial 1021h, starts at FFFFh. */
export function crc16(bytes: Uint8Array): number {
    let crc = 0xffff;
    for (const byte of bytes) crc = ((crc << 8) & 0xffff) ^ (CRC_TABLE[(crc >> 8) ^ byte] ?? 0);
    return crc;
}
