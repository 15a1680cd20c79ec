import { hash, hex, partCheck, type TwinReader, twinBlock, twinCheck, twinChunks, twinParts, varint } from "./twin.ts";
import { twinRead } from "./twin-reader.ts";

/** The cases of test/vectors/link/blocks.json, all made by the twin. */
const HOUR = 490_896;
const KEY = noise("key", 16);
const OTHER_KEY = `${KEY.slice(0, 3)}${noise("other key", 16).slice(3)}`;
const KNOWS: TwinReader = { keys: [KEY], hour: HOUR, message_ids: [] };
const FORGOT: TwinReader = { keys: [], hour: null, message_ids: [] };

/** So many bytes that depend on the name only. */
function noise(name: string, size: number): string {
    let text = "";
    for (let round = 0; text.length < size * 2; round++) {
        text += hash([...`${name} ${round}`].map((letter) => hex(letter.charCodeAt(0), 1)).join(""));
    }
    return text.slice(0, size * 2);
}

interface MessageOptions {
    readonly name: string;
    readonly hour?: number;
    /** As it stands in the envelope. */
    readonly ttl?: string;
    readonly size?: number;
    readonly key?: string;
}

function message({ name, hour = HOUR - 1, ttl = "01a801", size = 40, key = KEY }: MessageOptions): string {
    const id = noise(`${name} id`, 16);
    const uuid = `${id.slice(0, 12)}4${id.slice(13, 16)}9${id.slice(17)}`;
    const ephemeral = `${noise(`${name} ephemeral`, 31)}5c`;
    const rest = uuid + ephemeral + noise(`${name} ack`, 16);
    return `000000${key}${varint(hour)}${ttl}${rest}${varint(size)}${noise(`${name} ciphertext`, size)}`;
}

function tombstone(name: string): string {
    return `02${noise(`${name} id`, 16)}${noise(`${name} proof`, 80)}`;
}

const MESSAGE = message({ name: "message", size: 144 });
const TOMBSTONE = tombstone("tombstone");
const ID = TOMBSTONE.slice(2, 34);
const HOLDS = { ...KNOWS, message_ids: [`${ID.slice(0, 7)}${noise("another", 16).slice(7)}`, ID] };
const LARGE = message({ name: "large", size: 1500 });

interface Written {
    readonly name: string;
    readonly payloads: readonly string[];
    readonly forms: readonly number[];
    readonly reader?: TwinReader;
}

const ODD: readonly Written[] = [
    ["one byte", "ff"],
    ["an envelope of another version", MESSAGE.replace(/^000000/, "000001")],
    ["a lifetime of 25 hours", message({ name: "ttl", ttl: "0119" })],
    ["a lifetime in a long varint", message({ name: "ttl", ttl: "019800" })],
    ["an hour of 2^24", message({ name: "hour", hour: 2 ** 24 })],
    ["a byte after the envelope", `${MESSAGE}00`],
    [
        "an id that is no UUIDv4",
        message({ name: "id" }).replace(
            noise("id id", 16).slice(0, 12).concat("4"),
            `${noise("id id", 16).slice(0, 12)}7`,
        ),
    ],
    ["a byte after the tombstone", `${TOMBSTONE}00`],
].map(([name = "", payload = ""]) => ({ name: `raw: ${name}`, payloads: [payload], forms: [0] }));

const WRITTEN: readonly Written[] = [
    ...ODD,
    ...[1, 2, 3, 4].map((form) => ({ name: `a message in form ${form}`, payloads: [MESSAGE], forms: [form] })),
    { name: "a tombstone", payloads: [TOMBSTONE], forms: [5] },
    { name: "a tombstone that is known", payloads: [TOMBSTONE], forms: [6] },
    { name: "a message without ciphertext", payloads: [message({ name: "empty", size: 0 })], forms: [1] },
    ...["00", "0118", "0148"].map((ttl) => ({
        name: `a lifetime ${ttl}`,
        payloads: [message({ name: ttl, ttl })],
        forms: [1],
    })),
    ...[-200, -31, 15].map((away) => ({
        name: `${away} hours away`,
        payloads: [message({ name: "away", hour: HOUR + away })],
        forms: [1],
    })),
    ...[0, 2 ** 24 - 1].map((hour) => ({
        name: `the hour ${hour}`,
        payloads: [message({ name: "far", hour })],
        forms: [3],
    })),
    { name: "two keys with one handle", payloads: [MESSAGE], forms: [1], reader: { ...KNOWS, keys: [OTHER_KEY, KEY] } },
    {
        name: "several: two messages and a tombstone",
        payloads: [MESSAGE, message({ name: "second" }), TOMBSTONE],
        forms: [1, 2, 6],
    },
    { name: "several: the same twice", payloads: [TOMBSTONE, TOMBSTONE], forms: [5, 6] },
    {
        name: "several: 31 of one byte",
        payloads: Array.from({ length: 31 }, (_, index) => hex(index, 1)),
        forms: Array(31).fill(0),
    },
    ...[-201, 16].map((away) => ({
        name: `hour asked for: ${away} hours away`,
        payloads: [message({ name: "away", hour: HOUR + away })],
        forms: [2],
    })),
    { name: "key asked for", payloads: [MESSAGE], forms: [1], reader: { ...FORGOT, hour: HOUR } },
    { name: "key asked for, whole hour", payloads: [MESSAGE], forms: [3], reader: FORGOT },
    { name: "hour asked for, no clock", payloads: [MESSAGE], forms: [1], reader: { ...KNOWS, hour: null } },
    { name: "key and hour asked for", payloads: [MESSAGE], forms: [1], reader: FORGOT },
    {
        name: "either asked for, another's key",
        payloads: [MESSAGE],
        forms: [1],
        reader: { ...KNOWS, keys: [OTHER_KEY] },
    },
    { name: "id asked for", payloads: [TOMBSTONE], forms: [6], reader: FORGOT },
    { name: "all asked for", payloads: [MESSAGE, TOMBSTONE], forms: [1, 6], reader: FORGOT },
];

