/**
 * GF(2^32): polynomials over GF(2) modulo x^32 + x^7 + x^3 + x^2 + 1, bit i of a number being the coefficient of x^i.
 * Elements are signed 32-bit integers in here, which JavaScript engines keep out of the heap; addition is XOR.
 */

/** The modulus without its x^32. */
const MODULUS = 0x8d;
const BITS = 32;

/** What the four bits that leave at the top come back as: t · x^32 for t = 0 to 15. */
const OVERFLOW = Int32Array.from({ length: 16 }, (_, t) => t ^ (t << 2) ^ (t << 3) ^ (t << 7));

/** Multiples of the loaded factor by 0 to 15. One factor is loaded at a time; nothing here outlives a call. */
const multiples = new Int32Array(16);

function double(a: number): number {
    return (a << 1) ^ (a < 0 ? MODULUS : 0);
}

/** Prepares `timesFactor`: worth it because one factor mostly meets many others. */
export function loadFactor(factor: number): void {
    const a1 = factor | 0;
    const a2 = double(a1);
    const a4 = double(a2);
    const a8 = double(a4);
    for (let t = 1; t < 16; t++) {
        multiples[t] = (t & 1 ? a1 : 0) ^ (t & 2 ? a2 : 0) ^ (t & 4 ? a4 : 0) ^ (t & 8 ? a8 : 0);
    }
}

/** The product with the factor loaded last, four bits a step. */
export function timesFactor(a: number): number {
    let product = multiples[a >>> 28] as number;
    for (let shift = 24; shift >= 0; shift -= 4) {
        product = (product << 4) ^ (OVERFLOW[product >>> 28] as number) ^ (multiples[(a >>> shift) & 15] as number);
    }
    return product;
}

export function multiply(a: number, b: number): number {
    loadFactor(a);
    return timesFactor(b);
}

/** Squares of the four bytes of a number, 256 entries each: squaring is linear. */
const SQUARES = new Int32Array(4 * 256);
for (let bit = 0; bit < BITS; bit++) {
    const byte = bit >>> 3;
    const place = 1 << (bit & 7);
    const square = multiply(1 << bit, 1 << bit);
    for (let rest = 0; rest < place; rest++) {
        SQUARES[byte * 256 + place + rest] = square ^ (SQUARES[byte * 256 + rest] as number);
    }
}

export function square(a: number): number {
    return (
        (SQUARES[a & 255] as number) ^
        (SQUARES[256 + ((a >>> 8) & 255)] as number) ^
        (SQUARES[512 + ((a >>> 16) & 255)] as number) ^
        (SQUARES[768 + (a >>> 24)] as number)
    );
}

/** a^(2^32 - 2), which is 1/a; zero for zero. */
export function invert(a: number): number {
    let power = a | 0;
    let inverse = 1;
    for (let step = 1; step < BITS; step++) {
        power = square(power);
        inverse = multiply(power, inverse);
    }
    return inverse;
}
