/** One thing that the module said. */
export type Said =
    | { readonly kind: "ok" }
    | { readonly kind: "error"; readonly code: number }
    | { readonly kind: "ready" }
    /** "+ADDRESS=5", "+RESET" (empty value), "+FACTORY". */
    | { readonly kind: "value"; readonly name: string; readonly value: string }
    | {
          readonly kind: "received";
          readonly from: number;
          readonly data: Uint8Array;
          readonly rssiDbm: number;
          readonly snrDb: number;
      }
    /** Bytes that mean nothing; they were dropped. */
    | { readonly kind: "noise"; readonly size: number };

/** Longest line, in bytes; the longest real one is a packet of 240 bytes with its numbers. */
export const LINE_BYTES_MAX = 512;
export const DATA_BYTES_MAX = 240;

const LF = 0x0a;
const PLUS = 0x2b;
const LETTER_R = 0x52;
const HEAD = /^\+RCV=(\d{1,5}),(\d{1,3}),/;
const HEAD_BYTES_MAX = "+RCV=65535,240,".length;
const TAIL = /^,(-?\d{1,4}),(-?\d{1,4})\r?\n/;
const TAIL_BYTES_MAX = ",-1234,-1234\r\n".length;
/** A packet that is not whole is none of these. */
const VALUE = /^\+(?!RCV)([A-Z]{2,12})(?:=([\x20-\x7e]*))?$/;

type Step = { readonly said: Said | undefined; readonly used: number };

/**
 * Cuts the module's bytes into what it said. The answer does not depend on how the bytes are cut into chunks. It never
 * throws, and holds less than one line.
 */
export class DialogueReader {
    #held = new Uint8Array(0);

    push(chunk: Uint8Array): readonly Said[] {
        const all: Said[] = [];
        // In pieces, so that a flood is worked off as it comes in.
        for (let at = 0; at < chunk.length; at += LINE_BYTES_MAX) {
            this.#hold(chunk.subarray(at, at + LINE_BYTES_MAX));
            let used = 0;
            for (let step = nextOf(this.#held); step; step = nextOf(this.#held.subarray(used))) {
                used += step.used;
                if (step.said) all.push(step.said);
            }
            if (used > 0) this.#held = this.#held.slice(used);
        }
        return all;
    }

    /** Drops half a line, e.g. after a timeout. */
    forget(): void {
        this.#held = new Uint8Array(0);
    }

    #hold(more: Uint8Array): void {
        const whole = new Uint8Array(this.#held.length + more.length);
        whole.set(this.#held);
        whole.set(more, this.#held.length);
        this.#held = whole;
    }
}

/** The first thing said in `bytes`; undefined while it is not complete. */
function nextOf(bytes: Uint8Array): Step | undefined {
    if (bytes.length === 0) return undefined;
    const packet = packetOf(bytes);
    if (packet !== "none") return packet === "unfinished" ? undefined : packet;
    const end = bytes.indexOf(LF);
    if (end < 0) return bytes.length < LINE_BYTES_MAX ? undefined : noise(LINE_BYTES_MAX);
    const line = ascii(bytes.subarray(0, end)).replace(/\r$/, "");
    if (line === "") return { said: undefined, used: end + 1 };
    const said = meant(line);
    return said ? { said, used: end + 1 } : noise(end + 1);
}

/** A received packet is read by its length, because its data may hold anything. */
function packetOf(bytes: Uint8Array): Step | "none" | "unfinished" {
    if (bytes[0] !== PLUS || (bytes[1] ?? LETTER_R) !== LETTER_R) return "none";
    const start = ascii(bytes.subarray(0, HEAD_BYTES_MAX));
    const head = HEAD.exec(start);
    if (!head) return isHeadBegun(start) ? "unfinished" : "none";
    const [from, size] = [Number(head[1]), Number(head[2])];
    if (from > 65_535 || size > DATA_BYTES_MAX) return "none";
    const dataEnd = head[0].length + size;
    const rest = ascii(bytes.subarray(dataEnd, dataEnd + TAIL_BYTES_MAX));
    const tail = TAIL.exec(rest);
    if (!tail) {
        const open = rest.length < TAIL_BYTES_MAX && isTailBegun(rest);
        return open ? "unfinished" : "none";
    }
    const data = bytes.slice(head[0].length, dataEnd);
    const said: Said = { kind: "received", from, data, rssiDbm: Number(tail[1]), snrDb: Number(tail[2]) };
    return { said, used: dataEnd + tail[0].length };
}

/** Whether more bytes could still make a head of this. */
function isHeadBegun(start: string): boolean {
    if (start.length >= HEAD_BYTES_MAX) return false;
    return start.length <= 5 ? "+RCV=".startsWith(start) : /^\+RCV=\d{0,5}(?:,\d{0,3})?$/.test(start);
}

function isTailBegun(rest: string): boolean {
    return /^(?:,(?:-?\d{0,4}(?:,(?:-?\d{0,4}\r?)?)?)?)?$/.test(rest);
}

function meant(line: string): Said | undefined {
    if (line === "+OK") return { kind: "ok" };
    if (line === "+READY") return { kind: "ready" };
    const error = /^\+ERR=(\d{1,3})$/.exec(line);
    if (error) return { kind: "error", code: Number(error[1]) };
    const value = VALUE.exec(line);
    return value?.[1] === undefined ? undefined : { kind: "value", name: value[1], value: value[2] ?? "" };
}

function noise(size: number): Step {
    return { said: { kind: "noise", size }, used: size };
}

/** One character a byte. */
function ascii(bytes: Uint8Array): string {
    return String.fromCharCode(...bytes);
}
