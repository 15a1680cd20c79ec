import fc from "fast-check";
import type { InnerEnvelope } from "../../src/wire/inner-envelope.ts";
import type { OuterEnvelope } from "../../src/wire/outer-envelope.ts";
import type { Tombstone } from "../../src/wire/tombstone.ts";

/** Well-formed values of every shape on the wire, for properties. */

export function bytesOf(size: number): fc.Arbitrary<Uint8Array> {
    return fc.uint8Array({ minLength: size, maxLength: size });
}

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u8 = fc.integer({ min: 0, max: 0xff });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

export const outerEnvelopes: fc.Arbitrary<OuterEnvelope> = fc.record({
    version: fc.record({ major: u8, minor: u8 }),
    routingKey: bytesOf(16),
    timestampHours: u32,
    ttlHours: fc.option(u16, { nil: undefined }),
    messageId: bytesOf(16),
    ephemeralKey: bytesOf(32),
    ackHash: bytesOf(16),
    innerCiphertext: fc.uint8Array({ maxLength: 400 }),
});

export const innerEnvelopes: fc.Arbitrary<InnerEnvelope> = fc.record({
    // The low-order keys are too rare to be drawn by chance.
    from: bytesOf(32).map((key) => Uint8Array.from(key, (byte, index) => (index === 5 ? byte | 1 : byte))),
    createdAtMs: u64,
    content: fc.oneof(
        fc.record({ kind: fc.constant("text" as const), body: fc.string({ unit: "grapheme" }) }),
        fc.record({
            kind: fc.constant("receipt" as const),
            targetMessageId: bytesOf(16),
            receipt: fc.constantFrom("delivered" as const, "read" as const),
        }),
    ),
    prevSelf: fc.option(bytesOf(8), { nil: undefined }),
    observedHeads: fc.array(bytesOf(8), { maxLength: 5 }),
    epoch: u16,
    flags: u8,
});

export const tombstones: fc.Arbitrary<Tombstone> = fc.record({
    messageId: bytesOf(16),
    ackSecret: bytesOf(16),
    signature: bytesOf(64),
});

/** A real encoding with some bytes changed, cut or added: deeper than noise gets. */
export function damaged(good: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
    return fc
        .tuple(good, fc.array(fc.tuple(fc.nat(), u8), { maxLength: 4 }), fc.nat(), fc.uint8Array({ maxLength: 8 }))
        .map(([bytes, changes, cut, tail]) => {
            const copy = Uint8Array.from([...bytes.subarray(0, bytes.length - (cut % (bytes.length + 1))), ...tail]);
            for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value;
            return copy;
        });
}
