import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Bench, Figure } from "./figure.ts";

const SERVER = join(import.meta.dirname, "mailbox/server-child.ts");
const LOAD = join(import.meta.dirname, "mailbox/load-child.ts");
const ROUNDS = 5;
const ROUND_MS = 2_000;
const WARM_MS = 1_000;
const PRELOADED = 1_000;
const CONNECTIONS = [1, 16] as const;
const RATIO_AIM = 0.8;
const SUBMITS_AIM = 8_000;

type Kind = "bare" | "hearth" | "receipts";
type Work = "submit" | "fetch";

interface Measured {
    readonly perSecond: number;
    /** Milliseconds. */
    readonly p50: number;
    readonly p99: number;
    /** The server's own CPU time for each request, in microseconds: what other work on the machine does not change much. */
    readonly cpu: number;
}

export const bench: Bench = {
    title: "the mailbox over HTTP: durable submits and fetches of 1 KB, beside a bare node:http server over the same depot",
    async run(report) {
        for (const work of ["submit", "fetch"] as const) {
            for (const connections of CONNECTIONS) await compare({ work, connections, report });
        }
    },
};

interface Comparison {
    readonly work: Work;
    readonly connections: number;
    readonly report: (figure: Figure) => void;
}

/** All servers live at once and take turns, so that a slow moment of the machine hits each of them. */
async function compare({ work, connections, report }: Comparison): Promise<void> {
    const kinds: readonly Kind[] = work === "submit" ? ["bare", "hearth", "receipts"] : ["bare", "hearth"];
    const servers = await Promise.all(kinds.map(startServer));
    try {
        const rounds = new Map<Kind, Measured[]>(kinds.map((kind) => [kind, []]));
        for (const server of servers) await load(server, { work, connections, ms: WARM_MS });
        for (let round = 0; round < ROUNDS; round++) {
            for (const server of servers) {
                rounds.get(server.kind)?.push(await load(server, { work, connections, ms: ROUND_MS }));
            }
        }
        tell({ work, connections, report }, rounds);
    } finally {
        await Promise.all(servers.map(stopServer));
    }
}

function tell({ work, connections, report }: Comparison, rounds: ReadonlyMap<Kind, readonly Measured[]>): void {
    const name = (what: string): string => `mailbox.${work}_${connections}.${what}`;
    const median = (kind: Kind, field: keyof Measured): number =>
        medianOf((rounds.get(kind) ?? []).map((measured) => measured[field]));
    const target = work === "submit" && connections === 16 ? SUBMITS_AIM : null;
    for (const kind of rounds.keys()) {
        const aim = kind === "hearth" ? target : null;
        report({ name: name(kind), value: median(kind, "perSecond"), unit: "1/s", target: aim, better: "higher" });
        report({ name: name(`${kind}_p50`), value: median(kind, "p50"), unit: "ms", target: null, better: "lower" });
        report({ name: name(`${kind}_p99`), value: median(kind, "p99"), unit: "ms", target: null, better: "lower" });
        report({ name: name(`${kind}_cpu`), value: median(kind, "cpu"), unit: "µs", target: null, better: "lower" });
    }
    const bare = rounds.get("bare") ?? [];
    const ratios = (rounds.get("hearth") ?? []).map(
        ({ perSecond }, round) => perSecond / (bare[round]?.perSecond ?? 0),
    );
    report({ name: name("ratio"), value: medianOf(ratios), unit: "of bare", target: RATIO_AIM, better: "higher" });
}

interface Server {
    readonly kind: Kind;
    readonly child: ChildProcess;
    readonly directory: string;
    readonly port: string;
    /** Numbers of messages already used up. */
    used: number;
}

async function startServer(kind: Kind): Promise<Server> {
    const directory = mkdtempSync(join(tmpdir(), "hearth-bench-"));
    const args = [SERVER, kind, directory, String(PRELOADED)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    return { kind, child, directory, port: await firstLine(child), used: PRELOADED };
}

async function stopServer({ child, directory }: Server): Promise<void> {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    rmSync(directory, { recursive: true });
}

/** More than one load can send. */
const NUMBERS_A_LOAD = 1_000_000;

async function load(
    server: Server,
    { work, connections, ms }: { readonly work: Work; readonly connections: number; readonly ms: number },
): Promise<Measured> {
    const args = [LOAD, work, server.port, connections, ms, server.used].map(String);
    server.used += NUMBERS_A_LOAD;
    const before = cpuMicroseconds(server.child);
    const said = await firstLine(spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] }));
    const seen = JSON.parse(said) as Omit<Measured, "cpu"> & { readonly count: number };
    return { ...seen, cpu: (cpuMicroseconds(server.child) - before) / seen.count };
}

/** User and system time so far, counted by Linux in hundredths of a second. */
function cpuMicroseconds({ pid }: ChildProcess): number {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

function firstLine(child: ChildProcess): Promise<string> {
    return new Promise((resolve, reject) => {
        child.once("exit", (code) => reject(new Error(`a process of the benchmark ended with ${code}`)));
        if (child.stdout) createInterface({ input: child.stdout }).once("line", resolve);
    });
}

function medianOf(values: readonly number[]): number {
    return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
