import fc from "fast-check";
import { concatBytes } from "../../../src/base/bytes.ts";
import { PostcardWriter } from "../../../src/wire/postcard-writer.ts";
import { bytesOf, damaged } from "../../support/arbitraries.ts";
import { NOW_HOUR } from "./rig.ts";

const usually = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: odd });
const byte = fc.integer({ min: 0, max: 255 });

/** A varint, now and then with a useless zero group at its end. */
function varints(value: fc.Arbitrary<number>): fc.Arbitrary<Uint8Array> {
    const shortest = value.map((number) => new PostcardWriter().u32(number).finish());
    return usually(
        shortest,
        shortest.map((bytes) =>
            Uint8Array.of(...bytes.map((each, at) => (at === bytes.length - 1 ? each | 0x80 : each)), 0),
        ),
    );
}

const hours = fc.oneof(
    fc.integer({ min: NOW_HOUR - 240, max: NOW_HOUR + 40 }),
    fc.constantFrom(0, 1, 2 ** 24 - 1, 2 ** 24, 2 ** 32 - 1),
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);
const lifetimes = fc.oneof(
    fc.constantFrom([1, 0xa8, 1], [0], [1, 24], [1, 72]).map((bytes) => Uint8Array.from(bytes)),
    varints(fc.constantFrom(0, 1, 23, 25, 71, 73, 167, 168, 169, 65_535)).map((bytes) => Uint8Array.of(1, ...bytes)),
    usually(fc.constant(Uint8Array.of(0)), fc.constant(Uint8Array.of(2))),
);
const ids = usually(fc.constant(true), fc.constant(false)).chain((v4) =>
    bytesOf(16).map((id) =>
        v4 ? id.map((each, at) => (at === 6 ? (each & 0x0f) | 0x40 : at === 8 ? (each & 0x3f) | 0x80 : each)) : id,
    ),
);
const ephemeralKeys = usually(
    bytesOf(32).map((key) => key.map((each, at) => (at === 31 ? each & 0x7f : each))),
    bytesOf(32),
);
const ciphertexts = fc.uint8Array({ maxLength: 300 });
const sized = fc.oneof(
    ciphertexts.map((text) => new PostcardWriter().bytes(text).finish()),
    ciphertexts.chain((text) => varints(fc.constant(text.length)).map((size) => concatBytes(size, text))),
);

const wholes = fc
    .tuple(
        usually(fc.constant(0), byte),
        usually(fc.constant(0), byte),
        bytesOf(16),
        varints(hours),
        lifetimes,
        ids,
        ephemeralKeys,
        bytesOf(16),
        sized,
        usually(fc.constant(new Uint8Array(0)), fc.uint8Array({ maxLength: 3 })),
    )
    .map(([major, minor, ...fields]) => concatBytes(Uint8Array.of(0, major, minor), ...fields));

/** Messages that compact and such as nearly do: each field is right most of the time. */
export const nearMessages: fc.Arbitrary<Uint8Array> = usually(
    wholes,
    damaged(wholes).filter(({ length }) => length > 0),
);
