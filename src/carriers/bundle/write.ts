import { closeSync, constants, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { blake3 } from "@noble/hashes/blake3.js";
import { bundleFramePrefix, bundleHeader } from "../../wire/bundle-file.ts";

/** Gathered before one write, in bytes. */
const BLOCK_SIZE = 256 * 1024;

export interface BundleWrite {
    readonly path: string;
    readonly count: number;
    /** Exactly `count` frames. */
    readonly frames: Iterable<Uint8Array>;
    /** Hears how many frames are written. */
    readonly onProgress?: (frames: number) => void;
}

/**
 * Writes a `.ember` file whole or not at all: beside its name, synced, then renamed over it, and the rename synced too.
 * Throws as node:fs does; then no trace is left and an older file of that name is as it was.
 */
export function writeBundle({ path, count, frames, onProgress = () => undefined }: BundleWrite): void {
    const draft = `${path}.hearth-draft`;
    // A draft that a pulled stick or a power cut left behind; whatever it is by now, it is not followed.
    rmSync(draft, { force: true });
    const descriptor = openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
        try {
            writeFrames(descriptor, { count, frames, onProgress });
            fsyncSync(descriptor);
        } finally {
            closeSync(descriptor);
        }
        renameSync(draft, path);
    } catch (cause) {
        if (existsSync(draft)) rmSync(draft, { force: true });
        throw cause;
    }
    syncFolder(dirname(path));
}

function writeFrames(descriptor: number, { count, frames, onProgress }: Required<Omit<BundleWrite, "path">>): void {
    const hash = blake3.create();
    let block: Uint8Array[] = [];
    let blockSize = 0;
    const flush = (): void => {
        for (const part of block) for (let at = 0; at < part.length; ) at += writeSync(descriptor, part, at);
        block = [];
        blockSize = 0;
    };
    const put = (bytes: Uint8Array): void => {
        hash.update(bytes);
        block.push(bytes);
        blockSize += bytes.length;
        if (blockSize >= BLOCK_SIZE) flush();
    };
    put(bundleHeader(count));
    let written = 0;
    for (const frame of frames) {
        put(bundleFramePrefix(frame));
        put(frame);
        onProgress(++written);
    }
    if (written !== count) throw new Error(`a bundle of ${count} frames was given ${written}`);
    block.push(hash.digest());
    flush();
}

/** Not every file system of a stick can sync a folder; those that cannot sync the rename on their own. */
function syncFolder(path: string): void {
    try {
        const descriptor = openSync(path, "r");
        try {
            fsyncSync(descriptor);
        } finally {
            closeSync(descriptor);
        }
    } catch {
        // The file itself is synced.
    }
}
