import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import type { CampaignResult, Finding } from "./campaign.ts";
import { FINDINGS, targetNames } from "./load.ts";
import { INPUT_SIZE_MAX } from "./mutate.ts";
import type { WorkerOrder } from "./worker.ts";

/** `scripts/fuzz [TARGET...] [--seed N] [--seconds N | --runs N]`: seconds are for all targets together, runs for each. */
const SECONDS_DEFAULT = 30;
/** A target that says nothing for this long hangs in its input, in milliseconds. Shrinking a slow finding counts too. */
const SILENCE_MS_MAX = 60_000;
const WATCH_MS = 1_000;

const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seed: { type: "string" }, seconds: { type: "string" }, runs: { type: "string" } },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : wholeNumber("seed", values.seed);
const known = targetNames();
const unknown = positionals.filter((name) => !known.includes(name));
if (unknown.length > 0 || known.length === 0) fail(`No target ${unknown.join(", ")}. There are: ${known.join(", ")}.`);
const chosen = positionals.length > 0 ? positionals : known;
const runsMax = values.runs === undefined ? Number.POSITIVE_INFINITY : wholeNumber("runs", values.runs);
const seconds = values.seconds === undefined ? SECONDS_DEFAULT : wholeNumber("seconds", values.seconds);
const msMax = values.runs === undefined ? (seconds * 1000) / chosen.length : Number.POSITIVE_INFINITY;

console.log(`seed ${seed}`);
for (const name of chosen) {
    const started = performance.now();
    const { runs, findings } = await watch(name);
    const took = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${name}: ${runs} runs in ${took} s, ${findings.length} findings`);
    for (const finding of findings) keep(name, finding);
}

/** Runs one target in a thread of its own, so that an endless loop in it can be ended and its input kept. */
function watch(name: string): Promise<CampaignResult> {
    const beat = new SharedArrayBuffer(8);
    const input = new SharedArrayBuffer(INPUT_SIZE_MAX);
    const workerData: WorkerOrder = { name, seed, runsMax, msMax, beat, input };
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData });
    const beats = new Int32Array(beat);
    return new Promise((resolve) => {
        let seen = 0;
        let heardAt = performance.now();
        let ended = false;
        const end = (result: CampaignResult): void => {
            // Ending the thread makes it say "exit" once more.
            if (ended) return;
            ended = true;
            clearInterval(timer);
            void worker.terminate().then(() => resolve(result));
        };
        const giveUp = (kind: Finding["kind"], detail: string): void => {
            const bytes = new Uint8Array(input).slice(0, Atomics.load(beats, 1));
            end({ runs: seen, findings: [{ kind, detail, bytes, run: Atomics.load(beats, 0) }] });
        };
        const timer = setInterval(() => {
            const count = Atomics.load(beats, 0);
            if (count !== seen) heardAt = performance.now();
            seen = count;
            if (performance.now() - heardAt > SILENCE_MS_MAX) giveUp("stalled", `no end after ${SILENCE_MS_MAX} ms`);
        }, WATCH_MS);
        worker.once("message", end);
        worker.once("error", (cause: unknown) => giveUp("threw", `outside of run: ${String(cause)}`));
        worker.once("exit", () => giveUp("threw", "the thread ended before its work"));
    });
}

function keep(name: string, finding: Finding): void {
    process.exitCode = 1;
    const folder = join(FINDINGS, name);
    const file = join(folder, `${createHash("sha256").update(finding.bytes).digest("hex").slice(0, 16)}.bin`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, finding.bytes);
    console.log(`  ${finding.kind}: ${finding.detail}`);
    console.log(`  ${finding.bytes.length} bytes in ${relative(process.cwd(), file)}`);
    const runs = Number.isFinite(runsMax) ? runsMax : Math.max(1, finding.run);
    console.log(`  again: scripts/fuzz ${name} --seed ${seed} --runs ${runs}`);
}

function wholeNumber(name: string, text: string): number {
    if (!/^\d{1,15}$/.test(text)) fail(`--${name} takes a whole number, not ${JSON.stringify(text)}.`);
    return Number(text);
}

function fail(message: string): never {
    console.error(message);
    process.exit(2);
}
