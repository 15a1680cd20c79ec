import { blake3 } from "@noble/hashes/blake3.js";
import { describe, expect, it } from "vitest";
import { blockSizeOf, decodeBlock, encodeBlock, ITEMS_MAX } from "../../../src/link/block/block.ts";
import { encodeItem, encodeItemAs, FORM, formOf, messageIdOf, routingKeyOf } from "../../../src/link/block/item.ts";
import { KeyBook } from "../../../src/link/block/key-book.ts";
import type { BlockContext } from "../../../src/link/block/readings.ts";
import { id16, testMessage } from "../../support/envelopes.ts";
import { canonicalMessage, KNOWING, NOW_HOUR, UNKNOWING } from "./rig.ts";

const PAYLOAD = canonicalMessage({ ciphertextSize: 144 });
const TOMBSTONE = testMessage(1).tombstone;

function context(options: Partial<BlockContext> = {}): BlockContext {
    return { keys: new KeyBook(), hour: NOW_HOUR, messageIdsWith: () => [], digest: blake3, ...options };
}

function block(...payloads: readonly Uint8Array[]): Uint8Array {
    return encodeBlock(
        payloads.map((payload) => ({ payload, item: encodeItem(payload, KNOWING) })),
        blake3,
    );
}

const KNOWN = context({
    keys: new KeyBook([routingKeyOf(PAYLOAD) ?? id16(0)]),
    messageIdsWith: () => [messageIdOf(TOMBSTONE) ?? id16(0)],
});

describe("sizes", () => {
    it("a stateless message of 20 characters with a known recipient is a block of 214 bytes", () => {
        // Ember's inner envelope of 64 bytes, 64 of signature and 16 of tag.
        expect(block(PAYLOAD)).toHaveLength(214);
        expect(decodeBlock(block(PAYLOAD), KNOWN)).toEqual({ kind: "payloads", payloads: [PAYLOAD] });
    });

    it("a tombstone whose message is known is one of 88 bytes", () => {
        expect(block(TOMBSTONE)).toHaveLength(88);
        expect(decodeBlock(block(TOMBSTONE), KNOWN)).toEqual({ kind: "payloads", payloads: [TOMBSTONE] });
    });

    it("are told before encoding", () => {
        for (const payloads of [[PAYLOAD], [TOMBSTONE, PAYLOAD], Array.from({ length: ITEMS_MAX }, () => PAYLOAD)]) {
            const items = payloads.map((payload) => encodeItem(payload, UNKNOWING));
            const body = encodeBlock(
                items.map((item, index) => ({ item, payload: payloads[index] ?? PAYLOAD })),
                blake3,
            );
            expect(blockSizeOf(items)).toBe(body.length);
        }
    });
});

describe("what is missing is asked for", () => {
    it.each([
        ["the key", { keys: new KeyBook() }, { keys: true, hour: false, ids: false }],
        ["the hour", { hour: undefined }, { keys: false, hour: true, ids: false }],
        ["both", { keys: new KeyBook(), hour: undefined }, { keys: true, hour: true, ids: false }],
        ["either, by a wrong hour", { hour: NOW_HOUR + 4000 }, { keys: true, hour: true, ids: false }],
        ["either, by another's key", { keys: new KeyBook([sameHandle(1)]) }, { keys: true, hour: true, ids: false }],
    ])("%s", (_, change, need) => {
        expect(decodeBlock(block(PAYLOAD), { ...KNOWN, ...change })).toEqual({ kind: "need", ...need });
    });

    it("of a tombstone, and of several at once", () => {
        const ids = { keys: false, hour: false, ids: true };
        expect(decodeBlock(block(TOMBSTONE), { ...KNOWN, messageIdsWith: () => [] })).toEqual({ kind: "need", ...ids });
        expect(decodeBlock(block(TOMBSTONE, PAYLOAD), context())).toEqual({
            kind: "need",
            keys: true,
            hour: false,
            ids: true,
        });
    });

    it("and teaching it helps, even among crafted keys", () => {
        const keys = new KeyBook([...KNOWN.keys.startingWith(0xb00)]);
        for (let number = 0; number < 100; number++) keys.touch(sameHandle(number));
        expect(decodeBlock(block(PAYLOAD), { ...KNOWN, keys }).kind).toBe("need");
        keys.touch(routingKeyOf(PAYLOAD) ?? id16(0));
        expect(decodeBlock(block(PAYLOAD), { ...KNOWN, keys }).kind).toBe("payloads");
    });
});

