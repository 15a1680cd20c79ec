import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { blake3 } from "@noble/hashes/blake3.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalBytes } from "../../../src/base/bytes.ts";
import { fromHex } from "../../../src/base/encoding.ts";
import { decodeBlock, encodeBlock } from "../../../src/link/block/block.ts";
import {
    encodeItem,
    encodeItemAs,
    FORM,
    formOf,
    messageIdOf,
    PAYLOAD_SIZE_MAX,
    routingKeyOf,
} from "../../../src/link/block/item.ts";
import { KeyBook } from "../../../src/link/block/key-book.ts";
import { encodeTombstonePayload } from "../../../src/wire/payload.ts";
import { bytesOf, tombstones } from "../../support/arbitraries.ts";
import { nearMessages } from "./near-messages.ts";
import { KNOWING, NOW_HOUR, UNKNOWING } from "./rig.ts";

const BELIEFS = [KNOWING, UNKNOWING, { ...UNKNOWING, hour: NOW_HOUR }, { ...KNOWING, hour: undefined }];
const EMBER = join(import.meta.dirname, "../../vectors/ember");

/** Through a block and back, with a receiver that knows what the sender believes of it. */
function through(payloads: readonly Uint8Array[], belief: typeof KNOWING) {
    const items = payloads.map((payload) => ({ payload, item: encodeItem(payload, belief) }));
    const ids = payloads.flatMap((payload) => messageIdOf(payload) ?? []);
    const context = {
        keys: new KeyBook(payloads.flatMap((payload) => routingKeyOf(payload) ?? [])),
        hour: NOW_HOUR,
        messageIdsWith: () => ids,
        digest: blake3,
    };
    return { reading: decodeBlock(encodeBlock(items, blake3), context), items };
}

function expectExact(payloads: readonly Uint8Array[], belief: typeof KNOWING): void {
    const { reading, items } = through(payloads, belief);
    if (reading.kind !== "payloads") throw new Error(`read as ${reading.kind}`);
    expect(reading.payloads).toHaveLength(payloads.length);
    for (const [index, payload] of payloads.entries()) {
        expect(equalBytes(reading.payloads[index] ?? new Uint8Array(0), payload)).toBe(true);
    }
    for (const { payload, item } of items) expect(encodeItemAs(payload, item.head)).toEqual(item);
}

/** Every byte string in Ember's vectors, bare and as a payload of either kind. */
function emberPayloads(): readonly Uint8Array[] {
    const found = new Set<string>();
    for (const file of readdirSync(EMBER).filter((name) => name.endsWith(".json"))) {
        const text = readFileSync(join(EMBER, file), "utf8");
        for (const [, hex = ""] of text.matchAll(/"((?:[0-9a-f]{2})+)"/g))
            for (const type of ["", "00", "02"]) found.add(type + hex);
    }
    return [...found].flatMap((hex) => fromHex(hex) ?? []).filter(({ length }) => length <= PAYLOAD_SIZE_MAX);
}

describe("what goes in comes out, bit for bit", () => {
    it("Ember's vectors", { timeout: 20_000 }, () => {
        const payloads = emberPayloads();
        const forms = new Map<number, number>();
        for (const payload of payloads) {
            for (const belief of BELIEFS) expectExact([payload], belief);
            const form = formOf(encodeItem(payload, UNKNOWING).head);
            forms.set(form, (forms.get(form) ?? 0) + 1);
        }
        expect(forms.get(FORM.messageKeyHour)).toBeGreaterThan(90);
        expect(forms.get(FORM.tombstone)).toBeGreaterThan(20);
        expect(forms.get(FORM.raw)).toBeGreaterThan(1_000);
    });

    it("any bytes", () => {
        fc.assert(
            fc.property(
                fc.uint8Array({ minLength: 1, maxLength: 600 }),
                fc.constantFrom(...BELIEFS),
                (payload, belief) => {
                    expectExact([payload], belief);
                },
            ),
            { numRuns: 500 },
        );
    });

    it("envelopes at and near the canonical form", () => {
        fc.assert(
            fc.property(nearMessages, fc.constantFrom(...BELIEFS), (payload, belief) => expectExact([payload], belief)),
            { numRuns: 3_000 },
        );
    });

    it("several of all kinds in one block", () => {
        const any = fc.oneof(nearMessages, tombstones.map(encodeTombstonePayload), bytesOf(1), bytesOf(130));
        fc.assert(
            fc.property(
                fc.array(any, { minLength: 2, maxLength: 31 }),
                fc.constantFrom(...BELIEFS),
                (payloads, belief) => expectExact(payloads, belief),
            ),
            { numRuns: 100 },
        );
    });

    it("the largest payload, and larger ones are a bug of the caller", () => {
        expectExact([new Uint8Array(PAYLOAD_SIZE_MAX).fill(5)], KNOWING);
        expect(() => encodeItem(new Uint8Array(PAYLOAD_SIZE_MAX + 1), KNOWING)).toThrow(RangeError);
        expect(() => encodeItem(new Uint8Array(0), KNOWING)).toThrow(RangeError);
    });
});
