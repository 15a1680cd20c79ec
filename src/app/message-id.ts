import type { Entropy } from "../base/time.ts";

/** A random UUID of version 4 in its 16-byte form, as Ember names messages (SPEC section 3). */
export function newMessageId(entropy: Entropy): Uint8Array {
    const id = new Uint8Array(16);
    entropy.fill(id);
    id[6] = ((id[6] ?? 0) & 0x0f) | 0x40;
    id[8] = ((id[8] ?? 0) & 0x3f) | 0x80;
    return id;
}
