import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import Database, { type Database as Connection } from "better-sqlite3";
import { DepotUnusable } from "../errors.ts";
import { finishSwap, install, removeScratch, scratchPath, swap } from "./aside.ts";
import { connect } from "./connect.ts";
import { clearSuspect, damageOf, isDamage, textOf } from "./damage.ts";
import { type Recovery, recover } from "./recover.ts";
import { syncDirectory } from "./sync.ts";

export interface OpenOptions {
    readonly directory: string;
    /** Whether a payload is still one; rows out of a damaged file, and rows of a page, must pass it. */
    readonly decodes: (payload: Uint8Array) => boolean;
    /** What the owner should read: damage, recovery, quarantine. */
    readonly onNotice: (text: string) => void;
    /** The whole file in pages, as a stand-in for a full disk. */
    readonly pagesMax?: number;
    /** Pages in the write-ahead log before they are moved into the database; a test makes it few. */
    readonly checkpointPages?: number;
}

export function depotPath(directory: string): string {
    return join(directory, "depot.sqlite");
}

/** The data directory, for this user only, and durable itself. */
export function makeDirectory(directory: string): void {
    try {
        const first = mkdirSync(directory, { recursive: true, mode: 0o700 });
        if (first === undefined) return;
        const last = resolve(first);
        for (let made = resolve(directory); made.length >= last.length; made = dirname(made)) {
            syncDirectory(dirname(made));
        }
    } catch (cause) {
        throw new DepotUnusable(
            `The data directory ${directory} cannot be made: ${textOf(cause)}. Choose another with --data-dir.`,
        );
    }
}

/** An empty file that nobody else may read; SQLite gives its companions the same rights. */
export function makePrivate(path: string): void {
    closeSync(openSync(path, "a", 0o600));
}

/**
 * Opens the database with its schema up to date. A damaged one is set aside, and what it still tells is in the new one.
 * Until that is complete, the damaged file is only read.
 */
export function openDatabase(options: OpenOptions): Connection {
    const path = depotPath(options.directory);
    finishSwap(path);
    if (!existsSync(path)) {
        build(path, () => undefined);
        install(path);
    }
    const damage = damageOf(path);
    if (damage !== undefined) replaceDamaged(path, damage, options);
    clearSuspect(path);
    return connectOrReplace(path, options);
}

function connectOrReplace(path: string, options: OpenOptions): Connection {
    try {
        return connect(path, options);
    } catch (cause) {
        // A large file is not looked through first, so its damage may show only here.
        if (!isDamage(cause)) throw cause;
        replaceDamaged(path, textOf(cause), options);
        return connect(path, options);
    }
}

function replaceDamaged(path: string, damage: string, { decodes, onNotice }: OpenOptions): void {
    onNotice(`The depot ${path} is damaged (${damage}). Recovering what can be read …`);
    let recovery: Recovery = { messages: 0, tombstones: 0 };
    build(path, (fresh) => {
        recovery = recover(fresh, path, decodes);
    });
    const aside = swap(path);
    const { messages, tombstones } = recovery;
    onNotice(
        `Recovered ${messages} messages and ${tombstones} tombstones. The damaged file is kept as ${aside}; delete it once nothing is missing.`,
    );
}

/** Makes a complete new file under the scratch name; closing it leaves one synced file without companions. */
function build(path: string, fill: (fresh: Connection) => void): void {
    const scratch = scratchPath(path);
    removeScratch(scratch);
    makePrivate(scratch);
    try {
        const fresh = connect(scratch);
        try {
            fill(fresh);
            // Closing would do the same, but not say when it fails.
            fresh.pragma("wal_checkpoint(TRUNCATE)");
        } finally {
            fresh.close();
        }
    } catch (cause) {
        removeScratch(scratch);
        throw cause;
    }
}

/** What went wrong at the start, in words for whoever must mend it. */
export function readable(cause: unknown, directory: string): Error {
    if (cause instanceof DepotUnusable) return cause;
    const hint =
        cause instanceof Database.SqliteError && cause.code === "SQLITE_FULL"
            ? "Free some space on that disk"
            : "Check the permissions and the free space there";
    return new DepotUnusable(`The depot in ${directory} cannot be opened: ${textOf(cause)}. ${hint}.`);
}
