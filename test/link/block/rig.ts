import type { SenderBelief } from "../../../src/link/block/item.ts";
import { encodeMessagePayload } from "../../../src/wire/payload.ts";
import { id16 } from "../../support/envelopes.ts";

/** The hour of both ends' clocks. */
export const NOW_HOUR = 490_900;

export const KNOWING: SenderBelief = { keyKnown: () => true, idKnown: () => true, hour: NOW_HOUR };
export const UNKNOWING: SenderBelief = { keyKnown: () => false, idKnown: () => false, hour: undefined };

/** A message as Ember's own client makes it, so that it compacts. */
export function canonicalMessage(
    options: { number?: number; hour?: number; ciphertextSize?: number; routingKey?: Uint8Array } = {},
): Uint8Array {
    const messageId = id16(options.number ?? 1, 0xa5);
    messageId[6] = 0x45;
    return encodeMessagePayload({
        version: { major: 0, minor: 0 },
        routingKey: options.routingKey ?? id16(1, 0xb0),
        timestampHours: options.hour ?? NOW_HOUR - 1,
        ttlHours: 168,
        messageId,
        ephemeralKey: new Uint8Array(32).fill(0x79),
        ackHash: id16(2, 0xcc),
        innerCiphertext: new Uint8Array(options.ciphertextSize ?? 40).fill(0xd1),
    });
}
