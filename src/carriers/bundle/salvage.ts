import { BUNDLE_HEADER_SIZE } from "../../wire/bundle-file.ts";
import { decodeWirePayload, encodeMessagePayload } from "../../wire/payload.ts";
import { TOMBSTONE_PAYLOAD_SIZE } from "../../wire/tombstone.ts";
import type { ByteSource } from "./bytes-source.ts";
import { type BundleStep, sizeOf } from "./read.ts";

/** Largest frame that is looked for after a damaged place, in bytes; no mailbox takes a larger one. */
const LOST_FRAME_SIZE_MAX = 64 * 1024;

const MESSAGE_SIZE_MIN = 90;
const MESSAGE = 0x00;
const TOMBSTONE = 0x02;

/**
 * The frames that a damaged bundle still holds: those that decode where they should be, and behind a damaged place those
 * that look whole to the last byte. Nobody vouches for them, since the file's checksum does not: damage inside a sealed
 * text shows to its recipient only. Throws where the medium fails.
 */
export function* salvageFrames(source: ByteSource): Generator<BundleStep> {
    let offset = Math.min(BUNDLE_HEADER_SIZE, source.size);
    let inStep = true;
    while (source.size - offset > 4 + MESSAGE_SIZE_MIN) {
        const frame = inStep ? expectedFrame(source, offset) : foundFrame(source, offset);
        if (frame) {
            offset += 4 + frame.length;
            yield { frame, end: offset };
            inStep = true;
        } else if (inStep) inStep = false;
        else offset++;
    }
}

/** The frame at a place where one must begin: bytes behind its envelope belong to it. */
function expectedFrame(source: ByteSource, offset: number): Uint8Array | undefined {
    const size = sizeOf(source.read(offset, 4));
    if (size > LOST_FRAME_SIZE_MAX || size > source.size - offset - 4) return undefined;
    const frame = source.read(offset + 4, size);
    return decodeWirePayload(frame).ok ? frame : undefined;
}

/** A frame at a place where anything may be. */
function foundFrame(source: ByteSource, offset: number): Uint8Array | undefined {
    const head = source.read(offset, 7);
    const size = sizeOf(head);
    const [, , , , type, major, minor] = head;
    if (size > LOST_FRAME_SIZE_MAX || size > source.size - offset - 4) return undefined;
    if (type === TOMBSTONE) {
        return size === TOMBSTONE_PAYLOAD_SIZE ? source.read(offset + 4, size) : undefined;
    }
    if (type !== MESSAGE || major !== 0 || minor !== 0 || size < MESSAGE_SIZE_MIN) return undefined;
    const frame = source.read(offset + 4, size);
    const decoded = decodeWirePayload(frame);
    if (!decoded.ok || decoded.value.kind !== "message") return undefined;
    return encodeMessagePayload(decoded.value.outer).length === size ? frame : undefined;
}
