import { type TwinEntry, type TwinFrame, twinFrame, twinHear } from "./frames.ts";
import { hash } from "./twin.ts";

/** The cases of test/vectors/link/frames.json, all made by the twin. */
const CHECK = "c0ffee42";
const NODE = 0x2a07;
const [KEY, OTHER_KEY] = [hash("01").slice(0, 32), hash("02").slice(0, 32)];

const symbol = { alias: 5, slot: 11, count: 9, left: 3, symbol: "00112233" };

const ENTRIES: readonly TwinEntry[] = [
    { kind: "stored", item: 0, check: CHECK },
    { kind: "stored", item: 31, check: CHECK },
    { kind: "rejected", item: 1, check: CHECK },
    { kind: "later", item: 2, check: "00000000" },
    { kind: "need", keys: true, hour: false, ids: false, check: CHECK },
    { kind: "need", keys: false, hour: true, ids: true, check: "ffffffff" },
    { kind: "partial", missing: 1, alias: 0, slot: 15 },
    { kind: "partial", missing: 32, alias: 15, slot: 0 },
    { kind: "held", check: CHECK, missing: 1, held: "0" },
    { kind: "held", check: CHECK, missing: 3, held: "110101111" },
    { kind: "held", check: CHECK, missing: 32, held: "0".repeat(32) },
    { kind: "none", check: CHECK },
    { kind: "kept", check: CHECK },
];

const ack = { kind: "ack", alias: 3, node: NODE, following: 0, wants: false, loss255: 0 } as const;

const WRITTEN: readonly (readonly [string, TwinFrame])[] = [
    ["a block of one byte", { kind: "single", alias: 0, block: "ff" }],
    ["the first source symbol", { kind: "source", index: 0, ...symbol }],
    ["the last of 32", { kind: "source", index: 31, ...symbol, count: 32, left: 0, symbol: "80" }],
    ["the only one", { kind: "source", index: 0, ...symbol, count: 1, left: 2, alias: 15 }],
    ["a repair symbol", { kind: "repair", number: 0, ...symbol }],
    ["the last repair symbol", { kind: "repair", number: 31, ...symbol, count: 32, slot: 0, left: 1 }],
    ["an ack of nothing", { ...ack, entries: [], following: 3, loss255: 255 }],
    ...ENTRIES.map((entry, at) => [`an ack, ${entry.kind}, ${at}`, { ...ack, entries: [entry] }] as const),
    ["an ack that wants a turn", { ...ack, entries: [], following: 1, wants: true }],
    ["a turn", { kind: "turn", alias: 9, node: NODE, frames: 32 }],
    ["an ack of everything", { ...ack, loss255: 77, entries: ENTRIES }],
    ["a poll of nothing", { kind: "poll", alias: 1, node: 0, whom: [], blocks: [] }],
    [
        "a poll of two",
        {
            kind: "poll",
            alias: 1,
            node: 0xffff,
            whom: [0, 9, 15],
            blocks: [
                { slot: 0, count: 32, size: 509, check: CHECK },
                { slot: 15, count: 1, size: 1, check: "00000001" },
            ],
        },
    ],
    ["a lesson of the hour", { kind: "teach", alias: 2, node: NODE, hour: 490_896, keys: [] }],
    ["a lesson of two keys", { kind: "teach", alias: 2, node: NODE, hour: null, keys: [KEY, OTHER_KEY] }],
    ["a hello", { kind: "hello", alias: 4, node: NODE, hour: 490_896, asks: false }],
    ["a hello that asks, without a clock", { kind: "hello", alias: 4, node: 1, hour: null, asks: true }],
];

const REFUSED: readonly (readonly [string, string])[] = [
    ["nothing", ""],
    ["513 bytes", `40${"00".repeat(512)}`],
    ["version 0", "0011"],
    ["version 2", "8011"],
    ["version 3", "c011"],
    ["a block of nothing", "40"],
    ["a source symbol of nothing", "550000"],
    ["a source symbol beyond the last", "55b42400"],
    ["a repair symbol of nothing", "650000"],
    ["a control frame without type", "70"],
    ...["4", "9", "f"].map((type) => [`control type ${type}`, `70${type}02a07`] as const),
    ["a hello without hour", "73302a07"],
    ["a hello and a byte", "7330002a07007d90"],
    ["an ack without loss", "70002a07"],
    ["an entry that ends early", "70002a0700e0c0ffee"],
    ["half a name of a transfer", "70002a070080"],
    ["33 missing", "70002a0700a0c0ffee422100"],
    ["a bitmap that ends early", "70002a0700a8c0ffee420100"],
    ["a symbol size of 0", "71102a07000000000000c0ffee42"],
    ["a symbol size of 510", "71102a070000000001fec0ffee42"],
    ["a poll of nobody in particular that ends early", "71102a0700"],
    ["a poll that ends early", "71102a0700000000003200"],
    ["a lesson without hour", "72202a07"],
    ["half a key", `72202a07077d90${KEY.slice(0, 16)}`],
];

/** The whole file. */
export function makeFramesFile() {
    return {
        format: "link_frames",
        description: "docs/link.md sections 1 and 5; made by test/support/link-twin/make-vectors.ts",
        encoding: "hex",
        data: {
            written: WRITTEN.map(([name, means]) => ({ name, frame: twinFrame(means), means })),
            refused: REFUSED.map(([name, frame]) => ({ name, frame, error: twinHear(frame) })),
        },
    };
}
