import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDepot } from "../../src/depot/sqlite/depot.ts";
import { depotPath } from "../../src/depot/sqlite/open.ts";
import { MIGRATIONS } from "../../src/depot/sqlite/schema.ts";
import type { Depot } from "../../src/depot/store.ts";
import { id16 } from "../support/envelopes.ts";
import { seededRandom } from "./random.ts";
import { decodes, newMessage, newTombstone, T0, withDirectory } from "./rig.ts";

const PAGE = 4096;
const MESSAGES = 300;
const TOMBSTONES = 20;
const RUNS = Number(process.env["HEARTH_DAMAGE_RUNS"] ?? 60);
const TEST_MS = 30_000 + RUNS * 1_000;

/** The files of a depot, by the end of their names: "" is the database. */
type Files = ReadonlyMap<string, Uint8Array>;

/** Closed in peace: everything is in the database. */
let closed: Files;
/** As a killed process leaves it: the latest things are in the log only. */
let killed: Files;

beforeAll(() =>
    withDirectory(async (directory) => {
        const depot = await open(directory);
        await fill(depot, 1, MESSAGES);
        await depot.close();
        closed = read(directory);
        const again = await open(directory);
        await fill(again, MESSAGES + 1, MESSAGES + 50);
        killed = read(directory);
        await again.close();
    }),
);

let depot: Depot | undefined;
afterAll(() => depot?.close());

async function fill(target: Depot, from: number, to: number): Promise<void> {
    await target.commit(() => {
        for (let number = from; number <= to; number++) {
            const size = 5 + ((number * 37) % 3_000);
            target.store.insertMessage(newMessage(number, { routingKey: id16(number % 7, 0xb0), size }));
            target.store.addOffer({ kind: "message", messageId: id16(number, 0xa0), carrier: "lora" });
        }
        if (from > 1) return;
        for (let number = 1_001; number <= 1_000 + TOMBSTONES; number++)
            target.store.putTombstone(newTombstone(number));
    });
}

function open(directory: string, notices: string[] = []): Promise<Depot> {
    return openDepot({ directory, decodes, onNotice: (text) => notices.push(text) });
}

function read(directory: string): Files {
    return new Map(
        ["", "-wal"]
            .filter((suffix) => existsSync(depotPath(directory) + suffix))
            .map((suffix) => [suffix, readFileSync(depotPath(directory) + suffix)]),
    );
}

function plant(directory: string, files: Files): void {
    for (const [suffix, bytes] of files) writeFileSync(depotPath(directory) + suffix, bytes);
}

/** The same files with the database changed. */
function change(files: Files, how: (database: Uint8Array) => Uint8Array | undefined): Files {
    const database = Uint8Array.from(files.get("") ?? []);
    return new Map([...files, ["", how(database) ?? database]]);
}

function found(target: Depot): number[] {
    const numbers = Array.from({ length: MESSAGES + 50 }, (_, index) => index + 1);
    return numbers.filter((number) => target.store.message(id16(number, 0xa0)) !== undefined);
}

interface Outcome {
    readonly messages: number[];
    readonly notices: string[];
    readonly isAside: boolean;
}

/** Opens what is planted, and holds it to everything that must be true whatever the damage is. */
async function openDamaged(directory: string, files: Files): Promise<Outcome> {
    plant(directory, files);
    const notices: string[] = [];
    const opened = await open(directory, notices);
    try {
        const aside = join(directory, "depot.sqlite.damaged-1");
        const isAside = existsSync(aside);
        if (isAside) {
            expect(read(directory).get("")).not.toEqual(files.get(""));
            for (const [suffix, bytes] of files) expect(readFileSync(aside + suffix).equals(bytes), suffix).toBe(true);
            expect(notices[0]).toContain("is damaged");
            expect(notices.join()).toContain(aside);
        }
        const messages = found(opened);
        const row = await opened.commit(() => opened.store.insertMessage(newMessage(9_999)));
        if (isAside) expect(row).toBeGreaterThan(1_000_000);
        // A message whose id changed is still one, under another id.
        const { messages: count } = opened.store.totalFill();
        expect(count).toBeGreaterThan(messages.length);
        expect(readdirSync(directory).filter((name) => /new|salvage|recovered/.test(name))).toEqual([]);
        return { messages, notices, isAside };
    } finally {
        await opened.close();
    }
}

/** Wherever the name stands: pages keep old copies beside the ones in use. */
function renameIndex(database: Uint8Array): undefined {
    const bytes = Buffer.from(database.buffer, database.byteOffset, database.byteLength);
    for (let at = bytes.indexOf("offers_by_time"); at >= 0; at = bytes.indexOf("offers_by_time", at)) bytes[at] = 0x4f;
}

