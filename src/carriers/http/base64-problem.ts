const PAD = "=".charCodeAt(0);
const SYMBOLS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * What Rust's `base64` crate says about a text that its strict decoder refuses; Ember shows these words to people. Whole
 * groups of four are read first, then the last group with its padding. Undefined for a text that is good.
 */
export function base64Problem(text: string): string | undefined {
    const input = new TextEncoder().encode(text);
    const rest = input.length % 4;
    const lone = input.length - 1;
    if (rest === 1 && input[lone] !== PAD && digitOf(input[lone]) < 0) return badSymbol(input, lone);
    const last = input.length - (rest || Math.min(4, input.length));
    for (let index = 0; index < last; index++) if (digitOf(input[index]) < 0) return badSymbol(input, index);
    return problemInLast(input, last);
}

function problemInLast(input: Uint8Array, from: number): string | undefined {
    const padAt = input.indexOf(PAD, from);
    const end = padAt < 0 ? input.length : padAt;
    for (let index = from; index < end; index++) if (digitOf(input[index]) < 0) return badSymbol(input, index);
    const symbols = end - from;
    const isPadWrong = padAt >= 0 && (symbols < 2 || input.subarray(padAt).some((byte) => byte !== PAD));
    if (isPadWrong) return badSymbol(input, padAt);
    if (input.length > 0 && symbols < 2) return `Invalid input length: ${from + symbols}`;
    if ((input.length - from) % 4 !== 0) return "Invalid padding";
    const index = end - 1;
    const spareBits = symbols === 2 ? 15 : symbols === 3 ? 3 : 0;
    if ((digitOf(input[index]) & spareBits) === 0) return undefined;
    return `Invalid last symbol ${input[index]}, offset ${index}.`;
}

function badSymbol(input: Uint8Array, index: number): string {
    return `Invalid symbol ${input[index]}, offset ${index}.`;
}

function digitOf(byte: number | undefined): number {
    return byte === undefined ? -1 : SYMBOLS.indexOf(String.fromCharCode(byte));
}
