/** Compares in time that depends on the lengths only, so it may compare secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
    if (a.length !== b.length) return false;
    let difference = 0;
    for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0);
    return difference === 0;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
    let size = 0;
    for (const part of parts) size += part.length;
    const whole = new Uint8Array(size);
    let offset = 0;
    for (const part of parts) {
        whole.set(part, offset);
        offset += part.length;
    }
    return whole;
}

const ASCII = new TextEncoder();

/** UTF-8 bytes of `text`; used for the ASCII strings that separate one hash's domain from another's. */
export function utf8(text: string): Uint8Array {
    return ASCII.encode(text);
}
