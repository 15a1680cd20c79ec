import { makePrng } from "../../src/base/prng.ts";
import { ackHashOf } from "../../src/crypto/ack.ts";
import { encodeMessagePayload } from "../../src/wire/payload.ts";

/** People on each island who get mail. */
export const MAILBOXES = 20;

/** Texts of ordinary messages, in characters, and what one message in so many is instead. */
const TEXT_SIZE_MIN = 20;
const TEXT_SIZE_MAX = 300;
const LARGE_ONE_IN = 50;
const LARGE_TEXT_SIZE = 4_000;

/** Inner envelope without a conversation's history, signature and tag: Ember's specification, section 8. */
const SEALING_BYTES = 44 + 64 + 16;

/** Of the clock that virtual time begins at. */
const HOUR = 490_896;

/** Routing keys as evenly spread as the hashes that they are. */
export function mailboxesOf(island: number): readonly Uint8Array[] {
    const random = makePrng(0xb0 + island);
    return Array.from({ length: MAILBOXES }, () => Uint8Array.from({ length: 16 }, () => Math.floor(random() * 256)));
}

/** Sealed messages as every relay sees them, of mixed sizes, for people on the other island. */
export function trafficFor(island: number, count: number, seed: number): readonly Uint8Array[] {
    const random = makePrng(seed * 2 + island);
    const bytes = (size: number): Uint8Array => Uint8Array.from({ length: size }, () => Math.floor(random() * 256));
    const mailboxes = mailboxesOf(island);
    return Array.from({ length: count }, (_, index) => {
        const text = TEXT_SIZE_MIN + Math.floor(random() * (TEXT_SIZE_MAX - TEXT_SIZE_MIN + 1));
        const size = random() < 1 / LARGE_ONE_IN ? LARGE_TEXT_SIZE : text;
        const messageId = bytes(16);
        // A version 4 UUID, as clients make them.
        messageId[6] = ((messageId[6] ?? 0) & 0x0f) | 0x40;
        messageId[8] = ((messageId[8] ?? 0) & 0x3f) | 0x80;
        const ephemeralKey = bytes(32);
        ephemeralKey[31] = (ephemeralKey[31] ?? 0) & 0x7f;
        return encodeMessagePayload({
            version: { major: 0, minor: 0 },
            routingKey: mailboxes[index % MAILBOXES] ?? new Uint8Array(16),
            timestampHours: HOUR,
            ttlHours: 168,
            messageId,
            ephemeralKey,
            ackHash: ackHashOf(bytes(16)),
            innerCiphertext: bytes(SEALING_BYTES + size),
        });
    });
}
