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
    /** Asks a person; undefined when nobody sits there. */
    ask(question: string): Promise<string | undefined>;
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
    ask(question) {
        return typedLine(question, { isShown: true });
    },
    async askSecret(question) {
        const line = await typedLine(question, { isShown: false });
        if (line !== undefined) process.stderr.write("\n");
        return line;
    },
    untilStopped() {
        return new Promise((resolve) => {
            for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
        });
    },
    now: () => Date.now(),
};

async function typedLine(question: string, { isShown }: { readonly isShown: boolean }): Promise<string | undefined> {
    if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
    if (!isShown) process.stderr.write(question);
    // Without an output stream readline does not show what is typed.
    const lines = createInterface({
        input: process.stdin,
        terminal: true,
        ...(isShown ? { output: process.stderr } : {}),
    });
    try {
        return await new Promise<string | undefined>((resolve) => {
            lines.once("close", () => resolve(undefined));
            if (isShown) lines.question(question, resolve);
            else lines.once("line", resolve);
        });
    } finally {
        lines.close();
    }
}
