/** Four words; touched by `round` only, and never between two calls. */
const state = new Int32Array(4);

function rotate(word: number, by: number): number {
    return (word << by) | (word >>> (32 - by));
}

function round(times: number): void {
    let [v0 = 0, v1 = 0, v2 = 0, v3 = 0] = state;
    for (let i = 0; i < times; i++) {
        v0 = (v0 + v1) | 0;
        v1 = rotate(v1, 5) ^ v0;
        v0 = rotate(v0, 16);
        v2 = (v2 + v3) | 0;
        v3 = rotate(v3, 8) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = rotate(v3, 7) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = rotate(v1, 13) ^ v2;
        v2 = rotate(v2, 16);
    }
    state[0] = v0;
    state[1] = v1;
    state[2] = v2;
    state[3] = v3;
}

function mix(place: number, word: number): void {
    state[place] = (state[place] as number) ^ word;
}

function absorb(word: number): void {
    mix(3, word);
    round(2);
    mix(0, word);
}

function wordAt(bytes: Uint8Array, at: number): number {
    let word = 0;
    for (let i = 0; i < 4; i++) word |= (bytes[at + i] ?? 0) << (8 * i);
    return word;
}

/**
 * HalfSipHash-2-4 with 32 bits of output (Aumasson and Bernstein's reference form): a keyed pseudorandom function of 32-bit
 * words. Whoever does not know the 8-byte salt cannot aim at collisions.
 */
export function halfSipHash(salt: Uint8Array, message: Uint8Array): number {
    const k0 = wordAt(salt, 0);
    const k1 = wordAt(salt, 4);
    state[0] = k0;
    state[1] = k1;
    state[2] = 0x6c796765 ^ k0;
    state[3] = 0x74656462 ^ k1;
    const whole = message.length - (message.length % 4);
    for (let at = 0; at < whole; at += 4) absorb(wordAt(message, at));
    absorb(wordAt(message.subarray(whole), 0) | (message.length << 24));
    mix(2, 0xff);
    round(4);
    return ((state[1] as number) ^ (state[3] as number)) >>> 0;
}
