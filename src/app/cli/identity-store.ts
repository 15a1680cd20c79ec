import { randomBytes } from "node:crypto";
import {
    chmodSync,
    closeSync,
    fsyncSync,
    linkSync,
    mkdirSync,
    openSync,
    readFileSync,
    rmSync,
    statSync,
    writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { CommandError } from "./terminal.ts";

/** Largest file that is taken for an identity, in bytes; the real ones have 32 or 93. */
const IDENTITY_BYTES_MAX = 4_096;

export function readIdentityFile(path: string): Uint8Array | undefined {
    try {
        if (statSync(path).size > IDENTITY_BYTES_MAX) {
            throw new CommandError(`${path} is no identity file: it is larger than ${IDENTITY_BYTES_MAX} bytes.`);
        }
        return readFileSync(path);
    } catch (cause) {
        if (cause instanceof CommandError) throw cause;
        if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
        throw new CommandError(`${path} cannot be read: ${cause instanceof Error ? cause.message : cause}`);
    }
}

/** Writes a new identity, mode 0600, durable, and never over an existing one: a lost key is lost for ever. */
export function writeIdentityFile(path: string, bytes: Uint8Array): void {
    try {
        writeNew(path, bytes);
    } catch (cause) {
        if (cause instanceof CommandError) throw cause;
        throw new CommandError(`${path} cannot be written: ${cause instanceof Error ? cause.message : cause}`);
    }
}

function writeNew(path: string, bytes: Uint8Array): void {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const draft = `${path}.${randomBytes(8).toString("hex")}.tmp`;
    const descriptor = openSync(draft, "wx", 0o600);
    try {
        try {
            writeSync(descriptor, bytes);
            fsyncSync(descriptor);
        } finally {
            closeSync(descriptor);
        }
        // A link fails where a rename would overwrite.
        linkSync(draft, path);
        chmodSync(path, 0o600);
    } catch (cause) {
        const taken = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
        throw taken
            ? new CommandError(
                  `${path} exists already and was left as it is. Move it away first, or name another file.`,
              )
            : cause;
    } finally {
        rmSync(draft);
    }
    const directory = openSync(dirname(path), "r");
    fsyncSync(directory);
    closeSync(directory);
}
