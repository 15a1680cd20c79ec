import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { expect, it } from "vitest";
import { systemClock } from "../../../src/app/clock.ts";
import { toHex } from "../../../src/base/encoding.ts";
import { makePrng } from "../../../src/base/prng.ts";
import { makeMailboxClient } from "../../../src/carriers/http/mailbox-client.ts";
import { decodeWirePayload } from "../../../src/wire/payload.ts";
import { id16, testMessage } from "../../support/envelopes.ts";
import { submitRequest } from "./fixture.ts";
import { RawConnection, requestBytes } from "./raw-connection.ts";

/** `HEARTH_CRASH_ROUNDS=2000` for the long run; `HEARTH_CRASH_SEED` to see one again, as far as a clock allows. */
const ROUNDS = Number(process.env["HEARTH_CRASH_ROUNDS"] ?? 200);
const SEED = Number(process.env["HEARTH_CRASH_SEED"] ?? Date.now() % 2 ** 32);
const CHILD = join(import.meta.dirname, "crash-child.ts");
const ROUND_MS_MAX = 3_000;
const CONNECTIONS = 6;
const FRAMES_MAX = 5;
/** One kill in so many comes at any moment since the start, the others after something was acknowledged. */
const EARLY_EVERY = 6;
const EARLY_MS = 60;
const LATE_MS = 40;
/** A directory serves so many rounds; then a fresh one keeps the start quick. */
const DIRECTORY_ROUNDS = 40;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;
type Fate = "there" | "gone" | "either";

/** What has been acknowledged to us, by message number, for one routing key. */
interface Ledger {
    readonly routingKey: Uint8Array;
    readonly fates: Map<number, Fate>;
}

let nextNumber = 1;

it(
    `misses nothing acknowledged over HTTP after ${ROUNDS} kills, seed ${SEED}`,
    async () => {
        const random = makePrng(SEED);
        let directory = await makeDirectory();
        let spare = launch();
        let ledgers: Ledger[] = [];
        let acknowledged = 0;
        try {
            for (let round = 1; round <= ROUNDS + 1; round++) {
                const child = spare;
                spare = launch();
                const isLast = round > ROUNDS;
                const early = !isLast && random() * EARLY_EVERY < 1;
                if (early) setTimeout(() => child.kill("SIGKILL"), random() * EARLY_MS);
                const port = await serve(child, directory);
                if (port !== undefined && (await verifyAll(port, ledgers, { round, isDoomed: early }))) ledgers = [];
                if (port !== undefined && !early && !isLast && ledgers.length === 0 && round % DIRECTORY_ROUNDS === 0) {
                    await kill(child);
                    await rm(directory, { recursive: true });
                    directory = await makeDirectory();
                    continue;
                }
                if (port !== undefined && !isLast) {
                    const ledger = { routingKey: id16(round, 0xb0), fates: new Map<number, Fate>() };
                    ledgers.push(ledger);
                    const pause = random() * LATE_MS;
                    await submitUntilKilled(port, ledger, {
                        random,
                        onFirst: () => setTimeout(() => child.kill("SIGKILL"), early ? 0 : pause),
                    });
                    acknowledged += ledger.fates.size;
                }
                await kill(child);
            }
        } finally {
            await kill(spare);
            await rm(directory, { recursive: true, force: true });
        }
        expect(ledgers).toEqual([]);
        expect(acknowledged).toBeGreaterThan(ROUNDS);
    },
    (ROUNDS + 1) * ROUND_MS_MAX,
);

function makeDirectory(): Promise<string> {
    return mkdtemp(join(tmpdir(), "hearth-crash-"));
}

function launch(): Child {
    return spawn(process.execPath, [CHILD], { stdio: ["pipe", "pipe", "pipe"] });
}

/** The port, or undefined where the child was killed before it had one. */
async function serve(child: Child, directory: string): Promise<number | undefined> {
    const errors: Buffer[] = [];
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    child.stdin.on("error", () => undefined);
    child.stdin.write(`${directory}\n`);
    let said = "";
    for await (const chunk of child.stdout) {
        said += String(chunk);
        if (said.endsWith("\n")) return Number(said);
    }
    if (child.signalCode === null) await new Promise((resolve) => child.once("exit", resolve));
    expect(child.signalCode, Buffer.concat(errors).toString()).toBe("SIGKILL");
    return undefined;
}

async function kill(child: Child): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
}

/** Fetches everything that was acknowledged. False where the child died meanwhile, so that it must be done again. */
async function verifyAll(
    port: number,
    ledgers: readonly Ledger[],
    { round, isDoomed }: { readonly round: number; readonly isDoomed: boolean },
): Promise<boolean> {
    const client = makeMailboxClient({ url: `http://127.0.0.1:${port}`, clock: systemClock });
    for (const { routingKey, fates } of ledgers) {
        const fetched = await client.fetchAll(routingKey);
        if (!fetched.ok) {
            expect(isDoomed, fetched.error.detail).toBe(true);
            return false;
        }
        const there = new Set(fetched.value.payloads.map(idOf));
        expect(there.size, "a message came twice").toBe(fetched.value.payloads.length);
        const wrong = [...fates].filter(([number, fate]) => {
            const found = there.has(toHex(id16(number, 0xa0))) ? "there" : "gone";
            return fate !== "either" && fate !== found;
        });
        expect(wrong, `round ${round}, seed ${SEED}`).toEqual([]);
    }
    return true;
}

function idOf(payload: Uint8Array): string {
    const decoded = decodeWirePayload(payload);
    return decoded.ok && decoded.value.kind === "message" ? toHex(decoded.value.outer.messageId) : "";
}

interface Submitting {
    readonly random: () => number;
    readonly onFirst: () => void;
}

async function submitUntilKilled(port: number, ledger: Ledger, submitting: Submitting): Promise<void> {
    let isFirst = true;
    const onAnswer = (): void => {
        if (isFirst) submitting.onFirst();
        isFirst = false;
    };
    const worker = async (): Promise<void> => {
        const connection = await RawConnection.open(port).catch(() => undefined);
        while (connection && (await submitOnce(connection, ledger, submitting.random))) onAnswer();
        connection?.close();
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
}

/** New messages, and now and then the tombstone of one that is certainly there. False once the server is gone. */
async function submitOnce(
    connection: RawConnection,
    { routingKey, fates }: Ledger,
    random: () => number,
): Promise<boolean> {
    const count = 1 + Math.floor(random() * FRAMES_MAX);
    const numbers = Array.from({ length: count }, () => nextNumber++);
    const grave = random() < 0.2 ? [...fates].find(([, fate]) => fate === "there")?.[0] : undefined;
    const frames = numbers.map((number) => messageOf(number, routingKey).payload);
    if (grave !== undefined) {
        fates.set(grave, "either");
        frames.push(messageOf(grave, routingKey).tombstone);
    }
    connection.send(requestBytes(submitRequest(frames)));
    const answer = await connection.answer();
    if (!answer) return false;
    expect(JSON.parse(answer.body)).toEqual({ results: frames.map(() => ({ status: "ok" })) });
    for (const number of numbers) fates.set(number, "there");
    if (grave !== undefined) fates.set(grave, "gone");
    return true;
}

function messageOf(number: number, routingKey: Uint8Array): ReturnType<typeof testMessage> {
    return testMessage(number, { routingKey, size: 20 + (number % 900) });
}
