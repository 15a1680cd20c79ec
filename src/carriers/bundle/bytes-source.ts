import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** Bytes that can be read at any place: a file, or a buffer in a test. */
export interface ByteSource {
    /** In bytes. */
    readonly size: number;
    /** Exactly `size` bytes from `offset`, which the caller keeps inside. Throws where the medium fails. */
    read(offset: number, size: number): Uint8Array;
}

/** Read at once, in bytes; a frame may be larger and is then read by itself. */
const WINDOW_SIZE = 256 * 1024;

export interface FileSource extends ByteSource {
    close(): void;
}

/** Opens a regular file, and nothing that a link on a strange medium points to. Throws as node:fs does. */
export function openFileSource(path: string, { followLinks = true } = {}): FileSource {
    const descriptor = openSync(path, constants.O_RDONLY | (followLinks ? 0 : constants.O_NOFOLLOW));
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) {
        closeSync(descriptor);
        throw new Error(`${path} is no file`);
    }
    const { size } = stats;
    let window = { offset: 0, bytes: new Uint8Array(0) };
    const load = (offset: number, length: number): Uint8Array<ArrayBuffer> => {
        const bytes = new Uint8Array(length);
        let filled = 0;
        while (filled < length) {
            const count = readSync(descriptor, bytes, filled, length - filled, offset + filled);
            if (count === 0) throw new Error(`${path} became shorter while it was read`);
            filled += count;
        }
        return bytes;
    };
    return {
        size,
        read(offset, length) {
            if (length > WINDOW_SIZE) return load(offset, length);
            const start = offset - window.offset;
            if (start < 0 || start + length > window.bytes.length) {
                window = { offset, bytes: load(offset, Math.min(WINDOW_SIZE, size - offset)) };
                return window.bytes.subarray(0, length);
            }
            return window.bytes.subarray(start, start + length);
        },
        close: () => closeSync(descriptor),
    };
}

export function bytesSource(bytes: Uint8Array): ByteSource {
    return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}