const everything = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe("a damaged depot is set aside whole, and gives back", () => {
    const kinds: readonly [string, (database: Uint8Array) => Uint8Array | undefined, number][] = [
        ["everything, when its header is garbage", (database) => void database.fill(0x55, 0, 100), MESSAGES],
        ["everything, when its first page is garbage", (database) => void database.fill(0xff, 0, PAGE), MESSAGES],
        ["everything, when its first page is zeros", (database) => void database.fill(0, 0, PAGE), MESSAGES],
        [
            "what was there, when its last quarter is missing",
            (database) => database.slice(0, database.length * 0.75),
            50,
        ],
        ["everything, when a name in the schema changed", renameIndex, MESSAGES],
        ["most, when a page of rows is garbage", (database) => void database.fill(0x77, 40 * PAGE, 41 * PAGE), 280],
        ["nothing, when it is empty", () => new Uint8Array(0), 0],
        ["nothing, when it is something else", () => new Uint8Array(50_000).fill(0x42), 0],
        ["nothing, when it is shorter than a header", () => new Uint8Array(37).fill(0x42), 0],
    ];
    it.each(kinds)("%s", async (_, how, leastMessages) => {
        await withDirectory(async (directory) => {
            const outcome = await openDamaged(directory, change(closed, how));
            expect(outcome.isAside).toBe(true);
            expect(outcome.messages.length).toBeGreaterThanOrEqual(leastMessages);
        });
    });

    it("what only the log holds, when the first page is garbage", async () => {
        await withDirectory(async (directory) => {
            const files = change(killed, (database) => void database.fill(0xff, 0, 2 * PAGE));
            const { messages } = await openDamaged(directory, files);
            expect(messages).toEqual(expect.arrayContaining(everything(MESSAGES + 50).slice(MESSAGES)));
        });
    });

    it("what only the log holds, when the database is empty", async () => {
        await withDirectory(async (directory) => {
            const { isAside } = await openDamaged(
                directory,
                change(killed, () => new Uint8Array(0)),
            );
            expect(isAside).toBe(true);
        });
    });

    it("right counters, when those were changed", async () => {
        await withDirectory(async (directory) => {
            plant(directory, closed);
            const editor = new Database(depotPath(directory));
            editor.exec("UPDATE mailboxes SET bytes = bytes + 1 WHERE messages > 3");
            editor.close();
            const { messages, isAside } = await openDamaged(directory, read(directory));
            expect(isAside).toBe(true);
            expect(messages.length).toBe(MESSAGES);
        });
    });

    it("the tombstones and the offers too", async () => {
        await withDirectory(async (directory) => {
            plant(
                directory,
                change(closed, (database) => void database.fill(0xff, 0, PAGE)),
            );
            depot = await open(directory);
            expect(depot.store.tombstoneCounts()).toEqual({ proven: TOMBSTONES, unproven: 0 });
            expect(depot.store.dueOffers("lora", 0, 1_000).length).toBe(MESSAGES);
            expect(depot.store.message(id16(7, 0xa0))).toMatchObject({ row: 7, ingress: "http", expiresAt: T0 + 3600 });
            expect(depot.store.latestReceipt()).toBe(T0);
            await depot.close();
        });
    });

    it("no row that does not decode", async () => {
        await withDirectory(async (directory) => {
            plant(
                directory,
                change(closed, (database) => void database.fill(0xff, 0, PAGE)),
            );
            const picky = (payload: Uint8Array): boolean => decodes(payload) && payload.length % 2 === 0;
            depot = await openDepot({ directory, decodes: picky, onNotice: () => undefined });
            const even = everything(MESSAGES).filter((number) => (5 + ((number * 37) % 3_000)) % 2 === 0);
            expect(found(depot)).toEqual(even);
            await depot.close();
        });
    });
});

describe("whatever bytes change", () => {
    const damage = fc.record({
        seed: fc.integer(),
        base: fc.constantFrom<"closed" | "killed">("closed", "killed"),
        kind: fc.constantFrom("bits", "bytes", "page", "swap", "cut", "first"),
        times: fc.integer({ min: 1, max: 30 }),
    });

    it(
        "nothing is thrown away, nothing crashes, and the depot goes on",
        async () => {
            await fc.assert(
                fc.asyncProperty(damage, ({ seed, base, kind, times }) => {
                    const random = seededRandom(seed);
                    const files = change(base === "closed" ? closed : killed, (database) => {
                        let result = database;
                        for (let time = 0; time < times; time++) result = spoil(result, kind, random) ?? result;
                        return result;
                    });
                    return withDirectory((directory) => survives(directory, files));
                }),
                {
                    numRuns: RUNS,
                    examples: [
                        [{ seed: 4, base: "killed", kind: "cut", times: 14 }],
                        [{ seed: 1413860343, base: "closed", kind: "first", times: 1 }],
                        [{ seed: -616013817, base: "closed", kind: "bits", times: 3 }],
                        [{ seed: -2147105440, base: "closed", kind: "first", times: 1 }],
                    ],
                },
            );
        },
        TEST_MS,
    );
});

