import { makePrng } from "../../src/base/prng.ts";

/** Bytes that look like ciphertext, the same for the same seed. */
export function payloadOf(seed: number, size: number): Uint8Array {
    const random = makePrng(seed);
    return Uint8Array.from({ length: size }, () => Math.floor(random() * 256));
}
