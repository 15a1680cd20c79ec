import type { Terminal } from "../../src/app/cli/terminal.ts";

/** A terminal where nobody sits, that keeps what it is told. */
export function testTerminal(env: Terminal["env"] = {}) {
    const out: string[] = [];
    const err: string[] = [];
    const terminal: Terminal = {
        out: (text) => out.push(text),
        err: (text) => err.push(text),
        env,
        readInput: async () => undefined,
        askSecret: async () => undefined,
        untilStopped: async () => undefined,
        now: () => 0,
    };
    return { terminal, out, err };
}
