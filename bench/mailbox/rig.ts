import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const SERVER = join(import.meta.dirname, "server-child.ts");
const LOAD = join(import.meta.dirname, "load-child.ts");
/** More than one load can send. */
const NUMBERS_A_LOAD = 1_000_000;

/** "receipts" is hearth with an identity, as gateways are; "bare" is node:http over the same depot. */
export type Kind = "bare" | "hearth" | "receipts";

export interface Measured {
    /** Frames or pages. */
    readonly perSecond: number;
    /** Of one request, in milliseconds. */
    readonly p50: number;
    readonly p99: number;
    /** The server's own CPU time for each, in microseconds: what other work on the machine does not change much. */
    readonly cpu: number;
}

export interface Server {
    readonly kind: Kind;
    readonly child: ChildProcess;
    readonly directory: string;
    readonly port: string;
    readonly mailboxes: number;
    /** Numbers of messages already used up. */
    used: number;
}

export async function startServer(
    kind: Kind,
    { preload, mailboxes }: { readonly preload: number; readonly mailboxes: number },
): Promise<Server> {
    const directory = mkdtempSync(join(tmpdir(), "hearth-bench-"));
    const args = [SERVER, kind, directory, preload, mailboxes].map(String);
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    return { kind, child, directory, port: await firstLine(child), mailboxes, used: preload };
}

export async function stopServer({ child, directory }: Server): Promise<void> {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode === null && child.kill("SIGKILL")) await ended;
    rmSync(directory, { recursive: true });
}

export interface Load {
    readonly work: "submit" | "batch" | "fetch";
    readonly connections: number;
    readonly ms: number;
}

export async function load(server: Server, { work, connections, ms }: Load): Promise<Measured> {
    const args = [LOAD, work, server.port, connections, ms, server.used, server.mailboxes].map(String);
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

export function medianOf(values: readonly number[]): number {
    return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
