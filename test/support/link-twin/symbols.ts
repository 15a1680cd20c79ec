import { toHex } from "../../../src/base/encoding.ts";

/**
 * docs/link.md, "Symbols", done slowly: a product is made bit by bit, every symbol is a row over all k sources, and
 * decoding solves all k equations with all k unknowns. It makes test/vectors/link/symbols.json.
 */
export function slowMultiply(a: number, b: number): number {
    let product = 0;
    for (let bit = 7; bit >= 0; bit--) {
        product *= 2;
        if (product >= 256) product ^= 0x11d;
        if ((b >> bit) % 2 === 1) product ^= a;
    }
    return product;
}

function slowInverse(value: number): number {
    for (let other = 1; other < 256; other++) if (slowMultiply(value, other) === 1) return other;
    throw new Error("no inverse");
}

function slowRow(id: number, count: number): number[] {
    return Array.from({ length: count }, (_, source) => {
        if (id < count) return id === source ? 1 : 0;
        return slowInverse(id ^ source);
    });
}

/** The sources, each filled up to `size`. */
function filledSources(body: Uint8Array, size: number): number[][] {
    const bytes = [...body];
    if (bytes.length % size !== 0) bytes.push(0x80);
    while (bytes.length % size !== 0) bytes.push(0);
    return Array.from({ length: bytes.length / size }, (_, index) => bytes.slice(index * size, (index + 1) * size));
}

/** What is sent under `id`: the last source symbol short, if it is, and repair symbols whole. */
export function slowSymbol(body: Uint8Array, size: number, id: number): Uint8Array {
    const sources = filledSources(body, size);
    if (id < sources.length) return body.slice(id * size, (id + 1) * size);
    const row = slowRow(id, sources.length);
    return Uint8Array.from({ length: size }, (_, at) =>
        sources.reduce((sum, source, index) => sum ^ slowMultiply(row[index] ?? 0, source[at] ?? 0), 0),
    );
}

/** The bodies that k symbols may mean, in the order in which they are tried. */
export function slowBodies(symbols: ReadonlyMap<number, Uint8Array>, size: number): Uint8Array[] {
    const count = symbols.size;
    const lines = [...symbols].map(([id, bytes]) => [...slowRow(id, count), ...(filledSources(bytes, size)[0] ?? [])]);
    for (let column = 0; column < count; column++) {
        const at = lines.findIndex((line, index) => index >= column && line[column] !== 0);
        const [pivot = []] = lines.splice(at, 1);
        const divisor = slowInverse(pivot[column] ?? 0);
        const scaled = pivot.map((value) => slowMultiply(value, divisor));
        for (const [index, line] of lines.entries()) {
            const factor = line[column] ?? 0;
            lines[index] = line.map((value, place) => value ^ slowMultiply(factor, scaled[place] ?? 0));
        }
        lines.splice(column, 0, scaled);
    }
    const whole = lines.flatMap((line) => line.slice(count));
    const last = symbols.get(count - 1);
    if (last) return [Uint8Array.from(whole.slice(0, (count - 1) * size + last.length))];
    return [...withoutFilling(whole, size), Uint8Array.from(whole)];
}

/** At least one byte of the last symbol stays, since a body that ends before it has a symbol less. */
function withoutFilling(whole: readonly number[], size: number): Uint8Array[] {
    const body = [...whole];
    while (body.at(-1) === 0) body.pop();
    if (body.pop() !== 0x80 || body.length <= whole.length - size) return [];
    return [Uint8Array.from(body)];
}

/** Bodies that differ in length, in their ends, and in what of them arrived. */
const CASES = [
    { size: 4, body: [1, 2, 3], arrived: [1] },
    { size: 4, body: [1, 2, 3, 0x80], arrived: [128] },
    { size: 4, body: [1, 2, 3, 4], arrived: [0] },
    { size: 3, body: counting(8), arrived: [0, 1, 2] },
    { size: 3, body: counting(8), arrived: [3, 0, 4] },
    { size: 3, body: counting(7), arrived: [159, 3, 80] },
    { size: 3, body: [...counting(6), 0x80, 0, 0], arrived: [0, 1, 3] },
    { size: 3, body: [...counting(6), 7, 0x80, 0], arrived: [0, 1, 3] },
    { size: 8, body: counting(50), arrived: [6, 7, 8, 9, 10, 11, 134] },
    { size: 5, body: counting(78), arrived: [0, 2, 3, 5, 6, 7, 8, 10, 11, 14, 15, 16, 17, 18, 19, 20] },
    { size: 2, body: counting(64), arrived: Array.from({ length: 32 }, (_, index) => 159 - 4 * index) },
];

function counting(count: number): number[] {
    return Array.from({ length: count }, (_, index) => (index * 37 + 11) % 256);
}

export function symbolVectors() {
    return {
        what: "docs/link.md, section 1, Symbols: any k symbols of a body of k·size bytes or less, and what they may mean",
        cases: CASES.map(({ size, body: numbers, arrived }) => {
            const body = Uint8Array.from(numbers);
            const symbols = new Map(arrived.map((id) => [id, slowSymbol(body, size, id)]));
            return {
                size,
                count: Math.ceil(body.length / size),
                body: toHex(body),
                symbols: [...symbols].map(([id, bytes]) => ({ id, bytes: toHex(bytes) })),
                bodies: slowBodies(symbols, size).map(toHex),
            };
        }),
    };
}
