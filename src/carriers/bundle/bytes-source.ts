import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

/** Bytes that can be read at any place: a file, or a buffer in a test. */
export interface ByteSource {
    /** In bytes. */
    readonly size: number;
    /**
     * Exactly `size` bytes from `offset`, which the caller keeps inside; at once where they are in memory already.
     * Rejects where the medium fails.
     */
    read(offset: number, size: number): Uint8Array | Promise<Uint8Array>;
}

/** Read at once, in bytes; a frame may be larger and is then read by itself. */
const WINDOW_SIZE = 256 * 1024;

export interface FileSource extends ByteSource {
    close(): Promise<void>;
}

/** Opens a regular file, and nothing that a link on a strange medium points to. Rejects as node:fs does. */
export async function openFileSource(path: string, { followLinks = true } = {}): Promise<FileSource> {
    // Not blocking: a named pipe would wait for its other end for ever.
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | (followLinks ? 0 : constants.O_NOFOLLOW);
    const file = await open(path, flags);
    const stats = await file.stat();
    if (!stats.isFile()) {
        await file.close();
        throw new Error(`${path} is no file`);
    }
    const { size } = stats;
    let window = { offset: 0, bytes: new Uint8Array(0) };
    return {
        size,
        read(offset, length) {
            const start = offset - window.offset;
            if (start >= 0 && start + length <= window.bytes.length)
                return window.bytes.subarray(start, start + length);
            if (length > WINDOW_SIZE) return load(file, offset, length);
            return load(file, offset, Math.min(WINDOW_SIZE, size - offset)).then((bytes) => {
                window = { offset, bytes };
                return bytes.subarray(0, length);
            });
        },
        close: () => file.close(),
    };
}

async function load(file: FileHandle, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    for (let filled = 0; filled < length; ) {
        const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
        if (bytesRead === 0) throw new Error("the file became shorter while it was read");
        filled += bytesRead;
    }
    return bytes;
}

export function bytesSource(bytes: Uint8Array): ByteSource {
    return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}
