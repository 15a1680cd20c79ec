import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, Figure } from "./figure.ts";

const ROOT = join(import.meta.dirname, "..");
const BUNDLE = join(ROOT, "dist/hearth.mjs");
const STARTS = 7;
const IDLE_RUNS = 3;
const IDLE_MS = 10_000;
const START_MS_MAX = 30_000;
const START_MS_AIM = 400;
const IDLE_MB_AIM = 70;

export const bench: Bench = {
    title: "the bundle: cold start to healthy, memory when idle, size",
    async run(report) {
        const starts: number[] = [];
        for (let run = 0; run < STARTS; run++) starts.push(await withGateway(async ({ startMs }) => startMs));
        report(lower({ name: "start.to_healthy", value: medianOf(starts), unit: "ms", target: START_MS_AIM }));
        const memory: number[] = [];
        for (let run = 0; run < IDLE_RUNS; run++) memory.push(await withGateway(idleMegabytes));
        report(lower({ name: "start.rss_idle", value: medianOf(memory), unit: "MB", target: IDLE_MB_AIM }));
        const budget = JSON.parse(readFileSync(join(ROOT, "size-budget.json"), "utf8")).bundleBytesMax as number;
        report(lower({ name: "start.bundle_size", value: statSync(BUNDLE).size, unit: "bytes", target: budget }));
    },
};

interface Running {
    readonly child: ChildProcess;
    /** From spawn to the first healthy answer. */
    readonly startMs: number;
}

async function withGateway(measure: (running: Running) => Promise<number>): Promise<number> {
    const folder = mkdtempSync(join(tmpdir(), "hearth-bench-"));
    const started = performance.now();
    const args = [BUNDLE, "run", "--data-dir", join(folder, "data"), "--http", "127.0.0.1:0"];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise((resolve) => child.once("close", resolve));
    try {
        const address = await mailboxAddress(child);
        await untilHealthy(address);
        return await measure({ child, startMs: performance.now() - started });
    } finally {
        child.kill("SIGKILL");
        await ended;
        rmSync(folder, { recursive: true });
    }
}

function mailboxAddress(child: ChildProcess): Promise<string> {
    return new Promise((resolve, reject) => {
        const said: string[] = [];
        const fail = (why: string): void => reject(new Error(`${why}; it said:\n${said.join("\n")}`));
        const timer = setTimeout(() => fail("the gateway names no mailbox address"), START_MS_MAX);
        const hear = (line: string): void => {
            said.push(line);
            const address = /mailbox.*?(http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1];
            if (address === undefined) return;
            clearTimeout(timer);
            resolve(address);
        };
        for (const stream of [child.stdout, child.stderr]) {
            if (stream) createInterface({ input: stream }).on("line", hear);
        }
        child.once("close", (code) => {
            clearTimeout(timer);
            fail(`the gateway ended with ${code}`);
        });
    });
}

async function untilHealthy(address: string): Promise<void> {
    const deadline = performance.now() + START_MS_MAX;
    while (performance.now() < deadline) {
        const answer = await fetch(`${address}/api/v1/health`).catch(() => undefined);
        await answer?.arrayBuffer();
        if (answer?.status === 200) return;
        await sleep(2);
    }
    throw new Error(`${address} did not become healthy`);
}

async function idleMegabytes({ child }: Running): Promise<number> {
    await sleep(IDLE_MS);
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
    return Number(kilobytes) / 1024;
}

function medianOf(values: readonly number[]): number {
    const sorted = values.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function lower(figure: Omit<Figure, "better">): Figure {
    return { ...figure, better: "lower" };
}
