/** A command as the module reads it. */
export type ModuleLine =
    | { readonly kind: "text"; readonly text: string }
    | { readonly kind: "send"; readonly to: number; readonly declared: number; readonly data: Uint8Array }
    /** More than its buffer holds without a line end. */
    | { readonly kind: "overflow" };

const LINE_BYTES_MAX = 512;
const CR = 0x0d;
const LF = 0x0a;
const SEND = /^AT\+SEND=(\d{1,6}),(\d{1,6}),/;
const SEND_HEAD_MAX = "AT+SEND=123456,123456,".length;

/** The module's side of the line: cuts what the host writes into commands. */
export class LineReader {
    readonly #binarySafe: boolean;
    #held: number[] = [];

    constructor(binarySafe: boolean) {
        this.#binarySafe = binarySafe;
    }

    /** Whether a command has begun whose end is still missing. */
    get isInside(): boolean {
        return this.#held.length > 0;
    }

    forget(): void {
        this.#held = [];
    }

    push(chunk: Uint8Array): readonly ModuleLine[] {
        const lines: ModuleLine[] = [];
        for (const byte of chunk) {
            this.#held.push(byte);
            const line = this.#complete();
            if (!line) continue;
            this.#held = [];
            lines.push(line);
        }
        return lines;
    }

    #complete(): ModuleLine | undefined {
        const held = this.#held;
        if (held.length > LINE_BYTES_MAX) return { kind: "overflow" };
        if (held.at(-1) !== LF || held.at(-2) !== CR) return undefined;
        const body = Uint8Array.from(held.slice(0, -2));
        const head = SEND.exec(String.fromCharCode(...body.subarray(0, SEND_HEAD_MAX)));
        if (!head) return { kind: "text", text: String.fromCharCode(...body) };
        const data = body.subarray(head[0].length);
        const declared = Number(head[2]);
        // By length: a line end inside the data does not end the command.
        if (this.#binarySafe && data.length < declared && declared <= LINE_BYTES_MAX) return undefined;
        return { kind: "send", to: Number(head[1]), declared, data };
    }
}
