import { concatBytes, equalBytes } from "../base/bytes.ts";
import { toHex } from "../base/encoding.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Millis } from "../base/time.ts";
import type { Blake3 } from "../wire/bundle-file.ts";
import { PAYLOAD_SIZE_MAX } from "./block/item.ts";

/** Hash, index and total before the fragment. */
export const CHUNK_OVERHEAD = 10;
export const CHUNKS_MAX = 255;
/** Half-heard envelopes kept at once. */
export const CHUNK_ASSEMBLIES_MAX = 16;
/** Their fragments together, in bytes. */
export const CHUNK_BYTES_MAX = 64 * 1024;
/** An envelope that gains nothing for so long is forgotten: at 1 % duty cycle a slow chunk takes minutes. */
export const CHUNK_AGE_MS = 3_600_000;
/** Envelopes handed out that are not handed out again ... */
export const CHUNKED_ENDED_MAX = 256;
/** ... for so long: later the sender tries anew, and whoever could not keep it gets it once more. */
export const CHUNK_REPEAT_MS = 600_000;

const HASH_SIZE = 8;
const MESSAGE_TYPE = 0;

/** Ember's plan has no chunks for tombstones, and none for what would need more than CHUNKS_MAX. */
export type ChunkError = "not_a_message" | "too_large";

/**
 * A WirePayload as Ember's planned TransportChunks (SPEC section 23.3), each at most `frameSizeMax` bytes. What is cut up
 * and hashed is the envelope, without the payload's type byte.
 */
export function encodeChunks(
    payload: Uint8Array,
    frameSizeMax: number,
    digest: Blake3,
): Result<readonly Uint8Array[], ChunkError> {
    if (payload[0] !== MESSAGE_TYPE || payload.length < 2) return err("not_a_message");
    const envelope = payload.subarray(1);
    const size = frameSizeMax - CHUNK_OVERHEAD;
    const total = Math.ceil(envelope.length / size);
    if (size < 1 || total > CHUNKS_MAX || payload.length > PAYLOAD_SIZE_MAX) return err("too_large");
    const hash = digest(envelope).subarray(0, HASH_SIZE);
    const chunks = Array.from({ length: total }, (_, index) =>
        concatBytes(hash, Uint8Array.of(index, total), envelope.subarray(index * size, (index + 1) * size)),
    );
    return ok(chunks);
}

interface Chunk {
    readonly hash: Uint8Array;
    readonly index: number;
    readonly total: number;
    readonly fragment: Uint8Array;
}

interface Assembly {
    /** By index. */
    readonly fragments: Map<number, Uint8Array>;
    bytes: number;
    touchedAt: Millis;
}

/**
 * Puts chunks together again. It gets every frame that is none of the link's own, so nearly all that it sees may be
 * noise: any frame of 11 bytes with index below total looks like a chunk. A stray one takes the place of another stray
 * one before that of an envelope that has grown.
 */
export class ChunkShelf {
    readonly #digest: Blake3;
    /** By hash and total, the one that gained nothing for longest first. */
    readonly #assemblies = new Map<string, Assembly>();
    #bytesHeld = 0;
    /** When each envelope was handed out, by hash, the oldest first. */
    readonly #ended = new Map<string, Millis>();

    constructor(digest: Blake3) {
        this.#digest = digest;
    }

    /** What the tables hold; for tests and figures. */
    fill(): { readonly assemblies: number; readonly bytes: number; readonly ended: number } {
        return { assemblies: this.#assemblies.size, bytes: this.#bytesHeld, ended: this.#ended.size };
    }

    /** The payload that this frame completes, its hash checked; nothing more is known of it. Keeps a copy of the frame. */
    add(frame: Uint8Array, now: Millis): Uint8Array | undefined {
        this.#forgetOld(now);
        const chunk = readChunk(frame);
        if (!chunk || this.#ended.has(toHex(chunk.hash))) return undefined;
        const key = `${toHex(chunk.hash)} ${chunk.total}`;
        const assembly = this.#assemblies.get(key) ?? { fragments: new Map(), bytes: 0, touchedAt: now };
        if (assembly.fragments.has(chunk.index)) return undefined;
        this.#drop(key);
        assembly.bytes += chunk.fragment.length;
        if (assembly.bytes >= PAYLOAD_SIZE_MAX) return undefined;
        assembly.fragments.set(chunk.index, chunk.fragment.slice());
        assembly.touchedAt = now;
        if (assembly.fragments.size === chunk.total) return this.#whole(chunk, assembly, now);
        this.#makeRoom(assembly.bytes);
        this.#assemblies.set(key, assembly);
        this.#bytesHeld += assembly.bytes;
        return undefined;
    }

    #whole({ hash }: Chunk, { fragments }: Assembly, now: Millis): Uint8Array | undefined {
        const envelope = concatBytes(...[...fragments].sort(([a], [b]) => a - b).map(([, fragment]) => fragment));
        if (!equalBytes(this.#digest(envelope).subarray(0, HASH_SIZE), hash)) return undefined;
        this.#ended.set(toHex(hash), now);
        for (const oldest of this.#ended.keys()) {
            if (this.#ended.size <= CHUNKED_ENDED_MAX) break;
            this.#ended.delete(oldest);
        }
        return concatBytes(Uint8Array.of(MESSAGE_TYPE), envelope);
    }

    #makeRoom(bytes: number): void {
        while (this.#assemblies.size >= CHUNK_ASSEMBLIES_MAX || this.#bytesHeld + bytes > CHUNK_BYTES_MAX) {
            const victim = this.#smallest();
            if (victim === undefined) return;
            this.#drop(victim);
        }
    }

    /** Of those with fewest chunks the one that gained nothing for longest. */
    #smallest(): string | undefined {
        let [smallest, chunks]: [string | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
        for (const [key, { fragments }] of this.#assemblies) {
            if (fragments.size < chunks) [smallest, chunks] = [key, fragments.size];
        }
        return smallest;
    }

    #forgetOld(now: Millis): void {
        for (const [key, { touchedAt }] of this.#assemblies) {
            if (touchedAt + CHUNK_AGE_MS > now) break;
            this.#drop(key);
        }
        for (const [hash, endedAt] of this.#ended) {
            if (endedAt + CHUNK_REPEAT_MS > now) break;
            this.#ended.delete(hash);
        }
    }

    #drop(key: string): void {
        this.#bytesHeld -= this.#assemblies.get(key)?.bytes ?? 0;
        this.#assemblies.delete(key);
    }
}

function readChunk(frame: Uint8Array): Chunk | undefined {
    const [index = 0, total = 0] = frame.subarray(HASH_SIZE, CHUNK_OVERHEAD);
    if (frame.length <= CHUNK_OVERHEAD || index >= total) return undefined;
    return { hash: frame.subarray(0, HASH_SIZE), index, total, fragment: frame.subarray(CHUNK_OVERHEAD) };
}
