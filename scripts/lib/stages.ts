import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countsOfReport, NO_COUNTS, type StageCounts, sumOf, verdictOf } from "./counts.ts";

/**
 * Every stage of `scripts/test`, one after the other: a failure never hides what comes after it. `node stages.ts` runs
 * all, `node stages.ts types style` the named ones, and arguments that look like paths choose test files.
 */
interface Stage {
    readonly name: string;
    readonly command: readonly string[];
    /** Long ones talk while they run; the others are heard only when they fail. */
    readonly talks?: boolean;
    readonly count?: (ended: Ended) => StageCounts;
}

interface Ended {
    readonly succeeded: boolean;
}

/** A stage that takes longer hangs, in milliseconds. */
const STAGE_MS_MAX = 20 * 60_000;
const FUZZ_SEED = "1";
const FUZZ_SECONDS = "10";

const scratch = mkdtempSync(join(tmpdir(), "hearth-test-"));
const reportFile = join(scratch, "vitest.json");
const freshSeed = String(Math.floor(Math.random() * 2 ** 32));
const asked = process.argv.slice(2);
const testFiles = asked.filter((argument) => /[./]/.test(argument));

const STAGES: readonly Stage[] = [
    { name: "types", command: ["tsc", "-p", "."] },
    { name: "style", command: ["biome", "check", "."] },
    { name: "unused", command: ["knip"] },
    { name: "build", command: ["bash", "scripts/build"] },
    {
        name: "tests",
        command: ["vitest", "run", "--config", "test/vitest.config.ts", ...reporters(), ...testFiles],
        talks: true,
        count: countTests,
    },
    { name: "vectors", command: ["node", "dist/hearth.mjs", "vectors", "test/vectors/ember"] },
    { name: "fuzz", command: fuzz(FUZZ_SEED) },
    { name: `fuzz with seed ${freshSeed}`, command: fuzz(freshSeed) },
];

const chosen = choose();
let total = NO_COUNTS;
for (const [index, stage] of chosen.entries()) {
    total = sumOf(total, await runStage(stage, `[${index + 1}/${chosen.length}] ${stage.name}`));
}
rmSync(scratch, { recursive: true, force: true });
const verdict = verdictOf(total);
process.exitCode = verdict.exitCode;
console.log(verdict.line);

function choose(): readonly Stage[] {
    const names = asked.filter((argument) => !testFiles.includes(argument));
    if (testFiles.length > 0) names.push("tests");
    const unknown = names.filter((name) => !STAGES.some((stage) => stage.name === name));
    if (unknown.length > 0) {
        console.error(`No stage ${unknown.join(", ")}. There are: ${STAGES.map(({ name }) => name).join(", ")}.`);
        process.exit(2);
    }
    return names.length === 0 ? STAGES : STAGES.filter(({ name }) => names.includes(name));
}

async function runStage(stage: Stage, title: string): Promise<StageCounts> {
    const started = performance.now();
    if (stage.talks) console.log(`${title} …`);
    const { succeeded, output } = await runCommand(stage);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${title} … ${succeeded ? "passed" : "FAILED"}, ${seconds} s`);
    if (!succeeded) process.stdout.write(output);
    return (stage.count ?? countStage)({ succeeded });
}

/** Runs in a process group of its own, so that a stage that hangs ends with all its children. */
function runCommand(stage: Stage): Promise<{ readonly succeeded: boolean; readonly output: string }> {
    const [program = "", ...args] = stage.command;
    const chunks: Buffer[] = [];
    return new Promise((resolve) => {
        const child = spawn(program, args, {
            stdio: ["ignore", stage.talks ? "inherit" : "pipe", stage.talks ? "inherit" : "pipe"],
            detached: true,
        });
        const forward = (): void => killGroup(child);
        process.once("SIGINT", forward);
        process.once("SIGTERM", forward);
        const timer = setTimeout(() => {
            chunks.push(Buffer.from(`Ended after ${STAGE_MS_MAX / 60_000} minutes: it hangs.\n`));
            killGroup(child);
        }, STAGE_MS_MAX);
        child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
        child.stderr?.on("data", (chunk: Buffer) => chunks.push(chunk));
        const end = (succeeded: boolean): void => {
            clearTimeout(timer);
            process.off("SIGINT", forward);
            process.off("SIGTERM", forward);
            resolve({ succeeded, output: Buffer.concat(chunks).toString() });
        };
        child.once("error", (cause) => {
            chunks.push(Buffer.from(`${program}: ${cause.message}\n`));
            end(false);
        });
        child.once("close", (code) => end(code === 0));
    });
}

function killGroup(child: ChildProcess): void {
    if (child.pid === undefined || child.exitCode !== null) return;
    try {
        process.kill(-child.pid, "SIGKILL");
    } catch {
        // It ended by itself in the meantime.
    }
}

function countStage({ succeeded }: Ended): StageCounts {
    return { passed: succeeded ? 1 : 0, failed: succeeded ? 0 : 1, skipped: 0 };
}

function countTests({ succeeded }: Ended): StageCounts {
    let report: unknown;
    try {
        report = JSON.parse(readFileSync(reportFile, "utf8"));
    } catch {
        report = undefined;
    }
    return countsOfReport(report, succeeded);
}

function reporters(): readonly string[] {
    return ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
}

function fuzz(seed: string): readonly string[] {
    return ["node", "test/fuzz/run.ts", "--seed", seed, "--seconds", FUZZ_SECONDS];
}
