import type { Terminal } from "./terminal.ts";

const WIDTH = 30;
/** Between two pictures, in milliseconds. */
const PAUSE_MS = 100;

export interface Progress {
    show(done: number): void;
    end(): void;
}

/** A bar for whoever sits before the terminal; nothing for a script. */
export function makeProgress(terminal: Terminal, what: string, total: number): Progress {
    let shownAt = Number.NEGATIVE_INFINITY;
    return {
        show(done) {
            const now = terminal.now();
            if (!terminal.status || now - shownAt < PAUSE_MS) return;
            shownAt = now;
            const part = total > 0 ? Math.min(1, done / total) : 1;
            const filled = Math.round(part * WIDTH);
            const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
            terminal.status(`${what} ${bar} ${Math.floor(part * 100)} %`);
        },
        end() {
            terminal.status?.("");
        },
    };
}