/** A routing key with the handle of the test's recipient. */
function sameHandle(number: number): Uint8Array {
    const key = id16(number, 0x77);
    key.set((routingKeyOf(PAYLOAD) ?? id16(0)).subarray(0, 2));
    return key;
}

describe("hours", () => {
    it.each([-200, -192, -32, -1, 0, 1, 15])("%i hours from the receiver's clock are read", (away) => {
        const payload = canonicalMessage({ hour: NOW_HOUR + away });
        const item = encodeItem(payload, { ...KNOWING, hour: NOW_HOUR + away });
        expect(formOf(item.head)).toBe(FORM.messageHandle);
        expect(decodeBlock(encodeBlock([{ payload, item }], blake3), KNOWN)).toEqual({
            kind: "payloads",
            payloads: [payload],
        });
    });

    it.each([
        [7, FORM.messageHandle],
        [8, FORM.messageHandleHour],
        [-192, FORM.messageHandle],
        [-193, FORM.messageHandleHour],
    ])("%i hours from the sender's clock go in form %i", (away, form) => {
        expect(formOf(encodeItem(canonicalMessage({ hour: NOW_HOUR + away }), KNOWING).head)).toBe(form);
    });
});

describe("several", () => {
    it("fill a block and come back in order", () => {
        const payloads = Array.from({ length: ITEMS_MAX }, (_, index) =>
            index % 3 === 0 ? Uint8Array.of(index) : index % 3 === 1 ? TOMBSTONE : canonicalMessage({ number: index }),
        );
        expect(decodeBlock(block(...payloads), KNOWN)).toEqual({ kind: "payloads", payloads });
    });

    it("refuse what no sender writes", () => {
        const good = block(TOMBSTONE, PAYLOAD);
        const wrong: readonly (readonly [number, number])[] = [
            [0, 0x71],
            [1, 1],
            [1, 3],
            [1, 32],
            [6, 0],
            [6, 3],
            [7, 0x70],
        ];
        for (const [at, value] of wrong) {
            const bad = good.slice();
            bad[at] = value;
            expect(decodeBlock(bad, KNOWN), `byte ${at}`).toEqual({ kind: "damaged" });
        }
        expect(decodeBlock(Uint8Array.of(...good, 0), KNOWN)).toEqual({ kind: "damaged" });
        expect(decodeBlock(good.subarray(0, -1), KNOWN)).not.toMatchObject({ kind: "payloads" });
    });

    it("are 1 to 31, or the caller has a bug", () => {
        expect(() => block()).toThrow(RangeError);
        expect(() => block(...Array.from({ length: 32 }, () => PAYLOAD))).toThrow(RangeError);
    });
});

describe("a recorded form", () => {
    it("is built again, and only the payload's own", () => {
        for (const belief of [KNOWING, UNKNOWING, { ...UNKNOWING, hour: NOW_HOUR }, { ...KNOWING, hour: undefined }]) {
            for (const payload of [PAYLOAD, TOMBSTONE, Uint8Array.of(9)]) {
                const item = encodeItem(payload, belief);
                expect(encodeItemAs(payload, item.head)).toEqual(item);
            }
        }
        const { head } = encodeItem(PAYLOAD, KNOWING);
        for (const other of [head + 1, 0x5000, 0x7002, 0x8000, 0xf000, 1])
            expect(encodeItemAs(PAYLOAD, other)).toBeUndefined();
        expect(encodeItemAs(TOMBSTONE, head)).toBeUndefined();
        expect(encodeItemAs(Uint8Array.of(9), 0x5000)).toBeUndefined();
    });
});
