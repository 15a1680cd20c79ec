import { loadFactor, multiply, square, timesFactor } from "./field.ts";

/**
 * The odd power sums s1, s3, s5, … of a set of non-zero elements of GF(2^32), as unsigned numbers: a PinSketch of capacity
 * `length`. The XOR of two sketches is the sketch of the symmetric difference of their sets.
 */
export type Sketch = Uint32Array;

/** A run of syndromes by place: 0 is s1, i is s(2i+1); `to` is not included. */
export interface Run {
    readonly from: number;
    readonly to: number;
}

export const SYNDROME_SIZE = 4;

export function sketchOf(elements: Iterable<number>, run: Run): Sketch {
    const sketch = new Uint32Array(run.to - run.from);
    for (const element of elements) toggle(sketch, element, run.from);
    return sketch;
}

/** Puts `element` into the set, or takes it out if it was there. `from` is the place of the sketch's first syndrome. */
export function toggle(sketch: Sketch, element: number, from = 0): void {
    let power = oddPower(element | 0, from);
    loadFactor(square(element | 0));
    for (let i = 0; i < sketch.length; i++) {
        sketch[i] = (sketch[i] as number) ^ power;
        power = timesFactor(power);
    }
}

/** element^(2 · place + 1). */
function oddPower(element: number, place: number): number {
    let power = element;
    let base = square(element);
    for (let rest = place; rest > 0; rest >>>= 1) {
        if (rest & 1) power = multiply(power, base);
        base = square(base);
    }
    return power;
}

/** The XOR of two sketches of one length. */
export function merge(a: Sketch, b: Sketch): Sketch {
    return a.map((syndrome, index) => syndrome ^ (b[index] ?? 0));
}

/** Four bytes a syndrome, little endian. */
export function writeSketch(sketch: Sketch): Uint8Array {
    const bytes = new Uint8Array(sketch.length * SYNDROME_SIZE);
    const view = new DataView(bytes.buffer);
    for (const [index, syndrome] of sketch.entries()) view.setUint32(index * SYNDROME_SIZE, syndrome, true);
    return bytes;
}

/** Undefined unless the size is a multiple of four. */
export function readSketch(bytes: Uint8Array): Sketch | undefined {
    if (bytes.length % SYNDROME_SIZE !== 0) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return Uint32Array.from({ length: bytes.length / SYNDROME_SIZE }, (_, i) =>
        view.getUint32(i * SYNDROME_SIZE, true),
    );
}
