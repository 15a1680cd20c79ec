import { fromHex, toHex } from "../base/encoding.ts";
import type { Secret } from "../base/secret.ts";
import type { Entropy } from "../base/time.ts";
import type { NetworkKey, NetworkKeys } from "../link/network-key.ts";
import type { NetworkConfig } from "./config/config.ts";

const KEY_SIZE = 32;
const SLOTS = 4;

/** The slot of a key on the air: its two highest bits, so that nobody has to number keys alike everywhere. */
export function networkKeySlot(hex: string): number {
    return Number.parseInt(hex.slice(0, 1), 16) >> 2;
}

/** The keys of a checked configuration. */
export function networkKeysOf({ current, next, previous }: NetworkConfig): NetworkKeys {
    return {
        current: keyOf(current),
        next: next && keyOf(next),
        previous: previous && keyOf(previous),
    };
}

/** A fresh key of 64 hex digits whose slot none of the others has; there are at most three. */
export function newNetworkKey(entropy: Entropy, others: readonly string[]): string {
    const key = new Uint8Array(KEY_SIZE);
    entropy.fill(key);
    const taken = new Set(others.map(networkKeySlot));
    const free = Array.from({ length: SLOTS }, (_, slot) => slot).filter((slot) => !taken.has(slot));
    const [first = 0] = key;
    const slot = free[(first >> 6) % free.length] ?? 0;
    key[0] = (first & 0x3f) | (slot << 6);
    return toHex(key);
}

function keyOf(secret: Secret): NetworkKey {
    const text = secret.reveal();
    return { slot: networkKeySlot(text), key: fromHex(text.toLowerCase()) ?? new Uint8Array(0) };
}
