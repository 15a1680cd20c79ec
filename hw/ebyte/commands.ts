import { concatBytes } from "../../src/base/bytes.ts";

/** Kept over a power cut; wears the module's flash. */
const WRITE_KEPT = 0xc0;
const READ = 0xc1;
/** Forgotten at the next start of the module. */
const WRITE_VOLATILE = 0xc2;
/** What the module answers to a command that it does not understand. */
const REFUSED = 0xff;
const REFUSAL_BYTES = 3;

/** So much of what may still become an answer is kept; the longest answer has 12 bytes. */
const HELD_BYTES_MAX = 64;

export function writeCommand(registers: Uint8Array, { isKept }: { readonly isKept: boolean }): Uint8Array {
    return concatBytes(Uint8Array.of(isKept ? WRITE_KEPT : WRITE_VOLATILE, 0, registers.length), registers);
}

export function readCommand(count: number): Uint8Array {
    return Uint8Array.of(READ, 0, count);
}

/** In normal operation, if it is switched on: how strong the noise is now, and how strong the last packet was. */
export const AMBIENT_QUERY = Uint8Array.of(0xc0, 0xc1, 0xc2, 0xc3, 0x00, 0x02);

export type RegisterReply =
    | { readonly kind: "registers"; readonly registers: Uint8Array }
    | { readonly kind: "refused" };

/** Finds the answer to one command between whatever else is on the line. */
export class ReplyReader {
    readonly #count: number;
    #held: Uint8Array = new Uint8Array(0);

    /** The answer tells `count` registers from address 0 on. */
    constructor(count: number) {
        this.#count = count;
    }

    push(chunk: Uint8Array): RegisterReply | undefined {
        for (let at = 0; at < chunk.length; at += HELD_BYTES_MAX) {
            this.#held = concatBytes(this.#held, chunk.subarray(at, at + HELD_BYTES_MAX));
            const reply = this.#find();
            if (reply) return reply;
            this.#held = this.#held.slice(-HELD_BYTES_MAX);
        }
        return undefined;
    }

    #find(): RegisterReply | undefined {
        const held = this.#held;
        const size = 3 + this.#count;
        for (let at = 0; at < held.length; at++) {
            const isHead = held[at] === READ && held[at + 1] === 0 && held[at + 2] === this.#count;
            if (isHead && at + size <= held.length) {
                return { kind: "registers", registers: held.slice(at + 3, at + size) };
            }
            // Values of registers may look like a refusal, so a begun answer is waited for.
            if (isHead) return undefined;
            const refusal = held.subarray(at, at + REFUSAL_BYTES);
            if (refusal.length === REFUSAL_BYTES && refusal.every((byte) => byte === REFUSED))
                return { kind: "refused" };
        }
        return undefined;
    }
}
