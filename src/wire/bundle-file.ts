import { concatBytes, equalBytes, utf8 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import { FRAME_SIZE_MAX } from "./submit-body.ts";

const MAGIC = utf8("EMBR");
const VERSION = 1;
export const BUNDLE_HEADER_SIZE = 10;
export const BUNDLE_CHECKSUM_SIZE = 32;
/** A bundle without frames, in bytes. */
export const BUNDLE_EMPTY_SIZE = BUNDLE_HEADER_SIZE + BUNDLE_CHECKSUM_SIZE;

/** BLAKE3 over any bytes, 32 bytes out. Handed in, so that this room stays without dependencies. */
export type Blake3 = (bytes: Uint8Array) => Uint8Array;

/** Why a file is no `.ember` bundle (SPEC section 11.1). A refused file gives no frame at all. */
export type BundleFileError =
    | { readonly kind: "io" }
    | { readonly kind: "invalid_magic" }
    | { readonly kind: "unsupported_version"; readonly version: number }
    | { readonly kind: "frame_too_large"; readonly frame: number; readonly size: number }
    | { readonly kind: "checksum_mismatch" }
    | { readonly kind: "trailing_data" };

export function encodeBundleFile(frames: readonly Uint8Array[], blake3: Blake3): Uint8Array {
    const body = concatBytes(
        bundleHeader(frames.length),
        ...frames.flatMap((frame) => [bundleFramePrefix(frame), frame]),
    );
    return concatBytes(body, blake3(body));
}

export function bundleHeader(frames: number): Uint8Array {
    const header = new Uint8Array(BUNDLE_HEADER_SIZE);
    header.set(MAGIC);
    header[4] = VERSION;
    new DataView(header.buffer).setUint32(6, frames, true);
    return header;
}

/** The number of frames that a header of `BUNDLE_HEADER_SIZE` bytes announces. */
export function readBundleHeader(header: Uint8Array): Result<number, BundleFileError> {
    if (!equalBytes(header.subarray(0, 4), MAGIC)) return err({ kind: "invalid_magic" });
    const version = header[4] ?? 0;
    if (version !== VERSION) return err({ kind: "unsupported_version", version });
    return ok(new DataView(header.buffer, header.byteOffset).getUint32(6, true));
}

/** What stands before a frame: its size. */
export function bundleFramePrefix(frame: Uint8Array): Uint8Array {
    if (frame.length > FRAME_SIZE_MAX) throw new RangeError(`a frame has at most ${FRAME_SIZE_MAX} bytes`);
    const size = new Uint8Array(4);
    new DataView(size.buffer).setUint32(0, frame.length, true);
    return size;
}

/** The frames, as views into `file`. The order of checks is Ember's; the checksum comes last but before any use. */
export function decodeBundleFile(file: Uint8Array, blake3: Blake3): Result<readonly Uint8Array[], BundleFileError> {
    if (file.length < BUNDLE_HEADER_SIZE) return err({ kind: "io" });
    const count = readBundleHeader(file);
    if (!count.ok) return count;
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const frames: Uint8Array[] = [];
    let offset = BUNDLE_HEADER_SIZE;
    for (let frame = 0; frame < count.value; frame++) {
        if (file.length - offset < 4) return err({ kind: "io" });
        const size = view.getUint32(offset, true);
        if (size > FRAME_SIZE_MAX) return err({ kind: "frame_too_large", frame, size });
        offset += 4;
        if (file.length - offset < size) return err({ kind: "io" });
        frames.push(file.subarray(offset, offset + size));
        offset += size;
    }
    const end = offset + BUNDLE_CHECKSUM_SIZE;
    if (file.length < end) return err({ kind: "io" });
    if (!equalBytes(file.subarray(offset, end), blake3(file.subarray(0, offset)))) {
        return err({ kind: "checksum_mismatch" });
    }
    return file.length > end ? err({ kind: "trailing_data" }) : ok(frames);
}

/** Ember's exact words. */
export function bundleFileErrorText(error: BundleFileError): string {
    switch (error.kind) {
        case "io":
            return "failed to fill whole buffer";
        case "invalid_magic":
            return "invalid magic bytes: expected EMBR";
        case "unsupported_version":
            return `unsupported format version: ${error.version}`;
        case "frame_too_large":
            return `frame too large: ${error.size} bytes (max ${FRAME_SIZE_MAX})`;
        case "checksum_mismatch":
            return "checksum mismatch";
        case "trailing_data":
            return "unexpected trailing data after checksum";
    }
}
