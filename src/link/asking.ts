import { concatBytes } from "../base/bytes.ts";

/** First bytes of a payload that is no WirePayload (their types begin at 00): from gateway to gateway. */
const ASKING = Uint8Array.of(0xff, 0x61);

const KEY_SIZE = 16;

/** Routing keys of one asking: a block of five frames at most. */
export const ASKED_KEYS_MAX = 64;

/** Gateways beyond shall send what they get for these routing keys (docs/link.md, section 9). */
export function encodeAsking(routingKeys: readonly Uint8Array[]): Uint8Array {
    return concatBytes(ASKING, ...routingKeys.slice(0, ASKED_KEYS_MAX));
}

/** The routing keys; undefined for every other payload. */
export function decodeAsking(payload: Uint8Array): readonly Uint8Array[] | undefined {
    const isAsking = ASKING.every((byte, index) => payload[index] === byte);
    const count = (payload.length - ASKING.length) / KEY_SIZE;
    if (!isAsking || !Number.isInteger(count) || count < 1 || count > ASKED_KEYS_MAX) return undefined;
    const keys = payload.subarray(ASKING.length);
    return Array.from({ length: count }, (_, index) => keys.slice(index * KEY_SIZE, (index + 1) * KEY_SIZE));
}
