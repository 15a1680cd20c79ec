import { type ChildProcessByStdio, spawn } from "node:child_process";
import { join } from "node:path";
import type { Readable } from "node:stream";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { openDepot } from "../../src/depot/sqlite/depot.ts";
import { depotPath } from "../../src/depot/sqlite/open.ts";
import { id16 } from "../support/envelopes.ts";
import { seededRandom } from "./random.ts";
import { decodes, withDirectory } from "./rig.ts";

/** `HEARTH_CRASH_ROUNDS=2000` for the long run; `HEARTH_CRASH_SEED` to see one again, as far as a clock allows. */
const ROUNDS = Number(process.env["HEARTH_CRASH_ROUNDS"] ?? 200);
const SEED = Number(process.env["HEARTH_CRASH_SEED"] ?? Date.now() % 2 ** 32);
const CHILD = join(import.meta.dirname, "crash-child.ts");
const ROUND_MS_MAX = 2_000;
/** One kill in so many comes at any moment since the start, the others after something was acknowledged. */
const EARLY_EVERY = 5;
const EARLY_MS = 150;
const LATE_MS = 40;
/** Numbers that one round cannot use up. */
const NUMBERS_A_ROUND = 1_000_000;

it(
    `misses nothing acknowledged after ${ROUNDS} kills, seed ${SEED}`,
    async () => {
        const random = seededRandom(SEED);
        let acknowledged = 0;
        await withDirectory(async (directory) => {
            const expected = new Map<number, "there" | "gone" | "either">();
            for (let round = 1; round <= ROUNDS; round++) {
                const said = await runAndKill(directory, round * NUMBERS_A_ROUND, random);
                acknowledged += note(said, expected);
                await verify(directory, expected, round);
            }
        });
        expect(acknowledged).toBeGreaterThan(ROUNDS);
    },
    ROUNDS * ROUND_MS_MAX,
);

/** What the child said until it was killed. */
async function runAndKill(directory: string, first: number, random: () => number): Promise<string> {
    const child = spawn(process.execPath, [CHILD, directory, String(first)], { stdio: ["ignore", "pipe", "pipe"] });
    const errors: Buffer[] = [];
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    const early = random() * EARLY_EVERY < 1;
    const pause = random() * (early ? EARLY_MS : LATE_MS);
    if (early) setTimeout(() => child.kill("SIGKILL"), pause);
    else child.stdout.once("data", () => setTimeout(() => child.kill("SIGKILL"), pause));
    const said = await outputOf(child);
    expect(child.signalCode, Buffer.concat(errors).toString()).toBe("SIGKILL");
    return said;
}

function outputOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<string> {
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    return new Promise((resolve) => child.once("close", () => resolve(Buffer.concat(chunks).toString())));
}

/** Returns how many lines there were; the last one counts only if it is whole. */
function note(said: string, expected: Map<number, "there" | "gone" | "either">): number {
    const lines = said.split("\n").slice(0, -1);
    for (const line of lines) {
        const state = { "+": "there", "?": "either", "-": "gone" }[line[0] ?? ""];
        if (state !== "there" && state !== "either" && state !== "gone") throw new Error(`the child said ${line}`);
        expected.set(Number(line.slice(1)), state);
    }
    return lines.length;
}

async function verify(
    directory: string,
    expected: Map<number, "there" | "gone" | "either">,
    round: number,
): Promise<void> {
    const notices: string[] = [];
    const depot = await openDepot({ directory, decodes, onNotice: (text) => notices.push(text) });
    const wrong = [...expected].filter(([number, state]) => {
        const found = depot.store.message(id16(number, 0xa0)) ? "there" : "gone";
        return state !== "either" && state !== found;
    });
    expect(wrong, `round ${round}, seed ${SEED}`).toEqual([]);
    const checker = new Database(depotPath(directory), { readonly: true });
    expect(checker.pragma("integrity_check", { simple: true })).toBe("ok");
    const counted = checker.prepare("SELECT count(*) AS messages, sum(length(payload)) AS bytes FROM messages").get();
    checker.close();
    const total = depot.store.totalFill();
    expect(counted).toEqual({ messages: total.messages, bytes: total.messages === 0 ? null : total.bytes });
    expect(notices).toEqual([]);
    await sweep(depot, expected);
    await depot.close();
}

/** Keeps the directory small: the next round begins with none of this one's messages. */
async function sweep(
    depot: Awaited<ReturnType<typeof openDepot>>,
    expected: Map<number, "there" | "gone" | "either">,
): Promise<void> {
    await depot.commit(() => {
        for (const number of expected.keys()) depot.store.removeMessage(id16(number, 0xa0));
    });
    expected.clear();
}
