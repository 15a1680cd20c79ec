import { blake3 } from "@noble/hashes/blake3.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalBytes } from "../../../src/base/bytes.ts";
import { makePrng } from "../../../src/base/prng.ts";
import { type BlockReading, decodeBlock, encodeBlock } from "../../../src/link/block/block.ts";
import { encodeItem, messageIdOf, routingKeyOf } from "../../../src/link/block/item.ts";
import { KeyBook, SAME_PREFIX_MAX } from "../../../src/link/block/key-book.ts";
import { splitIntoParts } from "../../../src/link/block/part-shelf.ts";
import { type BlockContext, READ_COST_BASE, READ_COST_MAX, READINGS_MAX } from "../../../src/link/block/readings.ts";
import { id16, testMessage } from "../../support/envelopes.ts";
import { canonicalMessage, KNOWING, NOW_HOUR, UNKNOWING } from "./rig.ts";

/** `HEARTH_DAMAGES` damages for a long search, `HEARTH_SEED` to repeat one. */
const DAMAGES = Number(process.env["HEARTH_DAMAGES"] ?? 100_000);
const SEED = Number(process.env["HEARTH_SEED"] ?? 20_260_729);
const TIMEOUT_MS = 20_000 + DAMAGES;

const PAYLOADS = [
    canonicalMessage({ number: 1, ciphertextSize: 60 }),
    canonicalMessage({ number: 2, ciphertextSize: 20 }),
    testMessage(3).tombstone,
    Uint8Array.of(1, 2, 3),
];
const KEY = routingKeyOf(PAYLOADS[0] ?? id16(0)) ?? id16(0);
const ID = messageIdOf(PAYLOADS[2] ?? id16(0)) ?? id16(0);

/** Another id with the same first `size` bytes. */
function alike(id: Uint8Array, number: number, size: number): Uint8Array {
    const other = id16(number, 0x31);
    other.set(id.subarray(0, size));
    return other;
}

function knowing(otherKeys: number, otherIds: number): BlockContext {
    const ids = [ID, ...Array.from({ length: otherIds }, (_, number) => alike(ID, number, 4))];
    const prefixId = new DataView(ID.buffer, ID.byteOffset).getUint32(0) >>> 4;
    return {
        keys: new KeyBook([...Array.from({ length: otherKeys }, (_, number) => alike(KEY, number, 2)), KEY]),
        hour: NOW_HOUR,
        messageIdsWith: (prefix28) => (prefix28 === prefixId ? ids : []),
        digest: blake3,
    };
}

const USUAL = knowing(1, 1);
/** The most readings that there can be: every place for a key with this handle taken. */
const CROWDED = knowing(SAME_PREFIX_MAX - 1, 2 * READINGS_MAX);

function blockOf(payloads: readonly Uint8Array[], belief = KNOWING): Uint8Array {
    return encodeBlock(
        payloads.map((payload) => ({ payload, item: encodeItem(payload, belief) })),
        blake3,
    );
}

const BLOCKS = [
    ...[KNOWING, UNKNOWING].flatMap((belief) => [
        ...PAYLOADS.map((payload) => blockOf([payload], belief)),
        blockOf(PAYLOADS, belief),
    ]),
    ...(splitIntoParts(new Uint8Array(300).fill(6), 200, blake3) ?? []),
];

function invented(reading: BlockReading, sent: readonly Uint8Array[]): boolean {
    if (reading.kind !== "payloads") return false;
    return (
        reading.payloads.length !== sent.length ||
        reading.payloads.some((each, at) => !equalBytes(each, sent[at] ?? ID))
    );
}

