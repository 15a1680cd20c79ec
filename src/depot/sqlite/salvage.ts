import { closeSync, copyFileSync, existsSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import Database, { type Database as Connection } from "better-sqlite3";
import { PAGE_BYTES } from "./damage.ts";
import { migrate } from "./migrations.ts";
import { MIGRATIONS } from "./schema.ts";

/** Offsets in the header of a database file: https://www.sqlite.org/fileformat2.html section 1.3. */
const HEADER = { formats: 18, changeCounter: 24, pageCount: 28, freelist: 32, freePages: 36, validFor: 92 } as const;

/** Write and read format of a file with a write-ahead log. */
const WITH_LOG = Uint8Array.of(2, 2);

export interface Salvage {
    /** Ways to read a damaged file, the most faithful first. */
    readonly readers: readonly Connection[];
    close(): void;
}

/**
 * Opens a damaged file for reading. Where its first page, with the header and the schema, is beyond reading, a copy gets
 * the first page of `fresh`: both were made by the same steps, so every table begins on the same page in both. In a depot that
 * began with fewer steps only the tables of those do; further copies get the first page of such ones, and what later steps
 * added is lost with the first page.
 */
export function openSalvage(path: string, fresh: Connection): Salvage {
    const asItIs = readerOf(path);
    if (asItIs && readsEveryTable(asItIs, fresh)) return { readers: [asItIs], close: () => asItIs.close() };
    const copies = [`${path}.salvage`, ...MIGRATIONS.slice(1).map((_, step) => `${path}.salvage${step + 1}`)];
    for (const [step, copy] of copies.entries()) transplant(path, copy, step === 0 ? fresh.serialize() : madeBy(step));
    const readers = [asItIs, ...copies.map(readerOf)].filter((reader) => reader !== undefined);
    return {
        readers,
        close() {
            for (const reader of readers) reader.close();
            for (const copy of copies) remove(copy);
        },
    };
}

/** An empty file as the first `steps` steps leave it. */
function madeBy(steps: number): Uint8Array {
    const model = new Database(":memory:");
    try {
        migrate(model, MIGRATIONS.slice(0, steps));
        return model.serialize();
    } finally {
        model.close();
    }
}

/** A connection that goes on where SQLite usually gives up: a file shorter than its header says, a torn schema. */
function readerOf(path: string): Connection | undefined {
    // Of a file without a page SQLite would delete the write-ahead log.
    if (statSync(path).size < PAGE_BYTES) return undefined;
    let reader: Connection | undefined;
    try {
        reader = new Database(path, { readonly: true });
        reader.unsafeMode(true);
        reader.pragma("writable_schema = ON");
        reader.prepare("SELECT count(*) FROM sqlite_schema").get();
        return reader;
    } catch {
        reader?.close();
        return undefined;
    }
}

function readsEveryTable(reader: Connection, fresh: Connection): boolean {
    const tables = fresh.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
    return tables.every((table) => {
        try {
            reader.prepare(`SELECT * FROM ${String(table)} LIMIT 1`);
            return true;
        } catch {
            return false;
        }
    });
}

function transplant(path: string, copy: string, model: Uint8Array): void {
    remove(copy);
    copyFileSync(path, copy);
    if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`);
    const page = Uint8Array.from(model.subarray(0, PAGE_BYTES));
    page.set(WITH_LOG, HEADER.formats);
    const header = new DataView(page.buffer);
    header.setUint32(HEADER.pageCount, Math.max(1, Math.ceil(statSync(path).size / PAGE_BYTES)));
    header.setUint32(HEADER.changeCounter, 1);
    header.setUint32(HEADER.validFor, 1);
    header.setUint32(HEADER.freelist, 0);
    header.setUint32(HEADER.freePages, 0);
    const descriptor = openSync(copy, "r+");
    try {
        writeSync(descriptor, page, 0, page.length, 0);
    } finally {
        closeSync(descriptor);
    }
}

function remove(copy: string): void {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(copy + suffix, { force: true });
}
