import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DepotUnusable } from "../errors.ts";
import { syncDirectory } from "./sync.ts";

/** The write-ahead log must keep its database's name, or SQLite would not read the two together. */
const COMPANIONS = ["-wal", "-shm", "-journal"];

/** Where a new file is built, before it gets its name in one step. What lies there at a start was never finished. */
export function scratchPath(path: string): string {
    return `${path}.new`;
}

export function removeScratch(path: string): void {
    for (const suffix of ["", ...COMPANIONS]) rmSync(path + suffix, { force: true });
}

/** Gives a finished new file the name of the depot. */
export function install(path: string): void {
    renameSync(scratchPath(path), path);
    syncDirectory(dirname(path));
}

/**
 * Puts the recovered file, which lies finished under the scratch name, in the place of the damaged one, which is renamed.
 * A power cut in between is harmless: the recovered file waits under a name that says what is left to do. Returns where
 * the damaged file is now; nothing is deleted or overwritten.
 */
export function swap(path: string): string {
    let number = 1;
    while (existsSync(asidePath(path, number))) number++;
    renameSync(scratchPath(path), `${path}.recovered-${number}`);
    syncDirectory(dirname(path));
    finishSwap(path);
    return asidePath(path, number);
}

/** At a start: ends a swap that was cut short. */
export function finishSwap(path: string): void {
    const pattern = new RegExp(`^${basename(path).replaceAll(".", "\\.")}\\.recovered-(\\d+)$`);
    for (const name of readdirSync(dirname(path))) {
        const number = pattern.exec(name)?.[1];
        if (number === undefined) continue;
        for (const suffix of [...COMPANIONS, ""]) putAside(path + suffix, asidePath(path, Number(number)) + suffix);
        renameSync(join(dirname(path), name), path);
        syncDirectory(dirname(path));
    }
}

function putAside(from: string, to: string): void {
    if (!existsSync(from)) return;
    if (existsSync(to)) throw new DepotUnusable(`${from} should become ${to}, but that exists. Move it elsewhere.`);
    renameSync(from, to);
}

function asidePath(path: string, number: number): string {
    return `${path}.damaged-${number}`;
}
