/** A keyed hash of an id: 32 bits that nobody can aim at who does not know the salt. */
export type ShortHash = (salt: Uint8Array, id: Uint8Array) => number;

/** Octets of a message id. */
export const ID_SIZE = 16;

/** More ids than this are never compared in one go. */
export const IDS_MAX = 2 ** 20;

/** The whole of the short ids; node n is halved into nodes 2n and 2n + 1, as in a heap. */
export const ROOT = 1;

/** Nodes have at most this many bits of prefix. */
export const DEPTH_MAX = 14;

/** One meeting's view of a set of ids. */
export interface ShortIds {
    /** All short ids, each once, ascending. */
    readonly shorts: Uint32Array;
    /** Ids that share their short id with another one of this set, at most. */
    readonly collided: readonly Uint8Array[];
    shortOf(id: Uint8Array): number;
    has(short: number): boolean;
    /** The ids with this short id; more than one where they collide. */
    idsOf(short: number): readonly Uint8Array[];
    /** The part of `shorts` below `node`. */
    below(node: number): Uint32Array;
}

/** `ids` are 16 bytes each and all different. Throws for more than `IDS_MAX`. */
export function indexIds(ids: readonly Uint8Array[], shortOf: (id: Uint8Array) => number): ShortIds {
    if (ids.length > IDS_MAX) throw new RangeError(`${ids.length} ids in one comparison`);
    // Short id and place in one exact number, so that one fast sort orders both.
    const keys = Float64Array.from(ids, (id, place) => shortOf(id) * IDS_MAX + place).sort();
    const all = Uint32Array.from(keys, (key) => Math.floor(key / IDS_MAX));
    const idAt = (index: number): readonly Uint8Array[] => ids.slice(placeOf(keys, index), placeOf(keys, index) + 1);
    const idsOf = (short: number): readonly Uint8Array[] => {
        const found: Uint8Array[] = [];
        for (let index = firstFrom(all, short); all[index] === short; index++) found.push(...idAt(index));
        return found;
    };
    const isShared = (short: number, index: number): boolean => short === all[index - 1] || short === all[index + 1];
    const shorts = all.filter((short, index) => short !== all[index - 1]);
    return {
        shorts,
        collided: [...all.keys()].filter((index) => isShared(all[index] ?? 0, index)).flatMap(idAt),
        shortOf,
        has: (short) => all[firstFrom(all, short)] === short,
        idsOf,
        below: (node) => {
            const { first, next } = rangeOf(node);
            return shorts.subarray(firstFrom(shorts, first), firstFrom(shorts, next));
        },
    };
}

function placeOf(keys: Float64Array, index: number): number {
    return (keys[index] ?? 0) % IDS_MAX;
}

/** Short ids are never zero: zero leaves no trace in a sketch. */
export function makeShortOf(hash: ShortHash, salt: Uint8Array): (id: Uint8Array) => number {
    return (id) => hash(salt, id) >>> 0 || 1;
}

export function depthOf(node: number): number {
    return 31 - Math.clz32(node);
}

/** The short ids below `node` are those from `first` on that are less than `next`. */
export function rangeOf(node: number): { readonly first: number; readonly next: number } {
    const depth = depthOf(node);
    const width = 2 ** (32 - depth);
    const first = (node - 2 ** depth) * width;
    return { first, next: first + width };
}

/** Where the first value that is not less than `least` stands; the length if there is none. */
function firstFrom(ascending: Uint32Array, least: number): number {
    let low = 0;
    let high = ascending.length;
    while (low < high) {
        const middle = (low + high) >>> 1;
        if ((ascending[middle] ?? 0) < least) low = middle + 1;
        else high = middle;
    }
    return low;
}
