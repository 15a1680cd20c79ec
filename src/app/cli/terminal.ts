import { createInterface } from "node:readline";

/** Where a command talks to. Results go to `out`, everything else to `err`, so that a script reads results only. */
export interface Terminal {
    out(text: string): void;
    err(text: string): void;
    /** Shows how far something is, in place of what it showed before; "" takes it away. Undefined where nobody sits. */
    readonly status?: ((text: string) => void) | undefined;
    readonly env: Readonly<Record<string, string | undefined>>;
    /** All of the standard input, at most `bytesMax`; undefined when it is more. */
    readInput(bytesMax: number): Promise<Uint8Array | undefined>;
    /** Asks a person without showing what is typed; undefined when nobody sits there. */
    askSecret(question: string): Promise<string | undefined>;
    /** Resolves when the process is asked to end. */
    untilStopped(): Promise<void>;
    /** Milliseconds since 1970. */
    now(): number;
}

/** A failure that its user caused or can mend. The message says what to do next. */
export class CommandError extends Error {
    override readonly name = "CommandError";
    readonly exitCode: number;

    constructor(message: string, exitCode = 1) {
        super(message);
        this.exitCode = exitCode;
    }
}

export const processTerminal: Terminal = {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    status: process.stderr.isTTY ? (text) => void process.stderr.write(`\r\u001b[2K${text}`) : undefined,
    env: process.env,
    async readInput(bytesMax) {
        const chunks: Uint8Array[] = [];
        let size = 0;
        for await (const chunk of process.stdin) {
            chunks.push(chunk);
            size += chunk.length;
            if (size > bytesMax) return undefined;
        }
        return Buffer.concat(chunks);
    },
    async askSecret(question) {
        if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
        process.stderr.write(question);
        // No output stream: readline would show what is typed.
        const lines = createInterface({ input: process.stdin, terminal: true });
        try {
            return await new Promise<string>((resolve) => lines.once("line", resolve));
        } finally {
            lines.close();
            process.stderr.write("\n");
        }
    },
    untilStopped() {
        return new Promise((resolve) => {
            for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
        });
    },
    now: () => Date.now(),
};