async function survives(directory: string, files: Files): Promise<void> {
    try {
        const { messages, isAside } = await openDamaged(directory, files);
        if (!isAside) expect(messages.length).toBeGreaterThan(0);
    } catch (cause) {
        // A version that it does not know is refused, and left alone.
        if (!(cause instanceof Error && cause.message.includes("newer") && versionOf(files) !== MIGRATIONS.length))
            throw cause;
        for (const [suffix, bytes] of files) expect(read(directory).get(suffix)).toEqual(Buffer.from(bytes));
    }
}

/** The user version in the header. */
function versionOf(files: Files): number {
    return Buffer.from(files.get("") ?? []).readUInt32BE(60);
}

function spoil(database: Uint8Array, kind: string, random: () => number): Uint8Array | undefined {
    const at = Math.floor(random() * database.length);
    const page = Math.floor(at / PAGE) * PAGE;
    if (kind === "bits") database[at] = (database[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    if (kind === "bytes") database.fill(Math.floor(random() * 256), at, at + 1 + Math.floor(random() * 40));
    if (kind === "page") database.fill(Math.floor(random() * 256), page, page + PAGE);
    if (kind === "swap") database.copyWithin(page, Math.floor((random() * database.length) / PAGE) * PAGE, page + PAGE);
    if (kind === "first") database[Math.floor(random() * 400)] = Math.floor(random() * 256);
    return kind === "cut" ? database.slice(0, at) : undefined;
}

describe("a swap that a power cut ended early", () => {
    it("is ended at the next start, and nothing is lost", async () => {
        await withDirectory(async (directory) => {
            plant(directory, closed);
            const path = depotPath(directory);
            const damaged = new Uint8Array(3 * PAGE).fill(9);
            for (const name of ["depot.sqlite.recovered-4", "depot.sqlite"]) {
                writeFileSync(join(directory, name), name.includes("recovered") ? readFileSync(path) : damaged);
            }
            writeFileSync(`${path}-wal`, new Uint8Array(50).fill(8));
            depot = await open(directory);
            expect(found(depot).length).toBe(MESSAGES);
            await depot.close();
            expect(readFileSync(`${path}.damaged-4`).equals(damaged)).toBe(true);
            expect(readFileSync(`${path}.damaged-4-wal`).length).toBe(50);
            expect(existsSync(`${path}.recovered-4`)).toBe(false);
        });
    });

    it("takes no name that is in use", async () => {
        await withDirectory(async (directory) => {
            for (let time = 1; time <= 3; time++) {
                plant(directory, new Map([["", new Uint8Array(PAGE).fill(time)]]));
                await (await open(directory)).close();
                rmSync(depotPath(directory));
            }
            for (let time = 1; time <= 3; time++) {
                expect(readFileSync(join(directory, `depot.sqlite.damaged-${time}`))[0]).toBe(time);
            }
        });
    });
});

describe("damage that shows while running", () => {
    it("ends no process: reads find nothing, commits are refused, and the next start recovers", async () => {
        await withDirectory(async (directory) => {
            mkdirSync(directory, { recursive: true });
            plant(directory, closed);
            const notices: string[] = [];
            depot = await open(directory, notices);
            const spoilt = change(closed, (database) => void database.fill(0x77, 2 * PAGE));
            plant(directory, spoilt);
            const { store, mailbox } = depot;
            expect(store.message(id16(150, 0xa0))).toBeUndefined();
            expect(store.dueOffers("lora", 0, 10)).toEqual([]);
            expect(store.nextOfferAt("lora")).toBeUndefined();
            expect(() => mailbox.page({ routingKey: id16(1, 0xb0), after: 0, limit: 5, now: T0 })).toThrow();
            await expect(depot.commit(() => 1)).rejects.toThrow("is damaged");
            expect(notices.filter((text) => text.includes("Restart")).length).toBe(1);
            await depot.close();
            const after = await openDamaged(directory, spoilt);
            expect(after.isAside).toBe(true);
        });
    });

    it("rejects the work that met it", async () => {
        await withDirectory(async (directory) => {
            plant(directory, closed);
            depot = await open(directory);
            plant(
                directory,
                change(closed, (database) => void database.fill(0x77, 2 * PAGE)),
            );
            const { store } = depot;
            await expect(depot.commit(() => store.message(id16(150, 0xa0)))).rejects.toThrow();
            await depot.close();
        });
    });
});
