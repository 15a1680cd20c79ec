import { blake3 } from "@noble/hashes/blake3.js";
import { equalBytes } from "../../base/bytes.ts";
import { toHex } from "../../base/encoding.ts";
import { err, ok, type Result } from "../../base/result.ts";
import {
    BUNDLE_CHECKSUM_SIZE,
    BUNDLE_HEADER_SIZE,
    type BundleFileError,
    readBundleHeader,
} from "../../wire/bundle-file.ts";
import { FRAME_SIZE_MAX } from "../../wire/submit-body.ts";
import type { ByteSource } from "./bytes-source.ts";

export interface BundleVerdict {
    readonly frames: number;
    /** The checksum in hex: the name of this content. */
    readonly checksum: string;
}

export interface BundleStep {
    readonly frame: Uint8Array;
    /** Where the next frame begins, in bytes from the start of the file. */
    readonly end: number;
}

/**
 * Walks through a `.ember` file of any size with one frame in memory. The frames are only worth something once the
 * returned verdict is good (SPEC section 11.1), so a reader walks twice: to verify, then to use. The order of checks is
 * Ember's. Rejects where the medium fails.
 */
export async function* walkBundle(
    source: ByteSource,
): AsyncGenerator<BundleStep, Result<BundleVerdict, BundleFileError>> {
    if (source.size < BUNDLE_HEADER_SIZE) return err({ kind: "io" });
    const header = await source.read(0, BUNDLE_HEADER_SIZE);
    const count = readBundleHeader(header);
    if (!count.ok) return count;
    const hash = blake3.create().update(header);
    let offset = BUNDLE_HEADER_SIZE;
    for (let frame = 0; frame < count.value; frame++) {
        if (source.size - offset < 4) return err({ kind: "io" });
        const prefix = await source.read(offset, 4);
        const size = sizeOf(prefix);
        if (size > FRAME_SIZE_MAX) return err({ kind: "frame_too_large", frame, size });
        hash.update(prefix);
        offset += 4;
        if (source.size - offset < size) return err({ kind: "io" });
        const bytes = await source.read(offset, size);
        hash.update(bytes);
        offset += size;
        yield { frame: bytes, end: offset };
    }
    if (source.size - offset < BUNDLE_CHECKSUM_SIZE) return err({ kind: "io" });
    const checksum = await source.read(offset, BUNDLE_CHECKSUM_SIZE);
    if (!equalBytes(checksum, hash.digest())) return err({ kind: "checksum_mismatch" });
    if (source.size > offset + BUNDLE_CHECKSUM_SIZE) return err({ kind: "trailing_data" });
    return ok({ frames: count.value, checksum: toHex(checksum) });
}

/** Whether the whole file is sound. `onStep` sees each frame, which is not to be trusted before the verdict. */
export async function verifyBundle(
    source: ByteSource,
    onStep: (step: BundleStep) => void = () => undefined,
): Promise<Result<BundleVerdict, BundleFileError>> {
    const walk = walkBundle(source);
    for (;;) {
        const step = await walk.next();
        if (step.done) return step.value;
        onStep(step.value);
    }
}

export function sizeOf(prefix: Uint8Array): number {
    return new DataView(prefix.buffer, prefix.byteOffset, 4).getUint32(0, true);
}
