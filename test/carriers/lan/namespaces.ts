import { type ChildProcess, execFileSync, spawn } from "node:child_process";

/** Computers of their own on cables of their own, as Linux has them: network namespaces joined by veth. */
export interface Lab {
    /** Adds a computer; its name is short. */
    computer(name: string): string;
    /** A cable from `a` to `b`, with an interface called `name` and these addresses at each end. */
    cable(name: string, a: string, addressesA: readonly string[], b: string, addressesB: readonly string[]): void;
    /** `ip …` on a computer. */
    ip(computer: string, ...words: readonly string[]): void;
    start(computer: string, args: readonly string[]): ChildProcess;
    run(computer: string, args: readonly string[]): string;
    close(): Promise<void>;
}

const PREFIX = `hl${process.pid}`;
const END_MS_MAX = 5_000;

/** Why there can be no lab here; undefined if there can. */
export function labProblem(): string | undefined {
    if (process.getuid?.() !== 0) return "only root may make network namespaces";
    try {
        execFileSync("ip", ["netns", "add", `${PREFIX}try`], { stdio: "pipe" });
        execFileSync("ip", ["netns", "delete", `${PREFIX}try`], { stdio: "pipe" });
        return undefined;
    } catch (cause) {
        return `no network namespace can be made: ${cause instanceof Error ? cause.message.split("\n")[0] : cause}`;
    }
}

export function openLab(): Lab {
    const computers: string[] = [];
    const children: ChildProcess[] = [];
    const system = (...words: readonly string[]): void => void execFileSync("ip", words, { stdio: "pipe" });
    const ip: Lab["ip"] = (computer, ...words) => system("-n", computer, ...words);
    const setUp = (computer: string, name: string, addresses: readonly string[]): void => {
        for (const address of addresses) {
            // Without waiting whether somebody else has the address already.
            const more = address.includes(":") ? ["nodad"] : [];
            ip(computer, "address", "add", address, "dev", name, ...more);
        }
        ip(computer, "link", "set", name, "up");
    };
    return {
        computer(name) {
            const computer = `${PREFIX}${name}`;
            system("netns", "add", computer);
            computers.push(computer);
            ip(computer, "link", "set", "lo", "up");
            return computer;
        },
        cable(name, a, addressesA, b, addressesB) {
            system("link", "add", name, "netns", a, "type", "veth", "peer", "name", name, "netns", b);
            setUp(a, name, addressesA);
            setUp(b, name, addressesB);
        },
        ip,
        start(computer, args) {
            const child = spawn("ip", ["netns", "exec", computer, process.execPath, ...args], { stdio: "pipe" });
            children.push(child);
            return child;
        },
        run(computer, args) {
            const words = ["netns", "exec", computer, process.execPath, ...args];
            return execFileSync("ip", words, { stdio: "pipe", encoding: "utf8" });
        },
        async close() {
            await Promise.all(children.map(end));
            for (const computer of computers) system("netns", "delete", computer);
        },
    };
}

async function end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), END_MS_MAX);
    await gone;
    clearTimeout(timer);
}