describe("a wrong payload is never read", () => {
    it(`from ${DAMAGES} damaged blocks, seed ${SEED}`, { timeout: TIMEOUT_MS }, () => {
        const random = makePrng(SEED);
        const below = (limit: number): number => Math.floor(random() * limit);
        const sent = BLOCKS.map((block) => decodeBlock(block, USUAL));
        expect(sent.map(({ kind }) => kind)).not.toContain("need");
        const wrong: string[] = [];
        for (let number = 0; number < DAMAGES; number++) {
            const which = below(BLOCKS.length);
            const { kind } = decodeBlock(damage(BLOCKS[which] ?? new Uint8Array(0), below), USUAL);
            if (kind === "payloads" || kind === "part") wrong.push(`damage ${number} of block ${which}: ${kind}`);
        }
        expect(wrong).toEqual([]);
    });

    it("by an end with other keys, another hour or a lost memory", () => {
        const keys = fc.array(fc.nat({ max: 50 }), { maxLength: 20 });
        const hours = fc.option(fc.integer({ min: NOW_HOUR - 500, max: NOW_HOUR + 500 }), { nil: undefined });
        fc.assert(
            fc.property(keys, fc.boolean(), hours, fc.boolean(), (numbers, known, hour, held) => {
                const book = new KeyBook(numbers.map((number) => alike(KEY, number, 2)));
                if (known) book.touch(KEY);
                const messageIdsWith = () =>
                    held ? [alike(ID, 1, 4), ID] : numbers.map((number) => alike(ID, number, 4));
                const context: BlockContext = { keys: book, hour, messageIdsWith, digest: blake3 };
                for (const payload of PAYLOADS) {
                    const one = decodeBlock(blockOf([payload]), context);
                    expect(invented(one, [payload])).toBe(false);
                    expect(one.kind).not.toBe("damaged");
                }
                const all = decodeBlock(blockOf(PAYLOADS), context);
                expect(invented(all, PAYLOADS)).toBe(false);
                const near = hour !== undefined && NOW_HOUR - 1 - hour <= 15 && NOW_HOUR - 1 - hour >= -200;
                expect(all.kind).toBe(known && near && held ? "payloads" : "need");
            }),
        );
    });
});

/** How much is hashed to read a block whose last byte is wrong, so that no reading of the last item fits. */
function effort(block: Uint8Array) {
    const effort = { hashes: 0, bytes: 0 };
    const digest = (bytes: Uint8Array): Uint8Array => {
        effort.hashes++;
        effort.bytes += bytes.length;
        return blake3(bytes);
    };
    const body = block.map((byte, at) => (at === block.length - 1 ? byte ^ 1 : byte));
    expect(decodeBlock(body, { ...CROWDED, digest }).kind).toMatch(/^(need|damaged)$/);
    return effort;
}

describe("one block costs a bounded number of readings", () => {
    it("of each item", () => {
        const [usual = ID] = BLOCKS;
        expect(effort(usual).hashes).toBe(SAME_PREFIX_MAX * 7);
        for (const block of BLOCKS)
            expect(effort(block).hashes).toBeLessThanOrEqual(READINGS_MAX * PAYLOADS.length + 1);
    });

    it("of a large payload, or of many small ones", () => {
        const large = effort(blockOf([canonicalMessage({ ciphertextSize: 16_000 })]));
        expect(large.hashes).toBe(7);
        const far = Array.from({ length: 31 }, (_, number) => canonicalMessage({ number, hour: NOW_HOUR - 190 }));
        const many = effort(blockOf(far));
        expect(many.hashes).toBeLessThanOrEqual(READ_COST_MAX / READ_COST_BASE);
        expect(many.bytes).toBeLessThanOrEqual(READ_COST_MAX);
    });
});

it("31 messages of three days ago are read by whoever knows the key and the hour", () => {
    const payloads = Array.from({ length: 31 }, (_, number) =>
        canonicalMessage({ number, hour: NOW_HOUR - 72, ciphertextSize: 400 }),
    );
    expect(decodeBlock(blockOf(payloads), knowing(0, 0))).toEqual({ kind: "payloads", payloads });
});

function damage(block: Uint8Array, below: (limit: number) => number): Uint8Array {
    const body = block.slice();
    const way = below(4);
    if (way === 0) return body.subarray(0, below(body.length));
    if (way === 1) return Uint8Array.of(...body, ...Array.from({ length: 1 + below(4) }, () => below(256)));
    const changes = way === 2 ? 1 : 1 + below(8);
    for (let change = 0; change < changes; change++) {
        // Half of the damage hits the fields at the front, where it does most.
        const at = below(2) === 0 ? below(Math.min(24, body.length)) : below(body.length);
        body[at] = (body[at] ?? 0) ^ (1 + below(255));
    }
    // Two changes of one byte may undo each other.
    if (equalBytes(body, block)) body[0] = (body[0] ?? 0) ^ 1;
    return body;
}
