import { blake3 } from "@noble/hashes/blake3.js";
import { equalBytes } from "../../../src/base/bytes.ts";
import {
    BLOCK_OVERHEAD,
    blockCheck,
    decodeBlock,
    encodeBlock,
    encodePartBlock,
} from "../../../src/link/block/block.ts";
import { encodeItem, encodeItemAs, FORM, formOf, messageIdOf, routingKeyOf } from "../../../src/link/block/item.ts";
import { KeyBook } from "../../../src/link/block/key-book.ts";
import { writePart } from "../../../src/link/block/part.ts";
import { splitIntoParts } from "../../../src/link/block/part-shelf.ts";
import type { BlockContext } from "../../../src/link/block/readings.ts";
import { canonicalMessage, KNOWING, NOW_HOUR, UNKNOWING } from "../../link/block/rig.ts";
import { testMessage } from "../../support/envelopes.ts";
import type { FuzzTarget } from "../target.ts";

const PAYLOADS = [canonicalMessage({ number: 1 }), canonicalMessage({ number: 2 }), testMessage(3).tombstone];
const CONTEXT: BlockContext = {
    keys: new KeyBook(PAYLOADS.flatMap((payload) => routingKeyOf(payload) ?? [])),
    hour: NOW_HOUR,
    messageIdsWith: (prefix28) => [
        Uint8Array.from({ length: 16 }, (_, at) => (prefix28 << 4) >>> (24 - 8 * Math.min(at, 3))),
    ],
    digest: blake3,
};
/** Every check fits, so that bytes get behind it. */
const CREDULOUS: BlockContext = { ...CONTEXT, digest: () => new Uint8Array(32) };

/** Blocks as they come from the air, and any bytes as a payload. */
export const target: FuzzTarget = {
    name: "link-block",
    corpus: () => [
        ...[KNOWING, UNKNOWING].flatMap((belief) => {
            const items = PAYLOADS.map((payload) => ({ payload, item: encodeItem(payload, belief) }));
            return [encodeBlock(items, blake3), ...items.map((item) => encodeBlock([item], blake3))];
        }),
        ...(splitIntoParts(new Uint8Array(300).fill(6), 200, blake3) ?? []),
        ...PAYLOADS,
    ],
    run(bytes) {
        readStrictly(bytes);
        readCredulously(bytes);
        if (bytes.length > 0) roundTrip(bytes);
    },
};

function readStrictly(body: Uint8Array): void {
    const reading = decodeBlock(body, CONTEXT);
    if (reading.kind !== "payloads") return;
    if (!equalBytes(blockCheck(reading.payloads, blake3), body.subarray(2, BLOCK_OVERHEAD))) {
        throw new Error("payloads that do not fit the check");
    }
}

/** What is read has one way to be written, and this is it. */
function readCredulously(bytes: Uint8Array): void {
    const body = bytes.map((byte, at) => (at >= 2 && at < BLOCK_OVERHEAD ? 0 : byte));
    const head = ((body[0] ?? 0) << 8) | (body[1] ?? 0);
    const reading = decodeBlock(body, CREDULOUS);
    if (reading.kind === "part") {
        if (!equalBytes(encodePartBlock(writePart(reading.part), CREDULOUS.digest), body))
            throw new Error("a second way to write a part");
    }
    if (reading.kind !== "payloads" || formOf(head) === FORM.several) return;
    const [payload = bytes] = reading.payloads;
    const item = encodeItemAs(payload, head);
    if (!item || !equalBytes(encodeBlock([{ payload, item }], CREDULOUS.digest), body))
        throw new Error("a second way to write a block");
}

function roundTrip(payload: Uint8Array): void {
    const own = {
        ...CONTEXT,
        keys: new KeyBook([routingKeyOf(payload) ?? new Uint8Array(16)]),
        messageIdsWith: () => [messageIdOf(payload) ?? payload],
    };
    for (const belief of [KNOWING, UNKNOWING]) {
        const item = encodeItem(payload, belief);
        for (const count of [1, 2]) {
            const reading = decodeBlock(
                encodeBlock(
                    Array.from({ length: count }, () => ({ payload, item })),
                    blake3,
                ),
                own,
            );
            if (reading.kind !== "payloads" || reading.payloads.length !== count)
                throw new Error(`read as ${reading.kind}`);
            if (!reading.payloads.every((each) => equalBytes(each, payload))) throw new Error("another payload");
        }
    }
}