const ONE = twinBlock([MESSAGE], [1]);
const TWO = twinBlock([TOMBSTONE, "aabb"], [5, 0]);
const [PART = ""] = twinParts(LARGE, 600);

const DAMAGED: readonly (readonly [string, string])[] = [
    ["nothing", ""],
    ["less than head and check", ONE.slice(0, 10)],
    ["an empty payload", `0000${twinCheck([""])}`],
    ["an unknown form", `9${ONE.slice(1)}`],
    ["an argument where none belongs", `0001${twinBlock(["ff"], [0]).slice(4)}`],
    ["a raw payload with a changed bit", `${twinBlock(["ff"], [0]).slice(0, -2)}fe`],
    ["a message that is too short", ONE.slice(0, 12 + 126)],
    ["bits of the hour beside a whole hour", twinBlock([MESSAGE], [3]).replace(/^(.{18}.{12})./, "$13")],
    ["a tombstone that is too long", `${twinBlock([TOMBSTONE], [5])}00`],
    ["one item where two are said", `7002${TWO.slice(4, 12)}${TWO.slice(12, 12 + 2 + 200)}`],
    ["a byte after the last item", `${TWO}00`],
    ["three items where two are", `7003${TWO.slice(4)}`],
    ["a size in a long varint", TWO.replace(/06(.{12})$/, "8600$1")],
    ["an item of several", TWO.replace(/060000(.{8})$/, "067002$1")],
    ["items in another order", `${TWO.slice(0, 12)}${TWO.slice(214)}${TWO.slice(12, 214)}`],
    ["a part read as a payload", `0${PART.slice(1)}`],
    ["a payload read as a part", `8${twinBlock([PART.slice(12)], [0]).slice(1)}`],
    ["a part without bytes", partBlock(PART.slice(12, 12 + 26))],
    ["a part beyond the parts", partBlock(PART.slice(12).replace(/^(.{22})../, "$103"))],
    ["a part of more than 16 KiB", partBlock(PART.slice(12).replace(/^(.{16})....../, "$1004001"))],
    ["parts of more than the whole", partBlock(PART.slice(12).replace(/^(.{16})....../, "$1000246"))],
];

function partBlock(content: string): string {
    return `8000${partCheck(content)}${content}`;
}

/** The whole file. */
export function makeBlocksFile() {
    const written = WRITTEN.map(({ name, payloads, forms, reader = HOLDS }) => {
        const block = twinBlock(payloads, forms);
        return { name, payloads, forms, block, reader, reading: twinRead(block, reader) };
    });
    const damaged = DAMAGED.map(([name, block]) => ({ name, block, reader: HOLDS, reading: twinRead(block, HOLDS) }));
    const wrongHour = { ...HOLDS, hour: HOUR + 4000 };
    return {
        format: "link_blocks",
        description: "docs/link.md section 2, and Ember's chunks; made by test/support/link-twin/make-vectors.ts",
        encoding: "hex",
        data: {
            written: [
                ...written,
                {
                    name: "either asked for, a wrong clock",
                    payloads: [MESSAGE],
                    forms: [1],
                    block: ONE,
                    reader: wrongHour,
                    reading: twinRead(ONE, wrongHour),
                },
            ],
            damaged,
            parts: [600, 120].map((size) => partsCase(LARGE, size)),
            chunks: [51, 222].map((size) => ({
                payload: MESSAGE,
                frame_size_max: size,
                frames: twinChunks(MESSAGE, size),
            })),
        },
    };
}

function partsCase(payload: string, size: number) {
    const blocks = twinParts(payload, size);
    return { payload, block_size_max: size, blocks, readings: blocks.map((block) => twinRead(block, FORGOT)) };
}
