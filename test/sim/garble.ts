/** At most so many bytes are changed one by one. */
const SPOTS_MAX = 4;

/** Damage as it comes out of a decoder that went wrong: some bytes changed, everything from one on, or the end missing. */
export function garble(bytes: Uint8Array, random: () => number): Uint8Array {
    const copy = bytes.slice();
    if (copy.length === 0) return copy;
    const from = Math.floor(random() * copy.length);
    const kind = random();
    if (kind < 0.2) return copy.subarray(0, from);
    const last = kind < 0.5 ? copy.length : from + 1;
    for (let index = from; index < last; index++) change(copy, index, random);
    const spots = kind < 0.5 ? 0 : Math.floor(random() * SPOTS_MAX);
    for (let spot = 0; spot < spots; spot++) change(copy, (from + 1 + spot * 7) % copy.length, random);
    return copy;
}

function change(bytes: Uint8Array, index: number, random: () => number): void {
    bytes[index] = (bytes[index] ?? 0) ^ (1 + Math.floor(random() * 255));
}
