export function checkBytes(check: number): Uint8Array {
    return Uint8Array.of(check >>> 24, (check >>> 16) & 255, (check >>> 8) & 255, check & 255);
}

/** Big endian, up to 4 bytes. */
export function uint(bytes: Uint8Array, offset: number, size: number): number {
    let value = 0;
    for (let index = 0; index < size; index++) value = value * 256 + (bytes[offset + index] ?? 0);
    return value;
}
