import { invert, loadFactor, square, timesFactor } from "./field.ts";

/** Coefficients in GF(2^32), lowest first; the last one is not zero, and the zero polynomial has none. */
export type Polynomial = Int32Array;

const BITS = 32;

function trimmed(p: Int32Array): Polynomial {
    let size = p.length;
    while (size > 0 && p[size - 1] === 0) size--;
    return p.subarray(0, size);
}

/** Destroys `p`: its lower end becomes p mod `divisor`, its upper end the quotient. `divisor` is monic. */
function divideInPlace(p: Int32Array, divisor: Polynomial): void {
    const degree = divisor.length - 1;
    for (let top = p.length - 1; top >= degree; top--) {
        const lead = p[top] as number;
        if (lead === 0) continue;
        loadFactor(lead);
        const base = top - degree;
        for (let i = 0; i < degree; i++) p[base + i] = (p[base + i] as number) ^ timesFactor(divisor[i] as number);
    }
}

function remainder(p: Polynomial, divisor: Polynomial): Polynomial {
    const work = p.slice();
    divideInPlace(work, divisor);
    return trimmed(work.subarray(0, Math.min(work.length, divisor.length - 1)));
}

/** `divisor` divides `p`. */
function quotient(p: Polynomial, divisor: Polynomial): Polynomial {
    const work = p.slice();
    divideInPlace(work, divisor);
    return work.subarray(divisor.length - 1);
}

function monic(p: Polynomial): Polynomial {
    loadFactor(invert(p[p.length - 1] ?? 0));
    return p.map(timesFactor);
}

function gcd(a: Polynomial, b: Polynomial): Polynomial {
    let [high, low] = [a, b];
    while (low.length > 0) {
        const divisor = monic(low);
        [high, low] = [divisor, remainder(high, divisor)];
    }
    return high;
}

/** p² mod f, for deg p < deg f. */
function squareModulo(p: Polynomial, f: Polynomial): Polynomial {
    const spread = new Int32Array(Math.max(2 * p.length - 1, 0));
    for (let i = 0; i < p.length; i++) spread[2 * i] = square(p[i] as number);
    divideInPlace(spread, f);
    return trimmed(spread.subarray(0, Math.min(spread.length, f.length - 1)));
}

/** x^(2^i) mod f for i = 0 to 31, if x^(2^32) is x again: only then f is a product of distinct x - root. */
function frobenius(f: Polynomial): readonly Polynomial[] | undefined {
    const x = remainder(Int32Array.of(0, 1), f);
    const powers = [x];
    for (let i = 1; i <= BITS; i++) powers.push(squareModulo(powers[i - 1] ?? x, f));
    const last = powers.pop() ?? x;
    return last.length === x.length && last.every((value, index) => value === x[index]) ? powers : undefined;
}

/** Tr(βx) mod f: the sum of (βx)^(2^i). At each root of f it is 0 or 1. */
function trace(beta: number, powers: readonly Polynomial[]): Polynomial {
    const sum = new Int32Array(Math.max(...powers.map(({ length }) => length)));
    let conjugate = beta;
    for (const power of powers) {
        loadFactor(conjugate);
        for (let i = 0; i < power.length; i++) sum[i] = (sum[i] as number) ^ timesFactor(power[i] as number);
        conjugate = square(conjugate);
    }
    return trimmed(sum);
}

/**
 * All roots of the monic `f`, or undefined unless it has as many distinct ones as its degree (1 or more). Berlekamp's trace
 * algorithm: two roots differ in Tr(βx) for at least one β among 1, x, x², … x^31, so that cutting by each in turn ends
 * with single roots. Work grows with the square of the degree.
 */
export function rootsOf(f: Polynomial): readonly number[] | undefined {
    const powers = frobenius(f);
    if (powers === undefined) return undefined;
    const roots: number[] = [];
    let factors: readonly Polynomial[] = [f];
    for (let bit = 0; bit <= BITS; bit++) {
        for (const factor of factors) if (factor.length === 2) roots.push(factor[0] as number);
        factors = factors.filter(({ length }) => length > 2);
        if (factors.length === 0) return roots;
        const cutter = trace(1 << bit, powers);
        factors = factors.flatMap((factor) => cut(factor, cutter));
    }
    return undefined;
}

/** `factor` parted into the roots where `cutter` is zero and those where it is not. */
function cut(factor: Polynomial, cutter: Polynomial): readonly Polynomial[] {
    const common = gcd(factor, remainder(cutter, factor));
    if (common.length < 2 || common.length === factor.length) return [factor];
    return [common, quotient(factor, common)];
}
