import type { CommandReader } from "./board.ts";

/** A command of plain text, or undefined for one that was longer than the module's buffer. */
export type TextLine = string | undefined;

const LF = 0x0a;

/** Commands end with LF; a CR before it is taken away. */
export class TextLines implements CommandReader<TextLine> {
    readonly #lineBytesMax: number;
    #held: number[] = [];
    #overflowed = false;

    constructor(lineBytesMax: number) {
        this.#lineBytesMax = lineBytesMax;
    }

    get isInside(): boolean {
        return this.#held.length > 0;
    }

    forget(): void {
        this.#held = [];
        this.#overflowed = false;
    }

    push(chunk: Uint8Array): readonly TextLine[] {
        const lines: TextLine[] = [];
        for (const byte of chunk) {
            if (byte !== LF) {
                if (this.#held.length < this.#lineBytesMax) this.#held.push(byte);
                else this.#overflowed = true;
                continue;
            }
            const text = String.fromCharCode(...this.#held).replace(/\r$/, "");
            if (this.#overflowed) lines.push(undefined);
            else if (text !== "") lines.push(text);
            this.forget();
        }
        return lines;
    }
}
