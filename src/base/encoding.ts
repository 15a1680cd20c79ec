/**
 * Text forms of bytes, as strict as Ember's decoders: wrong alphabet, missing or extra padding, white space and non-zero
 * trailing bits are all refused (undefined). RFC 4648.
 */

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE = `${STANDARD.slice(0, 62)}-_`;
const STANDARD_VALUES = valuesOf(STANDARD);
const URL_SAFE_VALUES = valuesOf(URL_SAFE);
const HEX_VALUES = valuesOf("0123456789abcdef");
for (const [index, letter] of [..."ABCDEF"].entries()) HEX_VALUES[letter.charCodeAt(0)] = 10 + index;

const NOT_A_DIGIT = 255;

function valuesOf(alphabet: string): Uint8Array {
    const values = new Uint8Array(128).fill(255);
    for (let index = 0; index < alphabet.length; index++) values[alphabet.charCodeAt(index)] = index;
    return values;
}

export function toHex(bytes: Uint8Array): string {
    let text = "";
    for (const byte of bytes) text += HEX[byte];
    return text;
}

/** Either case; undefined for an odd length or another character. */
export function fromHex(text: string): Uint8Array | undefined {
    if (text.length % 2 !== 0) return undefined;
    const bytes = new Uint8Array(text.length / 2);
    for (let index = 0; index < bytes.length; index++) {
        const high = digit(HEX_VALUES, text.charCodeAt(index * 2));
        const low = digit(HEX_VALUES, text.charCodeAt(index * 2 + 1));
        if (high === NOT_A_DIGIT || low === NOT_A_DIGIT) return undefined;
        bytes[index] = high * 16 + low;
    }
    return bytes;
}

/** Standard alphabet with padding. */
export function toBase64(bytes: Uint8Array): string {
    const text = encode64(bytes, STANDARD);
    return text + "=".repeat((4 - (text.length % 4)) % 4);
}

/** Standard alphabet; the padding must be there and be right. */
export function fromBase64(text: string): Uint8Array | undefined {
    if (text.length % 4 !== 0) return undefined;
    const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
    return decode64(text, text.length - padding, STANDARD_VALUES);
}

/** URL-safe alphabet without padding. */
export function toBase64Url(bytes: Uint8Array): string {
    return encode64(bytes, URL_SAFE);
}

/** URL-safe alphabet; any padding is an error. */
export function fromBase64Url(text: string): Uint8Array | undefined {
    return decode64(text, text.length, URL_SAFE_VALUES);
}

function encode64(bytes: Uint8Array, alphabet: string): string {
    let text = "";
    let held = 0;
    let bits = 0;
    for (const byte of bytes) {
        held = (held << 8) | byte;
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            text += alphabet[(held >> bits) & 63];
        }
        held &= (1 << bits) - 1;
    }
    if (bits > 0) text += alphabet[(held << (6 - bits)) & 63];
    return text;
}

function decode64(text: string, digits: number, values: Uint8Array): Uint8Array | undefined {
    if (digits % 4 === 1) return undefined;
    const bytes = new Uint8Array(Math.floor((digits * 6) / 8));
    let held = 0;
    let bits = 0;
    let size = 0;
    for (let index = 0; index < digits; index++) {
        const value = digit(values, text.charCodeAt(index));
        if (value === NOT_A_DIGIT) return undefined;
        held = (held << 6) | value;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes[size++] = held >> bits;
        held &= (1 << bits) - 1;
    }
    return held === 0 ? bytes : undefined;
}

function digit(values: Uint8Array, code: number): number {
    return values[code] ?? NOT_A_DIGIT;
}
