/**
 * The slow, obvious twin of src/link/sketch: docs/sketch.md in BigInts, bit by bit. It shares no code with what it tests.
 */
const MODULUS = 0x1_0000_008dn;
const WORD = 0xffff_ffffn;

/** Schoolbook product of two polynomials over GF(2), then long division. */
export function twinMultiply(a: number, b: number): number {
    let product = 0n;
    for (let bit = 0n; bit < 32n; bit++) if ((BigInt(b) >> bit) & 1n) product ^= BigInt(a) << bit;
    for (let bit = 63n; bit >= 32n; bit--) if ((product >> bit) & 1n) product ^= MODULUS << (bit - 32n);
    return Number(product);
}

/** Syndromes number `from` to `to` - 1; number i is the sum of x^(2i + 1). */
export function twinSketch(elements: readonly number[], from: number, to: number): readonly number[] {
    const sums = Array.from({ length: to - from }, () => 0);
    for (const element of elements) {
        let power = element;
        for (let place = 0; place < to; place++) {
            if (place >= from) sums[place - from] = ((sums[place - from] ?? 0) ^ power) >>> 0;
            power = twinMultiply(twinMultiply(power, element), element);
        }
    }
    return sums;
}

/** Tries every set of at most `sizeMax` of the candidates; all that have this sketch. */
export function twinDecode(
    sketch: readonly number[],
    candidates: readonly number[],
    sizeMax: number,
): readonly (readonly number[])[] {
    return subsets(candidates, sizeMax).filter((set) => {
        const own = twinSketch(set, 0, sketch.length);
        return own.every((sum, index) => sum === sketch[index]);
    });
}

function subsets(items: readonly number[], sizeMax: number): readonly (readonly number[])[] {
    const [first, ...rest] = items;
    if (first === undefined || sizeMax === 0) return [[]];
    return [...subsets(rest, sizeMax), ...subsets(rest, sizeMax - 1).map((set) => [first, ...set])];
}

/** HalfSipHash-2-4 as its authors write it, with 32 bits of output; zero becomes one. */
export function twinShort(salt: Uint8Array, id: Uint8Array): number {
    const hash = twinHash(salt, id);
    return hash === 0 ? 1 : hash;
}

export function twinHash(salt: Uint8Array, message: Uint8Array): number {
    const k0 = littleEndian(salt.slice(0, 4));
    const k1 = littleEndian(salt.slice(4, 8));
    let v: Words = [k0, k1, 0x6c796765n ^ k0, 0x74656462n ^ k1];
    const tail = message.length % 4;
    const padded = [...message, ...new Array<number>(3 - tail).fill(0), message.length % 256];
    for (let at = 0; at < padded.length; at += 4) {
        const word = littleEndian(Uint8Array.from(padded.slice(at, at + 4)));
        v = [v[0], v[1], v[2], v[3] ^ word];
        v = sipRound(sipRound(v));
        v = [v[0] ^ word, v[1], v[2], v[3]];
    }
    v = [v[0], v[1], v[2] ^ 0xffn, v[3]];
    for (let round = 0; round < 4; round++) v = sipRound(v);
    return Number(v[1] ^ v[3]);
}

type Words = readonly [bigint, bigint, bigint, bigint];

function sipRound([v0, v1, v2, v3]: Words): Words {
    const a0 = (v0 + v1) & WORD;
    const a1 = rotate(v1, 5n) ^ a0;
    const a2 = (v2 + v3) & WORD;
    const a3 = rotate(v3, 8n) ^ a2;
    const b0 = (rotate(a0, 16n) + a3) & WORD;
    const b3 = rotate(a3, 7n) ^ b0;
    const b2 = (a2 + a1) & WORD;
    const b1 = rotate(a1, 13n) ^ b2;
    return [b0, b1, rotate(b2, 16n), b3];
}

function rotate(word: bigint, by: bigint): bigint {
    return ((word << by) | (word >> (32n - by))) & WORD;
}

function littleEndian(bytes: Uint8Array): bigint {
    return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
