import { concatBytes } from "../../src/base/bytes.ts";
import { PACKET_BYTES_MAX } from "./commands.ts";

const SPLIT = 0x01;

/** Joins the two LoRa frames of a split packet, as the firmware does: with no time limit between them. */
export class Assembly {
    #begun: { readonly sequence: number; readonly bytes: Uint8Array } | undefined;

    forget(): void {
        this.#begun = undefined;
    }

    /** The packet that is whole now. */
    take(loraFrame: Uint8Array): Uint8Array | undefined {
        const [header] = loraFrame;
        if (header === undefined) return undefined;
        const bytes = loraFrame.slice(1);
        const sequence = header >> 4;
        const begun = this.#begun;
        if ((header & SPLIT) === 0) {
            this.#begun = undefined;
            return bytes;
        }
        if (begun?.sequence !== sequence) {
            this.#begun = { sequence, bytes };
            return undefined;
        }
        this.#begun = undefined;
        return concatBytes(begun.bytes, bytes).subarray(0, PACKET_BYTES_MAX);
    }
}

/** The header of both LoRa frames of a packet. */
export function headerOf(sequence: number, isSplit: boolean): number {
    return (sequence << 4) | (isSplit ? SPLIT : 0);
}
