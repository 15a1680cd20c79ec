import { toHex } from "../../src/base/encoding.ts";
import { twinTranscript, words } from "./sketch-meeting-twin.ts";
import { twinHash, twinMultiply, twinShort, twinSketch } from "./sketch-twin.ts";

/** Two ids, told by their number, whose short ids agree under `SALT`; found by trying. */
export const COLLIDING: readonly [number, number] = [69_768, 193_667];
export const SALT = Uint8Array.from({ length: 8 }, (_, index) => index);

/** Sixteen bytes: the number, little endian, then zeros. */
export function numberedId(number: number): Uint8Array {
    const id = new Uint8Array(16);
    new DataView(id.buffer).setUint32(0, number, true);
    return id;
}

/** What test/vectors/link/sketch.json holds, made by the twin alone. Numbers of 32 bits are written as `0x` and 8 digits. */
export function sketchVectors() {
    return {
        page: "docs/sketch.md",
        field: [
            [1, 1],
            [2, 0x8000_0000],
            [0xffff_ffff, 0xffff_ffff],
            [0xdead_beef, 0x0123_4567],
            [0x8000_0000, 0x8000_0000],
        ].map(([a = 0, b = 0]) => ({ a: hex(a), b: hex(b), product: hex(twinMultiply(a, b)) })),
        hash: [0, 1, 4, 15, 16].map((size) => {
            const message = Uint8Array.from({ length: size }, (_, index) => index);
            return { salt: toHex(SALT), message: toHex(message), hash: hex(twinHash(SALT, message)) };
        }),
        sketches: [0, 1, 2, 5, 14, 15, 40].map((size) => sketchOf(size, size < 15 ? size + 1 : size)),
        undecodable: [
            [1, 1],
            [2, 1],
            [2, 2],
            [14, 14],
            [41, 40],
            [200, 64],
        ].map(([size = 0, syndromes = 0]) => sketchOf(size, syndromes)),
        refused: REFUSED,
        collision: {
            salt: toHex(SALT),
            ids: COLLIDING.map((number) => toHex(numberedId(number))),
            shorts: COLLIDING.map((number) => hex(twinShort(SALT, numberedId(number)))),
            list: `c3${COLLIDING.map((number) => toHex(numberedId(number))).join("")}`,
        },
        meetings: [
            meeting("equal", [range(1, 6), range(1, 6)]),
            meeting("far has one more", [range(1, 6), range(1, 7)]),
            meeting("near has one more", [range(1, 7), range(1, 6)]),
            meeting("three each", [range(1, 9), [...range(1, 6), ...range(20, 23)]]),
            meeting("near has twelve more and lacks two", [range(1, 31), [...range(1, 17), 40, 41]]),
            meeting("forty each, halved", [range(1, 43), [1, 2, ...range(100, 140)]]),
        ],
    };
}

/** One of each fault: sizes, kinds and numbers that docs/sketch.md does not allow. */
const REFUSED = [
    "",
    "00",
    "0001",
    "0001010203",
    "40",
    "4101020304ff",
    "7f0102030405060708",
    "80",
    "8000",
    "8505",
    "8141",
    "810500",
    "c0010203",
    "c3",
    "c3000102030405060708090a0b0c0d0e",
    "c401000028",
    "c400800028",
    "c402002828",
    "c40200002829",
    "c502003f0102030405060708",
    "c5020000",
    "c6",
    "ff00",
];

function meeting(name: string, [near, far]: readonly [readonly number[], readonly number[]]) {
    const transcript = twinTranscript({ salt: SALT, near: near.map(numberedId), far: far.map(numberedId) });
    return { name, salt: toHex(SALT), near, far, transcript };
}

/** Elements that look random and are the same every time: short ids of numbers. */
function sketchOf(size: number, syndromes: number) {
    const elements = range(1_000, 1_000 + size).map((number) => twinShort(SALT, numberedId(number)));
    const ascending = elements.sort((a, b) => a - b);
    return { elements: ascending.map(hex), syndromes, bytes: words(twinSketch(ascending, 0, syndromes)) };
}

function range(from: number, to: number): readonly number[] {
    return Array.from({ length: to - from }, (_, index) => from + index);
}

function hex(value: number): string {
    return `0x${value.toString(16).padStart(8, "0")}`;
}
