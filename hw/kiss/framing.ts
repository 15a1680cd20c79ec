/** KISS framing (Chepponis and Karn, 1987): a frame stands between two FEND; inside it FEND and FESC are escaped. */
export const FEND = 0xc0;
export const FESC = 0xdb;
export const TFEND = 0xdc;
export const TFESC = 0xdd;

/** A frame without its delimiters and escapes. */
export interface KissFrame {
    /** First byte: a command, in classic KISS with the port in its upper half. */
    readonly command: number;
    readonly data: Uint8Array;
}

export type KissSaid =
    | { readonly kind: "frame"; readonly frame: KissFrame }
    /** Bytes on the line, escapes included, that made no frame: text of a boot, half a frame, more than fits. */
    | { readonly kind: "noise"; readonly size: number };

/** The frame as it goes over the line, with a FEND at each end. */
export function kissBytes({ command, data }: KissFrame): Uint8Array {
    const bytes = [FEND];
    for (const byte of [command, ...data]) {
        if (byte === FEND) bytes.push(FESC, TFEND);
        else if (byte === FESC) bytes.push(FESC, TFESC);
        else bytes.push(byte);
    }
    bytes.push(FEND);
    return Uint8Array.from(bytes);
}

/**
 * Cuts what a KISS device says into frames, however the bytes arrive. Needs no deadline: the next FEND ends whatever
 * went wrong, so the good frame after it is found. Holds one frame of `sizeMax` bytes at most.
 */
export class KissDeframer {
    readonly #held: Uint8Array;
    #size = 0;
    /** Bytes on the line since the last FEND. */
    #raw = 0;
    #state: "outside" | "inside" | "escaped" | "spoilt" = "outside";

    /** `sizeMax` counts the command byte and the data without escapes. */
    constructor(sizeMax: number) {
        this.#held = new Uint8Array(sizeMax);
    }

    push(chunk: Uint8Array): readonly KissSaid[] {
        const said: KissSaid[] = [];
        for (const byte of chunk) {
            if (byte === FEND) this.#end(said);
            else this.#take(byte);
        }
        return said;
    }

    /** One FEND may end a frame and begin the next, so after any FEND a frame may have begun. */
    #end(said: KissSaid[]): void {
        const isFrame = this.#state === "inside" && this.#size > 0;
        if (isFrame) {
            const data = this.#held.slice(1, this.#size);
            said.push({ kind: "frame", frame: { command: this.#held[0] ?? 0, data } });
        } else if (this.#raw > 0) said.push({ kind: "noise", size: this.#raw });
        this.#state = "inside";
        this.#size = 0;
        this.#raw = 0;
    }

    #take(byte: number): void {
        this.#raw++;
        if (this.#state === "outside" || this.#state === "spoilt") return;
        if (this.#state === "inside" && byte === FESC) {
            this.#state = "escaped";
            return;
        }
        const plain = this.#state === "escaped" ? unescaped(byte) : byte;
        if (plain === undefined || this.#size === this.#held.length) {
            this.#state = "spoilt";
            return;
        }
        this.#state = "inside";
        this.#held[this.#size++] = plain;
    }
}

function unescaped(byte: number): number | undefined {
    if (byte === TFEND) return FEND;
    return byte === TFESC ? FESC : undefined;
}
