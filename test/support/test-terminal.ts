import type { Terminal } from "../../src/app/cli/terminal.ts";

/** A terminal that keeps what it is told. Nobody sits there, unless with answers to its questions. */
export function testTerminal(env: Terminal["env"] = {}, answers: string[] = []) {
    const out: string[] = [];
    const err: string[] = [];
    const terminal: Terminal = {
        out: (text) => out.push(text),
        err: (text) => err.push(text),
        env,
        readInput: async () => undefined,
        ask: async (question) => {
            err.push(question);
            return answers.shift();
        },
        askSecret: async () => undefined,
        untilStopped: async () => undefined,
        now: () => 0,
    };
    return { terminal, out, err };
}
