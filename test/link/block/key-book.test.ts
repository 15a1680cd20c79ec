import fc from "fast-check";
import { expect, it } from "vitest";
import { toHex } from "../../../src/base/encoding.ts";
import { prefix12 } from "../../../src/link/block/item.ts";
import { KEYS_MAX, KeyBook, SAME_PREFIX_MAX } from "../../../src/link/block/key-book.ts";
import { id16 } from "../../support/envelopes.ts";

/** Different numbers give different keys, the first 12 bits from `prefix`. */
function key(number: number, prefix = number % 4096): Uint8Array {
    const bytes = id16(number);
    bytes.set([prefix >> 4, (prefix & 15) << 4]);
    return bytes;
}

it("finds keys by their first 12 bits, the last used first", () => {
    const book = new KeyBook([key(1, 0xabc), key(2, 0xabc), key(3, 0xabd)]);
    book.touch(key(1, 0xabc));
    expect(book.startingWith(0xabc)).toEqual([key(1, 0xabc), key(2, 0xabc)]);
    expect(book.startingWith(0xabd)).toEqual([key(3, 0xabd)]);
    expect(book.startingWith(0xab)).toEqual([]);
    expect(book.has(key(2, 0xabc))).toBe(true);
    expect(book.has(key(4, 0xabc))).toBe(false);
});

it("forgets the key that was not used for longest", () => {
    const book = new KeyBook();
    for (let number = 0; number < KEYS_MAX; number++) book.touch(key(number));
    book.touch(key(0));
    book.touch(key(KEYS_MAX));
    expect(book.size).toBe(KEYS_MAX);
    expect(book.has(key(0))).toBe(true);
    expect(book.has(key(1))).toBe(false);
    expect(book.startingWith(1)).toEqual([]);
});

it("keys made to collide push out only each other", () => {
    const book = new KeyBook([key(1, 7)]);
    for (let number = 10; number < 10 + 3 * KEYS_MAX; number++) book.touch(key(number, 8));
    expect(book.size).toBe(1 + SAME_PREFIX_MAX);
    expect(book.has(key(1, 7))).toBe(true);
    expect(book.startingWith(8)).toHaveLength(SAME_PREFIX_MAX);
});

it("keeps its own copy, and a snapshot makes the same book", () => {
    const numbers = fc.array(fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 3 })), { maxLength: 200 });
    fc.assert(
        fc.property(numbers, (touches) => {
            const book = new KeyBook();
            const buffer = new Uint8Array(16);
            const model: string[] = [];
            for (const [number, prefix] of touches) {
                buffer.set(key(number, prefix));
                book.touch(buffer);
                model.unshift(toHex(key(number, prefix)));
            }
            for (let prefix = 0; prefix < 4; prefix++) {
                const same = [...new Set(model)].filter(
                    (hex) => prefix12(key(0, prefix)) === Number.parseInt(hex.slice(0, 3), 16),
                );
                expect(book.startingWith(prefix).map(toHex)).toEqual(same.slice(0, SAME_PREFIX_MAX));
            }
            const copy = new KeyBook(book);
            expect([...copy]).toEqual([...book]);
            for (let prefix = 0; prefix < 4; prefix++)
                expect(copy.startingWith(prefix)).toEqual(book.startingWith(prefix));
        }),
    );
});
