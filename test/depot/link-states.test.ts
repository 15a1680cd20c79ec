import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { openDepot } from "../../src/depot/sqlite/depot.ts";
import { migrate } from "../../src/depot/sqlite/migrations.ts";
import { depotPath } from "../../src/depot/sqlite/open.ts";
import { MIGRATIONS } from "../../src/depot/sqlite/schema.ts";
import { type Depot, LINK_STATE_SIZE_MAX, LINK_STATES_MAX } from "../../src/depot/store.ts";
import { id16 } from "../support/envelopes.ts";
import { decodes, newMessage, newTombstone, T0, withDirectory } from "./rig.ts";

const PAGE = 4096;
const STATE = Uint8Array.from({ length: 20_000 }, (_, index) => (index * 31) % 251);

async function withDepot<T>(directory: string, use: (depot: Depot) => Promise<T> | T): Promise<T> {
    const depot = await openDepot({ directory, decodes, onNotice: () => undefined });
    try {
        return await use(depot);
    } finally {
        await depot.close();
    }
}

function spoil(directory: string, from: number, to: number): void {
    const bytes = readFileSync(depotPath(directory));
    writeFileSync(depotPath(directory), bytes.fill(0x55, from, to));
}

/** A depot as the first step left it. */
function makeFirstVersion(directory: string, messages: number): void {
    const database = new Database(depotPath(directory));
    database.pragma("journal_mode = WAL");
    migrate(database, MIGRATIONS.slice(0, 1));
    const insert = database.prepare("INSERT INTO messages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)");
    for (let number = 1; number <= messages; number++) {
        const { messageId, routingKey, ackHash, payload, ingress, receivedAt, expiresAt } = newMessage(number);
        insert.run(messageId, routingKey, ackHash, payload, ingress, receivedAt, expiresAt);
    }
    const tombstone = newTombstone(901);
    database
        .prepare("INSERT INTO tombstones VALUES (?, ?, ?, ?, 1, ?)")
        .run(tombstone.messageId, tombstone.ackSecret, tombstone.payload, tombstone.ingress, tombstone.expiresAt);
    database.prepare("INSERT INTO offers (kind, message_id, carrier) VALUES (0, ?, 'lora')").run(id16(1, 0xa0));
    database.prepare("INSERT INTO airtime VALUES ('lora', ?, 118.5)").run(T0);
    database.close();
}

describe("the states of links", () => {
    it("are kept by name, replaced, and there after a restart", () =>
        withDirectory(async (directory) => {
            await withDepot(directory, async ({ links, commit }) => {
                expect(links.load("lora")).toBeUndefined();
                await commit(() => links.save("lora", Uint8Array.of(1)));
                await commit(() => links.save("hill", Uint8Array.of(2)));
                await commit(() => links.save("lora", STATE));
            });
            await withDepot(directory, ({ links }) => {
                expect(links.load("lora")).toEqual(Buffer.from(STATE));
                expect(links.load("hill")).toEqual(Buffer.of(2));
            });
        }));

    it("have bounds, and what is beyond them changes nothing", () =>
        withDirectory((directory) =>
            withDepot(directory, async ({ links, commit }) => {
                const save = (name: string, state: Uint8Array) => commit(() => links.save(name, state));
                for (let index = 0; index < LINK_STATES_MAX; index++)
                    expect(await save(`radio ${index}`, Uint8Array.of(index))).toBe(true);
                expect(await save("one more", Uint8Array.of(1))).toBe(false);
                expect(links.load("one more")).toBeUndefined();
                expect(await save("radio 3", Uint8Array.of(99))).toBe(true);
                expect(await save("radio 3", new Uint8Array(LINK_STATE_SIZE_MAX + 1))).toBe(false);
                expect(links.load("radio 3")).toEqual(Buffer.of(99));
            }),
        ));

    it.each([
        ["header", 0, 100],
        ["first page", 0, PAGE],
    ])("survive a file whose %s is garbage", (_, from, to) =>
        withDirectory(async (directory) => {
            await withDepot(directory, ({ links, store, commit }) =>
                commit(() => {
                    store.insertMessage(newMessage(1));
                    for (const name of ["a", "b", "c"]) links.save(name, STATE);
                }),
            );
            spoil(directory, from, to);
            await withDepot(directory, ({ links, store }) => {
                expect(store.message(id16(1, 0xa0))).toBeDefined();
                for (const name of ["a", "b", "c"]) expect(links.load(name), name).toEqual(Buffer.from(STATE));
            });
        }),
    );

    it("come to a depot of the first version, which keeps everything", () =>
        withDirectory(async (directory) => {
            makeFirstVersion(directory, 200);
            await withDepot(directory, async ({ links, store, airtime, commit }) => {
                expect(store.totalFill().messages).toBe(200);
                expect(store.message(id16(200, 0xa0))).toMatchObject({ payload: Buffer.from(newMessage(200).payload) });
                expect(store.tombstone(id16(901, 0xa0))).toMatchObject({ proven: true });
                expect(store.dueOffers("lora", 0, 10)).toHaveLength(1);
                expect(airtime.spent("lora", 0)).toEqual([{ at: T0, airtimeMs: 118.5 }]);
                await commit(() => links.save("lora", STATE));
            });
            await withDepot(directory, ({ links }) => expect(links.load("lora")).toEqual(Buffer.from(STATE)));
            expect(new Database(depotPath(directory), { readonly: true }).pragma("user_version")).toEqual([
                { user_version: MIGRATIONS.length },
            ]);
        }));

    it("cost an old depot nothing when its first page is lost", () =>
        withDirectory(async (directory) => {
            makeFirstVersion(directory, 200);
            await withDepot(directory, ({ links, commit }) => commit(() => links.save("lora", STATE)));
            spoil(directory, 0, PAGE);
            await withDepot(directory, async ({ links, store, commit }) => {
                expect(store.totalFill().messages).toBe(200);
                expect(store.tombstone(id16(901, 0xa0))).toBeDefined();
                expect(await commit(() => links.save("lora", Uint8Array.of(5)))).toBe(true);
            });
            expect(readFileSync(join(directory, "depot.sqlite.damaged-1")).length).toBeGreaterThan(PAGE);
        }));
});
