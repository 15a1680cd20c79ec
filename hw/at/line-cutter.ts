const LF = "\n";

/** A line without its end, one character a byte; or the number of bytes that were dropped because no end came. */
export type Cut = string | number;

/** Cuts bytes into lines of bounded length. The result does not depend on how the bytes are cut into chunks. */
export class LineCutter {
    readonly #lineBytesMax: number;
    #held = "";

    constructor(lineBytesMax: number) {
        this.#lineBytesMax = lineBytesMax;
    }

    push(chunk: Uint8Array): readonly Cut[] {
        const cuts: Cut[] = [];
        // In pieces, so that a flood is worked off as it comes in.
        for (let at = 0; at < chunk.length; at += this.#lineBytesMax) {
            this.#held += String.fromCharCode(...chunk.subarray(at, at + this.#lineBytesMax));
            this.#cut(cuts);
        }
        return cuts;
    }

    forget(): void {
        this.#held = "";
    }

    #cut(cuts: Cut[]): void {
        let start = 0;
        for (;;) {
            const end = this.#held.indexOf(LF, start);
            const isWhole = end >= 0 && end - start < this.#lineBytesMax;
            if (!isWhole && this.#held.length - start < this.#lineBytesMax) break;
            const next = isWhole ? end + 1 : start + this.#lineBytesMax;
            cuts.push(isWhole ? this.#held.slice(start, end).replace(/\r+$/, "") : this.#lineBytesMax);
            start = next;
        }
        this.#held = this.#held.slice(start);
    }
}
