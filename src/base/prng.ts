const STEP = 0x6d2b79f5;

/**
 * Numbers in [0, 1) that depend on the seed only: for jitter and tests, never for secrets. Mulberry32; period 2^32.
 */
export function makePrng(seed: number): () => number {
    let state = seed >>> 0;
    return () => {
        state = (state + STEP) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
}
