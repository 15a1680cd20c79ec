import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { DepotFailed, DepotUnusable } from "../../src/depot/errors.ts";
import { type DepotOptions, openDepot } from "../../src/depot/sqlite/depot.ts";
import { QUARANTINE_ROWS_MAX } from "../../src/depot/sqlite/mailbox.ts";
import { knownVersion, migrate } from "../../src/depot/sqlite/migrations.ts";
import { depotPath } from "../../src/depot/sqlite/open.ts";
import type { Depot } from "../../src/depot/store.ts";
import { id16 } from "../support/envelopes.ts";
import { decodes, newMessage, newTombstone, T0, withDirectory } from "./rig.ts";

const CHILD = join(import.meta.dirname, "crash-child.ts");
const CHILD_MS_MAX = 20_000;

const BOX = id16(1, 0xb0);

function open(directory: string, change: Partial<DepotOptions> = {}): Promise<Depot> {
    return openDepot({ directory, decodes, onNotice: () => undefined, ...change });
}

/** Opens, uses, closes. */
async function withDepot<T>(
    directory: string,
    use: (depot: Depot) => Promise<T>,
    change: Partial<DepotOptions> = {},
): Promise<T> {
    const depot = await open(directory, change);
    try {
        return await use(depot);
    } finally {
        await depot.close();
    }
}

describe("a data directory", () => {
    it("is made with its parents, for this user only", async () => {
        await withDirectory(async (parent) => {
            const directory = join(parent, "a/b");
            await withDepot(directory, async (depot) => {
                await depot.commit(() => depot.store.insertMessage(newMessage(1)));
                for (const made of ["a", "a/b"]) expect(statSync(join(parent, made)).mode & 0o777).toBe(0o700);
                for (const suffix of ["", "-wal", "-shm", ".lock"]) {
                    expect(statSync(depotPath(directory) + suffix).mode & 0o777, suffix).toBe(0o600);
                }
            });
        });
    });

    it("that cannot be locked, or holds a link instead of a file, is an error that says so", async () => {
        await withDirectory(async (directory) => {
            mkdirSync(`${depotPath(directory)}.lock`);
            await expect(open(directory)).rejects.toThrow("cannot be opened: EISDIR");
            await expect(open(directory)).rejects.toBeInstanceOf(DepotUnusable);
        });
        await withDirectory(async (directory) => {
            await withDepot(directory, async () => undefined);
            renameSync(depotPath(directory), join(directory, "elsewhere"));
            symlinkSync(join(directory, "elsewhere"), depotPath(directory));
            await expect(open(directory)).rejects.toBeInstanceOf(DepotUnusable);
        });
    });

    it("that cannot be made is an error that says so", async () => {
        await withDirectory(async (directory) => {
            await withDepot(directory, async () => undefined);
            const opening = open(join(depotPath(directory), "below a file"));
            await expect(opening).rejects.toBeInstanceOf(DepotUnusable);
            await expect(opening).rejects.toThrow("cannot be made");
        });
    });

    it.skipIf(process.getuid?.() === 0)("that may not be written is an error that says so (root may)", async () => {
        await withDirectory(async (directory) => {
            mkdirSync(join(directory, "mine"));
            chmodSync(join(directory, "mine"), 0o500);
            await expect(open(join(directory, "mine"))).rejects.toThrow();
        });
    });

    it("serves one depot at a time, in this process too", async () => {
        await withDirectory(async (directory) => {
            await withDepot(directory, async (depot) => {
                await expect(open(directory)).rejects.toThrow("Another Hearth already uses");
                await depot.commit(() => depot.store.insertMessage(newMessage(1)));
            });
            await withDepot(directory, async (depot) => expect(depot.store.totalFill().messages).toBe(1));
        });
    });

    it(
        "is refused while another process has it, and free once that was killed",
        async () => {
            await withDirectory(async (directory) => {
                const child = spawn(process.execPath, [CHILD, directory, "1"], {
                    stdio: ["ignore", "pipe", "inherit"],
                });
                const ended = new Promise((resolve) => child.once("close", resolve));
                await new Promise((resolve) => child.stdout.once("data", resolve));
                child.stdout.resume();
                const opening = open(directory);
                await expect(opening).rejects.toBeInstanceOf(DepotUnusable);
                await expect(opening).rejects.toThrow(`Another Hearth already uses ${directory}`);
                child.kill("SIGKILL");
                await ended;
                await withDepot(directory, async (depot) =>
                    expect(depot.store.totalFill().messages).toBeGreaterThan(0),
                );
            });
        },
        CHILD_MS_MAX,
    );
});

