import { type ChildProcess, spawn } from "node:child_process";

/** So much of what a tool complains is kept. */
const COMPLAINT_CHARS_MAX = 2_000;

/** How long the pipes of a tool that ended are read on. */
const LAST_WORDS_MS = 100;

/**
 * Runs a tool until this process closes the shell's standard input, which the kernel does even after a kill -9: no tool
 * is left behind that holds a line for nobody. The tool's own end ends the shell.
 */
const KEEPER = `
exec 3<&0
"$@" </dev/null 3<&- & held=$!
{ read -r _ <&3; kill $held; } 2>/dev/null & reader=$!
wait $held; code=$?
kill $reader 2>/dev/null
exit $code`;

/** A tool that holds a line for as long as it runs. */
export class HolderProcess {
    readonly #child: ChildProcess;
    readonly #ended: Promise<void>;
    #hasEnded = false;
    #complaint = "";

    /** `onText` gets each line that the tool prints. */
    constructor(command: readonly string[], onText?: (text: string) => void) {
        const child = spawn("/bin/sh", ["-c", KEEPER, "sh", ...command], { stdio: "pipe" });
        this.#child = child;
        this.#ended = new Promise<void>((resolve) => {
            child.on("error", () => resolve());
            child.on("close", () => resolve());
            child.on("exit", () => {
                // Something else may still have the pipes open; what the tool wrote is read by then.
                setTimeout(() => {
                    child.stdout.destroy();
                    child.stderr.destroy();
                }, LAST_WORDS_MS);
            });
        }).then(() => {
            this.#hasEnded = true;
        });
        // A shell that is gone already takes no end of input.
        child.stdin.on("error", () => undefined);
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
            this.#complaint = (this.#complaint + text).slice(-COMPLAINT_CHARS_MAX);
        });
        let rest = "";
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
            const lines = (rest + text).split("\n");
            rest = (lines.pop() ?? "").slice(-COMPLAINT_CHARS_MAX);
            for (const line of lines) onText?.(line);
        });
    }

    get hasEnded(): boolean {
        return this.#hasEnded;
    }

    /** What the tool wrote to its standard error. */
    get complaint(): string {
        return this.#complaint.trim();
    }

    onEnd(listener: () => void): void {
        void this.#ended.then(listener);
    }

    /** Resolves when the line is free again. */
    async close(): Promise<void> {
        this.#child.stdin?.end();
        await this.#ended;
    }
}
