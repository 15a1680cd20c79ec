import { constants } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { blake3 } from "@noble/hashes/blake3.js";
import { concatBytes } from "../../base/bytes.ts";
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
 * Rejects as node:fs does; then no trace is left and an older file of that name is as it was.
 */
export async function writeBundle(write: BundleWrite): Promise<void> {
    const { path } = write;
    const draft = `${path}.hearth-draft`;
    // A draft that a pulled stick or a power cut left behind; whatever it is by now, it is not followed.
    await rm(draft, { force: true });
    const file = await open(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
        try {
            await writeFrames(file, write);
            await file.sync();
        } finally {
            await file.close();
        }
        await rename(draft, path);
    } catch (cause) {
        await rm(draft, { force: true }).catch(() => undefined);
        throw cause;
    }
    await syncFolder(dirname(path));
}

async function writeFrames(file: FileHandle, { count, frames, onProgress }: BundleWrite): Promise<void> {
    const hash = blake3.create();
    let block: Uint8Array[] = [];
    let blockSize = 0;
    const flush = async (): Promise<void> => {
        const bytes = concatBytes(...block);
        for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
        block = [];
        blockSize = 0;
    };
    const put = (bytes: Uint8Array): void => {
        hash.update(bytes);
        block.push(bytes);
        blockSize += bytes.length;
    };
    put(bundleHeader(count));
    let written = 0;
    for (const frame of frames) {
        put(bundleFramePrefix(frame));
        put(frame);
        if (blockSize >= BLOCK_SIZE) await flush();
        written++;
        onProgress?.(written);
    }
    if (written !== count) throw new Error(`a bundle of ${count} frames was given ${written}`);
    block.push(hash.digest());
    await flush();
}

/** Not every file system of a stick can sync a folder; those that cannot sync the rename on their own. */
async function syncFolder(path: string): Promise<void> {
    try {
        const folder = await open(path, "r");
        await folder.sync().finally(() => folder.close());
    } catch {
        // The file itself is synced.
    }
}
