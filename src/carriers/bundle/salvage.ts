import { BUNDLE_HEADER_SIZE } from "../../wire/bundle-file.ts";
import { decodeWirePayload, encodeMessagePayload } from "../../wire/payload.ts";
import { TOMBSTONE_PAYLOAD_SIZE } from "../../wire/tombstone.ts";
import type { ByteSource } from "./bytes-source.ts";
import { type BundleStep, sizeOf } from "./read.ts";

/** Largest frame that is looked for after a damaged place, in bytes; no mailbox takes a larger one. */
const LOST_FRAME_SIZE_MAX = 64 * 1024;

const MESSAGE_SIZE_MIN = 90;
/** Size, type byte and version. */
const HEAD_SIZE = 7;
const MESSAGE = 0x00;
const TOMBSTONE = 0x02;

/**
 * The frames that a damaged bundle still holds: those that decode where they should be, and behind a damaged place those
 * that look whole to the last byte. Nobody vouches for them, since the file's checksum does not: damage inside a sealed
 * text shows to its recipient only. Rejects where the medium fails.
 */
export async function* salvageFrames(source: ByteSource): AsyncGenerator<BundleStep> {
    let offset = Math.min(BUNDLE_HEADER_SIZE, source.size);
    let inStep = true;
    while (source.size - offset > 4 + MESSAGE_SIZE_MIN) {
        const read = source.read(offset, HEAD_SIZE);
        // Awaiting what is there already would make the search through a large hole ten times as long.
        const head = read instanceof Promise ? await read : read;
        const size = sizeOf(head);
        const hopeful =
            size <= source.size - offset - 4 && (inStep ? size <= LOST_FRAME_SIZE_MAX : mayBegin(head, size));
        const frame = hopeful ? await source.read(offset + 4, size) : undefined;
        if (frame && isFrame(frame, inStep)) {
            offset += 4 + size;
            yield { frame, end: offset };
            inStep = true;
        } else if (inStep) inStep = false;
        else offset++;
    }
}

/** Whether a frame may begin here, at a place where anything may be. */
function mayBegin(head: Uint8Array, size: number): boolean {
    const [, , , , type, major, minor] = head;
    if (type === TOMBSTONE) return size === TOMBSTONE_PAYLOAD_SIZE;
    const isInRange = size >= MESSAGE_SIZE_MIN && size <= LOST_FRAME_SIZE_MAX;
    return type === MESSAGE && major === 0 && minor === 0 && isInRange;
}

/** Bytes behind an envelope belong to a frame in its place; elsewhere an envelope must end where its frame ends. */
function isFrame(frame: Uint8Array, inStep: boolean): boolean {
    const decoded = decodeWirePayload(frame);
    if (!decoded.ok || inStep || decoded.value.kind === "tombstone") return decoded.ok;
    return encodeMessagePayload(decoded.value.outer).length === frame.length;
}
