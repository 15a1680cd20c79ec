import { readFileSync } from "node:fs";
import { join } from "node:path";
import { blake3 } from "@noble/hashes/blake3.js";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../src/base/encoding.ts";
import { type BlockReading, decodeBlock, encodeBlock } from "../../../src/link/block/block.ts";
import { encodeItemAs } from "../../../src/link/block/item.ts";
import { KeyBook } from "../../../src/link/block/key-book.ts";
import { splitIntoParts } from "../../../src/link/block/part-shelf.ts";
import type { BlockContext } from "../../../src/link/block/readings.ts";
import { encodeChunks } from "../../../src/link/chunks.ts";
import { makeBlocksFile } from "../../support/link-twin/cases.ts";
import { type TwinReader, type TwinReading, twinItem } from "../../support/link-twin/twin.ts";

const FILE: ReturnType<typeof makeBlocksFile> = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../vectors/link/blocks.json"), "utf8"),
);
const { written, damaged, parts, chunks } = FILE.data;

it("the twin makes the file that is kept", () => {
    expect(JSON.parse(JSON.stringify(makeBlocksFile()))).toEqual(FILE);
});

describe("blocks", () => {
    it.each(written.map((each) => [each.name, each] as const))(
        "%s",
        (_, { payloads, forms, block, reader, reading }) => {
            const items = payloads.map((text, index) => {
                const head = twinItem(text, forms[index] ?? 0)?.head ?? "";
                const item = encodeItemAs(bytes(text), Number.parseInt(head, 16));
                if (!item) throw new Error(`no form ${head}`);
                return { payload: bytes(text), item };
            });
            expect(toHex(encodeBlock(items, blake3))).toBe(block);
            expect(plain(decodeBlock(bytes(block), contextOf(reader)))).toEqual(reading);
        },
    );

    it.each(damaged.map((each) => [each.name, each] as const))("damaged: %s", (_, { block, reader, reading }) => {
        expect(reading).toEqual({ kind: "damaged" });
        expect(decodeBlock(bytes(block), contextOf(reader))).toEqual(reading);
    });

    it.each(parts)("parts of at most $block_size_max bytes", ({ payload, block_size_max, blocks, readings }) => {
        expect(splitIntoParts(bytes(payload), block_size_max, blake3)?.map(toHex)).toEqual(blocks);
        const context = contextOf({ keys: [], hour: null, message_ids: [] });
        expect(blocks.map((block) => plain(decodeBlock(bytes(block), context)))).toEqual(readings);
    });

    it.each(chunks)("chunks of at most $frame_size_max bytes", ({ payload, frame_size_max, frames }) => {
        const made = encodeChunks(bytes(payload), frame_size_max, blake3);
        expect(made.ok && made.value.map(toHex)).toEqual(frames);
    });
});

function bytes(text: string): Uint8Array {
    const found = fromHex(text);
    if (!found) throw new Error(`no hexadecimal text: ${text}`);
    return found;
}

function contextOf({ keys, hour, message_ids }: TwinReader): BlockContext {
    return {
        keys: new KeyBook(keys.map(bytes)),
        hour: hour ?? undefined,
        messageIdsWith: (prefix28) =>
            message_ids.filter((id) => Number.parseInt(id.slice(0, 7), 16) === prefix28).map(bytes),
        digest: blake3,
    };
}

/** In the words of the file. */
function plain(reading: BlockReading): TwinReading {
    if (reading.kind === "payloads") return { kind: "payloads", payloads: reading.payloads.map(toHex) };
    if (reading.kind !== "part") return reading;
    const { digest, payloadSize, number, count, bytes: piece } = reading.part;
    return { kind: "part", digest: toHex(digest), size: payloadSize, number, count, bytes: toHex(piece) };
}
