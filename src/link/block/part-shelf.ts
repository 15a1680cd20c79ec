import { concatBytes, equalBytes } from "../../base/bytes.ts";
import { toHex } from "../../base/encoding.ts";
import type { Blake3 } from "../../wire/bundle-file.ts";
import { BLOCK_OVERHEAD, encodePartBlock } from "./block.ts";
import { PAYLOAD_SIZE_MAX } from "./item.ts";
import { PART_DIGEST_SIZE, PART_OVERHEAD, PARTS_MAX, type Part, writePart } from "./part.ts";

/** Half-gathered payloads on one shelf. */
export const GATHERINGS_MAX = 8;
/** Their bytes together. */
export const GATHERED_BYTES_MAX = 64 * 1024;

/**
 * The blocks of a payload that one block cannot hold. `blockSizeMax` is what one block may have, head and check
 * included. Undefined when it would take more than PARTS_MAX.
 */
export function splitIntoParts(
    payload: Uint8Array,
    blockSizeMax: number,
    digest: Blake3,
): readonly Uint8Array[] | undefined {
    const size = blockSizeMax - BLOCK_OVERHEAD - PART_OVERHEAD;
    const count = Math.ceil(payload.length / size);
    if (size < 1 || count < 1 || count > PARTS_MAX || payload.length > PAYLOAD_SIZE_MAX) return undefined;
    const name = digest(payload).slice(0, PART_DIGEST_SIZE);
    return Array.from({ length: count }, (_, number) => {
        const bytes = payload.subarray(number * size, (number + 1) * size);
        return encodePartBlock(writePart({ digest: name, payloadSize: payload.length, number, count, bytes }), digest);
    });
}

export type Shelved =
    | { readonly kind: "payload"; readonly payload: Uint8Array }
    | { readonly kind: "kept" | "duplicate" }
    /** All parts were there and are no such payload: all are forgotten. */
    | { readonly kind: "damaged" };

interface Gathering {
    readonly parts: Map<number, Uint8Array>;
    bytes: number;
}

/** Gathers parts of several payloads; when there is no room, what gained nothing for longest goes. */
export class PartShelf {
    readonly #digest: Blake3;
    /** By digest, size and count; the one that gained nothing for longest first. */
    readonly #gatherings = new Map<string, Gathering>();
    #bytesHeld = 0;

    constructor(digest: Blake3) {
        this.#digest = digest;
    }

    /** What is held; for tests and figures. */
    fill(): { readonly gatherings: number; readonly bytes: number } {
        return { gatherings: this.#gatherings.size, bytes: this.#bytesHeld };
    }

    /** Keeps a copy of the part's bytes. */
    add(part: Part): Shelved {
        const key = keyOf(part);
        const gathering = this.#gatherings.get(key) ?? { parts: new Map<number, Uint8Array>(), bytes: 0 };
        if (gathering.parts.has(part.number)) return { kind: "duplicate" };
        this.#drop(key);
        if (gathering.bytes + part.bytes.length > part.payloadSize) return { kind: "damaged" };
        gathering.parts.set(part.number, part.bytes.slice());
        gathering.bytes += part.bytes.length;
        if (gathering.parts.size === part.count) return this.#whole(part, gathering);
        this.#makeRoom(gathering.bytes);
        this.#gatherings.set(key, gathering);
        this.#bytesHeld += gathering.bytes;
        return { kind: "kept" };
    }

    /** Whether this part is here, while others are missing. */
    holds(part: Omit<Part, "bytes">): boolean {
        return this.#gatherings.get(keyOf(part))?.parts.has(part.number) ?? false;
    }

    /** Whether any part of the same payload is here. */
    isGathering(part: Omit<Part, "bytes">): boolean {
        return this.#gatherings.has(keyOf(part));
    }

    /** All parts of the same payload, which are here no more. */
    take(part: Omit<Part, "bytes">): readonly Part[] {
        const gathering = this.#gatherings.get(keyOf(part));
        this.#drop(keyOf(part));
        return [...(gathering?.parts ?? [])].map(([number, bytes]) => ({ ...part, number, bytes }));
    }

    #whole({ digest, payloadSize }: Part, { parts }: Gathering): Shelved {
        const payload = concatBytes(...[...parts].sort(([a], [b]) => a - b).map(([, bytes]) => bytes));
        const fits =
            payload.length === payloadSize && equalBytes(this.#digest(payload).subarray(0, digest.length), digest);
        return fits ? { kind: "payload", payload } : { kind: "damaged" };
    }

    #makeRoom(bytes: number): void {
        for (const key of this.#gatherings.keys()) {
            if (this.#gatherings.size < GATHERINGS_MAX && this.#bytesHeld + bytes <= GATHERED_BYTES_MAX) return;
            this.#drop(key);
        }
    }

    #drop(key: string): void {
        this.#bytesHeld -= this.#gatherings.get(key)?.bytes ?? 0;
        this.#gatherings.delete(key);
    }
}

function keyOf({ digest, payloadSize, count }: Omit<Part, "bytes">): string {
    return `${toHex(digest)} ${payloadSize} ${count}`;
}
