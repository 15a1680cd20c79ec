/** GF(256) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d), in which 2 generates every element but 0. */
const POLYNOMIAL = 0x11d;
const ORDER = 255;

const EXPONENTS = new Uint8Array(2 * ORDER);
const LOGARITHMS = new Uint8Array(256);
for (let exponent = 0, value = 1; exponent < ORDER; exponent++) {
    EXPONENTS[exponent] = value;
    EXPONENTS[exponent + ORDER] = value;
    LOGARITHMS[value] = exponent;
    value <<= 1;
    if (value > 255) value ^= POLYNOMIAL;
}

/** All 65,536 products, a row for each factor: one look-up a byte, without a branch for 0. */
const PRODUCTS = Array.from({ length: 256 }, (_, factor) =>
    Uint8Array.from({ length: 256 }, (_, value) =>
        factor === 0 || value === 0 ? 0 : (EXPONENTS[logarithm(factor) + logarithm(value)] ?? 0),
    ),
);
const ZEROS = new Uint8Array(256);

function logarithm(value: number): number {
    return LOGARITHMS[value] ?? 0;
}

/** Both 0 to 255. */
export function multiply(a: number, b: number): number {
    return productsOf(a)[b] ?? 0;
}

/** Of 1 to 255; 0 has no inverse, and who asks for it has a bug. */
export function inverse(value: number): number {
    if (value === 0) throw new RangeError("0 has no inverse");
    return EXPONENTS[ORDER - logarithm(value)] ?? 0;
}

/** `row` += `factor` · `other`, over the bytes of `other`, which is no longer than `row`. */
export function addProduct(row: Uint8Array, factor: number, other: Uint8Array): void {
    const products = productsOf(factor);
    const size = other.length;
    for (let at = 0; at < size; at++) row[at] = (row[at] ?? 0) ^ (products[other[at] ?? 0] ?? 0);
}

/** `row` · `factor`, in place. */
export function scale(row: Uint8Array, factor: number): void {
    const products = productsOf(factor);
    const size = row.length;
    for (let at = 0; at < size; at++) row[at] = products[row[at] ?? 0] ?? 0;
}

function productsOf(factor: number): Uint8Array {
    return PRODUCTS[factor] ?? ZEROS;
}