describe("a commit", () => {
    it("answers after the sync, and a page shows nothing before it", async () => {
        await withDirectory(async (directory) => {
            let finish = (): void => undefined;
            const sync = (): Promise<void> => new Promise((resolve) => (finish = resolve));
            const depot = await open(directory, { sync });
            const query = { routingKey: BOX, after: 0, limit: 10, now: T0 };
            const done: string[] = [];
            const commit = depot.commit(() => depot.store.insertMessage(newMessage(1))).then(() => done.push("1"));
            for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
            expect(depot.store.totalFill().messages).toBe(1);
            expect(depot.mailbox.page(query)).toEqual([]);
            expect(done).toEqual([]);
            finish();
            await commit;
            expect(depot.mailbox.page(query).map(({ row }) => row)).toEqual([1]);
            await depot.close();
        });
    });

    it("that the disk fails to keep is refused with all later ones, until the depot is opened anew", async () => {
        await withDirectory(async (directory) => {
            let broken = false;
            const sync = async (): Promise<void> => {
                if (broken) throw new Error("EIO: i/o error, fdatasync");
            };
            const notices: string[] = [];
            const depot = await open(directory, { sync, onNotice: (text) => notices.push(text) });
            await depot.commit(() => depot.store.insertMessage(newMessage(1)));
            const before = readFileSync(depotPath(directory));
            broken = true;
            const failing = depot.commit(() => depot.store.insertMessage(newMessage(2)));
            await expect(failing).rejects.toBeInstanceOf(DepotFailed);
            await expect(failing).rejects.toThrow("EIO");
            broken = false;
            await expect(depot.commit(() => 1)).rejects.toBeInstanceOf(DepotFailed);
            expect(depot.mailbox.page({ routingKey: BOX, after: 0, limit: 9, now: T0 }).length).toBe(1);
            expect(notices.join()).toContain("Check the disk");
            await depot.close();
            // Nothing went from the log, which cannot be believed any more, into the database.
            expect(readFileSync(depotPath(directory)).equals(before)).toBe(true);
            expect(existsSync(`${depotPath(directory)}-wal`)).toBe(true);
            await withDepot(directory, async (next) => {
                expect(next.store.message(id16(1, 0xa0))).toBeDefined();
                await next.commit(() => next.store.insertMessage(newMessage(3)));
            });
        });
    });

    it("on a full disk is rejected whole; what was there stays, and what fits goes on", async () => {
        await withDirectory(async (directory) => {
            await withDepot(
                directory,
                async (depot) => {
                    const { store } = depot;
                    const results = await Promise.allSettled(
                        Array.from({ length: 120 }, (_, number) =>
                            depot.commit(() => {
                                store.putTombstone(newTombstone(number + 1_000));
                                store.insertMessage(newMessage(number, { size: 3_000 }));
                                return number;
                            }),
                        ),
                    );
                    const kept = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
                    const reasons = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
                    expect(kept.length).toBeGreaterThan(10);
                    expect(reasons.length).toBeGreaterThan(10);
                    for (const reason of reasons) expect(reason).toMatchObject({ code: "SQLITE_FULL" });
                    const found = Array.from({ length: 120 }, (_, number) => number).filter((number) =>
                        store.message(id16(number, 0xa0)),
                    );
                    expect(found).toEqual(kept);
                    expect(store.tombstoneCounts().proven).toBe(kept.length);
                    await depot.commit(() => {
                        for (const number of kept.slice(0, 5)) store.removeMessage(id16(number, 0xa0));
                    });
                    await depot.commit(() => store.insertMessage(newMessage(500, { size: 3_000 })));
                },
                { pagesMax: 80 },
            );
            await withDepot(directory, async (depot) => expect(depot.store.message(id16(500, 0xa0))).toBeDefined());
        });
    });

    it("is refused once the depot is closed; closing twice is one closing", async () => {
        await withDirectory(async (directory) => {
            const depot = await open(directory);
            const last = depot.commit(() => depot.store.insertMessage(newMessage(1)));
            await Promise.all([depot.close(), depot.close()]);
            expect(await last).toBe(1);
            await expect(depot.commit(() => 1)).rejects.toBeInstanceOf(DepotFailed);
        });
    });
});

describe("rows", () => {
    it("have numbers that nothing gets twice, not even after removal and reopening", async () => {
        await withDirectory(async (directory) => {
            await withDepot(directory, async (depot) => {
                for (const number of [1, 2, 3]) await depot.commit(() => depot.store.insertMessage(newMessage(number)));
                await depot.commit(() => depot.store.removeMessage(id16(3, 0xa0)));
            });
            await withDepot(directory, async (depot) => {
                expect(await depot.commit(() => depot.store.insertMessage(newMessage(3)))).toBe(4);
            });
        });
    });

    it("that were purged give their space back to the disk", async () => {
        await withDirectory(async (directory) => {
            await withDepot(directory, async (depot) => {
                await depot.commit(() => {
                    for (let number = 0; number < 400; number++)
                        depot.store.insertMessage(newMessage(number, { size: 60_000 }));
                });
                while (await depot.commit(() => depot.store.purgeExpired(T0 + 3600, 100)));
                for (let sweep = 0; sweep < 9; sweep++) await depot.commit(() => depot.store.purgeExpired(T0, 100));
            });
            expect(statSync(depotPath(directory)).size).toBeLessThan(10_000_000);
        });
    });
});

