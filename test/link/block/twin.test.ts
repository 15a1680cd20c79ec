import { blake3 } from "@noble/hashes/blake3.js";
import fc from "fast-check";
import { expect, it } from "vitest";
import { toHex } from "../../../src/base/encoding.ts";
import { decodeBlock, encodeBlock } from "../../../src/link/block/block.ts";
import { encodeItem, FORM, formOf } from "../../../src/link/block/item.ts";
import { KeyBook } from "../../../src/link/block/key-book.ts";
import { encodeTombstonePayload } from "../../../src/wire/payload.ts";
import { damaged, tombstones } from "../../support/arbitraries.ts";
import { type TwinReader, twinBlock, twinItem } from "../../support/link-twin/twin.ts";
import { twinRead } from "../../support/link-twin/twin-reader.ts";
import { nearMessages } from "./near-messages.ts";
import { KNOWING, NOW_HOUR, UNKNOWING } from "./rig.ts";

const payloads = fc.oneof(nearMessages, tombstones.map(encodeTombstonePayload));
const beliefs = fc.constantFrom(KNOWING, UNKNOWING);
const READER: TwinReader = { keys: [], hour: NOW_HOUR, message_ids: [] };
const CONTEXT = { keys: new KeyBook(), hour: NOW_HOUR, messageIdsWith: () => [], digest: blake3 };

function encode(all: readonly Uint8Array[], belief: typeof KNOWING): Uint8Array {
    return encodeBlock(
        all.map((payload) => ({ payload, item: encodeItem(payload, belief) })),
        blake3,
    );
}

it("the twin writes what we write, and has a compact form only where we have one", () => {
    fc.assert(
        fc.property(fc.array(payloads, { minLength: 1, maxLength: 4 }), beliefs, (all, belief) => {
            const forms = all.map((payload) => formOf(encodeItem(payload, belief).head));
            expect(twinBlock(all.map(toHex), forms)).toBe(toHex(encode(all, belief)));
            for (const [index, payload] of all.entries()) {
                const compacts = [FORM.messageKey, FORM.tombstone].some((form) => twinItem(toHex(payload), form));
                expect(forms[index] !== FORM.raw).toBe(compacts);
            }
        }),
        { numRuns: 300 },
    );
});

it("the twin makes of damaged blocks what we make of them", () => {
    const blocks = fc
        .tuple(fc.array(payloads, { minLength: 1, maxLength: 4 }), beliefs)
        .map(([all, belief]) => encode(all, belief));
    fc.assert(
        fc.property(damaged(blocks), (body) => {
            const reading = decodeBlock(body, CONTEXT);
            const plain =
                reading.kind === "payloads" ? { kind: "payloads", payloads: reading.payloads.map(toHex) } : reading;
            expect(plain).toEqual(twinRead(toHex(body), READER));
        }),
        { numRuns: 500 },
    );
});
