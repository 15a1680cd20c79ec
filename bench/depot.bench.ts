import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { openDepot } from "../src/depot/sqlite/depot.ts";
import type { Depot, NewMessage } from "../src/depot/store.ts";
import type { Bench, Figure } from "./figure.ts";

/** The bare loop and the depot take turns, so that a slow moment of the disk meets both. */
const TURNS = 3;
const TURN_MS = 2_000;
const PAYLOAD_BYTES = 1_024;
const CALLERS = 16;
const COMMITS_AIM = 8_000;

export const bench: Bench = {
    title: "durable commits: one new message of 1 KB each, with one offer",
    async run(report) {
        const bare: number[] = [];
        const one: number[] = [];
        const many: number[] = [];
        for (let turn = 0; turn < TURNS; turn++) {
            bare.push(await withFolder((folder) => bareCommits(folder)));
            one.push(await withFolder((folder) => depotCommits(folder, 1)));
            many.push(await withFolder((folder) => depotCommits(folder, CALLERS)));
        }
        const rate = (name: string, values: readonly number[], target: number | null): number => {
            const value = Math.round(medianOf(values));
            report(higher({ name, value, unit: "1/s", target }));
            return value;
        };
        const bareRate = rate("depot.bare_full_sync", bare, null);
        const oneRate = rate("depot.commits_1_caller", one, null);
        const manyRate = rate(`depot.commits_${CALLERS}_callers`, many, COMMITS_AIM);
        report(higher({ name: "depot.ratio_1_caller", value: oneRate / bareRate, unit: "of bare", target: null }));
        report(
            higher({
                name: `depot.ratio_${CALLERS}_callers`,
                value: manyRate / bareRate,
                unit: "of bare",
                target: null,
            }),
        );
    },
};

/** The same rows by SQLite's own synchronous = FULL: one sync a commit, on the event loop, nothing counted or offered. */
function bareCommits(folder: string): number {
    const database = new Database(join(folder, "bare.sqlite"));
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    database.exec(`CREATE TABLE messages (row INTEGER PRIMARY KEY AUTOINCREMENT, message_id BLOB NOT NULL UNIQUE,
        routing_key BLOB NOT NULL, payload BLOB NOT NULL, received_at INTEGER NOT NULL, expires_at INTEGER NOT NULL)`);
    const insert = database.prepare(
        "INSERT INTO messages (message_id, routing_key, payload, received_at, expires_at) VALUES (?, ?, ?, ?, ?)",
    );
    let count = 0;
    const started = performance.now();
    while (performance.now() - started < TURN_MS) {
        const { messageId, routingKey, payload, receivedAt, expiresAt } = message(count++);
        insert.run(messageId, routingKey, payload, receivedAt, expiresAt);
    }
    const seconds = (performance.now() - started) / 1_000;
    database.close();
    return count / seconds;
}

async function depotCommits(directory: string, callers: number): Promise<number> {
    const depot = await openDepot({ directory, decodes: () => true, onNotice: () => undefined });
    let next = 0;
    const started = performance.now();
    const caller = async (): Promise<void> => {
        while (performance.now() - started < TURN_MS) await store(depot, message(next++));
    };
    await Promise.all(Array.from({ length: callers }, caller));
    const seconds = (performance.now() - started) / 1_000;
    await depot.close();
    return next / seconds;
}

/** What an arrival does: look for a duplicate and at the limits, insert, offer. */
function store({ store: rows, commit }: Depot, arrival: NewMessage): Promise<void> {
    return commit(() => {
        const { messageId, routingKey } = arrival;
        if (rows.message(messageId) || rows.tombstone(messageId)) return;
        rows.mailboxFill(routingKey);
        rows.totalFill();
        rows.insertMessage(arrival);
        rows.addOffer({ kind: "message", messageId, carrier: "lora" });
    });
}

/** Ids spread over the index, as random ones do. */
function message(number: number): NewMessage {
    const messageId = new Uint8Array(16);
    new DataView(messageId.buffer).setUint32(0, Math.imul(number, 0x9e3779b1));
    new DataView(messageId.buffer).setUint32(12, number);
    return {
        messageId,
        routingKey: new Uint8Array(16).fill(number % 100),
        ackHash: new Uint8Array(16),
        payload: new Uint8Array(PAYLOAD_BYTES).fill(number),
        ingress: "http",
        receivedAt: 1_767_225_600,
        expiresAt: 1_767_830_400,
    };
}

async function withFolder(measure: (folder: string) => number | Promise<number>): Promise<number> {
    const folder = mkdtempSync(join(tmpdir(), "hearth-bench-"));
    try {
        return await measure(folder);
    } finally {
        rmSync(folder, { recursive: true });
    }
}

function medianOf(values: readonly number[]): number {
    const sorted = values.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function higher(figure: Omit<Figure, "better">): Figure {
    return { ...figure, better: "higher" };
}
