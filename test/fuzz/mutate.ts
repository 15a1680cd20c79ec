/** Inputs are kept below this, in bytes: beyond it only time grows. */
export const INPUT_SIZE_MAX = 65_536;

const MUTATIONS_MAX = 6;
const RUN_LENGTH_MAX = 32;

/** Values at the edges of lengths, signs, varints and line protocols. */
const DICTIONARY: readonly Uint8Array[] = [
    Uint8Array.of(0),
    Uint8Array.of(0x7f),
    Uint8Array.of(0x80),
    Uint8Array.of(0xff),
    Uint8Array.of(0x80, 0x01),
    Uint8Array.of(0xff, 0xff),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f),
    Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01),
    ...["\r\n", "\n", ",", "=", ":", "-1", "65536", "4294967296", "1e999", '"', "{", "}", "[", "\u0000", "é"].map(
        (text) => new TextEncoder().encode(text),
    ),
];

/** Whole numbers from 0 to below `bound`; the same seed gives the same numbers for ever. */
export type Random = (bound: number) => number;

/** An xorshift generator over a seed mixed from a number and a text. */
export function makeRandom(seed: number, name = ""): Random {
    let state = seed >>> 0;
    for (const letter of `${name}#`) state = Math.imul(state ^ letter.charCodeAt(0), 0x9e3779b1) >>> 0;
    if (state === 0) state = 1;
    return (bound) => {
        state = (state ^ (state << 13)) >>> 0;
        state = (state ^ (state >>> 17)) >>> 0;
        state = (state ^ (state << 5)) >>> 0;
        return state % Math.max(1, bound);
    };
}

/** A new input: one of the corpus with a few faults in it. Never changes the corpus. */
export function mutate(corpus: readonly Uint8Array[], random: Random): Uint8Array {
    let bytes: Uint8Array = pick(corpus, random).slice();
    for (let count = 1 + random(MUTATIONS_MAX); count > 0; count--) {
        bytes = pickMutation(random)(bytes, random, corpus);
    }
    return bytes.subarray(0, INPUT_SIZE_MAX);
}

type Mutation = (bytes: Uint8Array, random: Random, corpus: readonly Uint8Array[]) => Uint8Array;

const flipBit: Mutation = (bytes, random) => {
    const at = random(bytes.length);
    if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    return bytes;
};

const setByte: Mutation = (bytes, random) => {
    const at = random(bytes.length);
    if (at < bytes.length) bytes[at] = random(256);
    return bytes;
};

/** Length fields are small numbers that are off by little. */
const nudgeByte: Mutation = (bytes, random) => {
    const at = random(bytes.length);
    if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) + (random(2) === 0 ? 1 : -1);
    return bytes;
};

const truncate: Mutation = (bytes, random) => bytes.slice(0, random(bytes.length + 1));

const cut: Mutation = (bytes, random) => {
    const from = random(bytes.length + 1);
    return join(bytes.subarray(0, from), bytes.subarray(from + 1 + random(RUN_LENGTH_MAX)));
};

const repeat: Mutation = (bytes, random) => {
    const from = random(bytes.length);
    const part = bytes.subarray(from, from + 1 + random(RUN_LENGTH_MAX));
    return join(bytes.subarray(0, from), part, part, bytes.subarray(from + part.length));
};

const insertNoise: Mutation = (bytes, random) => {
    const at = random(bytes.length + 1);
    const noise = Uint8Array.from({ length: 1 + random(RUN_LENGTH_MAX) }, () => random(256));
    return join(bytes.subarray(0, at), noise, bytes.subarray(at));
};

const insertWord: Mutation = (bytes, random) => {
    const at = random(bytes.length + 1);
    return join(bytes.subarray(0, at), pick(DICTIONARY, random), bytes.subarray(at));
};

const overwriteWord: Mutation = (bytes, random) => {
    const at = random(bytes.length + 1);
    const word = pick(DICTIONARY, random);
    return join(bytes.subarray(0, at), word, bytes.subarray(at + word.length));
};

const splice: Mutation = (bytes, random, corpus) => {
    const other = pick(corpus, random);
    return join(bytes.subarray(0, random(bytes.length + 1)), other.subarray(random(other.length + 1)));
};

const MUTATIONS = [
    flipBit,
    setByte,
    nudgeByte,
    truncate,
    cut,
    repeat,
    insertNoise,
    insertWord,
    overwriteWord,
    splice,
] as const;

function pickMutation(random: Random): Mutation {
    return MUTATIONS[random(MUTATIONS.length)] ?? flipBit;
}

function pick(list: readonly Uint8Array[], random: Random): Uint8Array {
    return list[random(list.length)] ?? new Uint8Array();
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
    const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
    let offset = 0;
    for (const part of parts) {
        whole.set(part, offset);
        offset += part.length;
    }
    return whole;
}