describe("quarantine", () => {
    const query = { routingKey: BOX, after: 0, limit: 2, now: T0 };

    it("takes rows that no longer decode out of the page, whose place the next ones take, and says so", async () => {
        await withDirectory(async (directory) => {
            const notices: string[] = [];
            await withDepot(directory, async (depot) => {
                await depot.commit(() => {
                    for (const number of [1, 2, 3, 4]) depot.store.insertMessage(newMessage(number));
                });
            });
            const spoilt = (payload: Uint8Array): boolean => decodes(payload) && payload[4] !== 1 && payload[4] !== 3;
            const depot = await open(directory, { decodes: spoilt, onNotice: (text) => notices.push(text) });
            expect(depot.mailbox.page(query).map(({ row }) => row)).toEqual([2, 4]);
            await depot.commit(() => 0);
            await new Promise((resolve) => setImmediate(resolve));
            expect(notices).toEqual([expect.stringContaining("Message 1"), expect.stringContaining("Message 3")]);
            expect(depot.store.totalFill().messages).toBe(2);
            expect(depot.mailbox.stats(T0)).toEqual({ mailboxes: 1, messages: 2 });
            await depot.close();
            expect(rowsIn(directory)).toEqual([
                { row: 1, payload: Buffer.from(newMessage(1).payload), reason: "does not decode", moved_at: T0 },
                { row: 3, payload: Buffer.from(newMessage(3).payload), reason: "does not decode", moved_at: T0 },
            ]);
        });
    });

    it("holds a limited number; the oldest make room", async () => {
        await withDirectory(async (directory) => {
            const many = QUARANTINE_ROWS_MAX + 20;
            await withDepot(directory, async (depot) => {
                await depot.commit(() => {
                    for (let number = 1; number <= many; number++) depot.store.insertMessage(newMessage(number));
                });
            });
            await withDepot(
                directory,
                async (depot) => {
                    expect(depot.mailbox.page({ ...query, limit: many })).toEqual([]);
                    await depot.commit(() => 0);
                },
                { decodes: () => false },
            );
            const rows = rowsIn(directory);
            expect(rows.length).toBe(QUARANTINE_ROWS_MAX);
            expect(rows[0]).toMatchObject({ row: 21 });
        });
    });
});

function rowsIn(directory: string): unknown[] {
    const reader = new Database(depotPath(directory), { readonly: true });
    try {
        return reader.prepare("SELECT * FROM quarantine ORDER BY row").all();
    } finally {
        reader.close();
    }
}

describe("the airtime journal", () => {
    it("remembers each radio over a restart, and forgets when told", async () => {
        await withDirectory(async (directory) => {
            await withDepot(directory, async ({ airtime, commit }) => {
                await commit(() => {
                    airtime.record("a", { at: T0 + 5, airtimeMs: 118.5 });
                    airtime.record("a", { at: T0, airtimeMs: 7 });
                    airtime.record("b", { at: T0, airtimeMs: 9 });
                });
            });
            await withDepot(directory, async ({ airtime, commit }) => {
                expect(airtime.spent("a", T0)).toEqual([
                    { at: T0, airtimeMs: 7 },
                    { at: T0 + 5, airtimeMs: 118.5 },
                ]);
                expect(airtime.spent("a", T0 + 1)).toEqual([{ at: T0 + 5, airtimeMs: 118.5 }]);
                await commit(() => airtime.forgetBefore("a", T0 + 5));
                expect(airtime.spent("a", 0).length).toBe(1);
                expect(airtime.spent("b", 0).length).toBe(1);
            });
        });
    });
});

describe("the schema", () => {
    it("of a newer Hearth is refused, and not a byte of the file changes", async () => {
        await withDirectory(async (directory) => {
            await withDepot(directory, async (depot) => depot.commit(() => depot.store.insertMessage(newMessage(1))));
            const editor = new Database(depotPath(directory));
            editor.pragma("user_version = 99");
            editor.close();
            const before = readFileSync(depotPath(directory));
            const opening = open(directory);
            await expect(opening).rejects.toBeInstanceOf(DepotUnusable);
            await expect(opening).rejects.toThrow("written by a newer Hearth (schema 99");
            expect(readFileSync(depotPath(directory)).equals(before)).toBe(true);
        });
    });

    const STEPS = ["CREATE TABLE a (x INTEGER)", "ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 7"];

    it("moves on step by step, and keeps what was there", () => {
        const database = new Database(":memory:");
        migrate(database, STEPS.slice(0, 1));
        database.exec("INSERT INTO a VALUES (1)");
        migrate(database, STEPS);
        migrate(database, STEPS);
        expect(database.prepare("SELECT * FROM a").all()).toEqual([{ x: 1, y: 7 }]);
        expect(knownVersion(database, STEPS)).toBe(2);
    });

    it("takes all steps or none", () => {
        const database = new Database(":memory:");
        migrate(database, STEPS.slice(0, 1));
        expect(() => migrate(database, [...STEPS, "CREATE TABLE a (z)"])).toThrow("already exists");
        expect(knownVersion(database, STEPS)).toBe(1);
        expect(database.pragma("table_info(a)")).toHaveLength(1);
    });
});
