import { concatBytes, equalBytes } from "../../base/bytes.ts";
import { MESSAGE_ID_SIZE, type OuterEnvelope } from "../../wire/outer-envelope.ts";
import { decodeWirePayload, encodeMessagePayload, encodeTombstonePayload } from "../../wire/payload.ts";
import type { Tombstone } from "../../wire/tombstone.ts";

/** Message id and ephemeral key, in bytes, their constant bits used for ttl and hour. */
export const PACKED_SIZE = 48;
export const HOUR_SIZE = 3;
/** The packed form tells hours apart modulo so many. */
export const HOUR_MODULUS = 32;

const HOUR_LIMIT = 2 ** (8 * HOUR_SIZE);
/** By their code of two bits. */
const TTL_HOURS: readonly (number | undefined)[] = [168, undefined, 24, 72];

interface CompactMessage {
    readonly kind: "message";
    readonly outer: OuterEnvelope;
    /** 0 to 3, an index of the table of lifetimes. */
    readonly ttl: number;
}

/** A payload that comes back bit for bit from its fields. Byte fields are views into it. */
export type CompactPayload = CompactMessage | { readonly kind: "tombstone"; readonly tombstone: Tombstone };

/** Undefined for all that has to travel as it is: odd versions, lifetimes, varints, ids, keys, trailing bytes, noise. */
export function readCompact(payload: Uint8Array): CompactPayload | undefined {
    const decoded = decodeWirePayload(payload);
    if (!decoded.ok) return undefined;
    if (decoded.value.kind === "tombstone") {
        return equalBytes(encodeTombstonePayload(decoded.value.tombstone), payload) ? decoded.value : undefined;
    }
    const { outer } = decoded.value;
    const ttl = TTL_HOURS.indexOf(outer.ttlHours);
    if (ttl < 0 || outer.timestampHours >= HOUR_LIMIT) return undefined;
    const packed = packMessage({ kind: "message", outer, ttl }, 0);
    const { routingKey, timestampHours: hour, ackHash, innerCiphertext: ciphertext } = outer;
    const again = unpackMessage({ packed, routingKey, hour, ackHash, ciphertext });
    return equalBytes(again, payload) ? { kind: "message", outer, ttl } : undefined;
}

/** 48 bytes; only the five lowest bits of `hour` go in. */
export function packMessage({ outer, ttl }: CompactMessage, hour: number): Uint8Array {
    const packed = concatBytes(outer.messageId, outer.ephemeralKey);
    setBits(packed, 6, 0xf0, (ttl << 6) | (((hour >> 3) & 3) << 4));
    setBits(packed, 8, 0xc0, ((hour >> 1) & 3) << 6);
    setBits(packed, 47, 0x80, (hour & 1) << 7);
    return packed;
}

/** The five bits of the hour. */
export function packedHour(packed: Uint8Array): number {
    const [six = 0, , eight = 0] = packed.subarray(6);
    return (((six >> 4) & 3) << 3) | ((eight >> 6) << 1) | ((packed[47] ?? 0) >> 7);
}

/** The rest of a message's compact form. */
export interface Unpacking {
    readonly packed: Uint8Array;
    readonly routingKey: Uint8Array;
    /** The whole hour, below 2^24. */
    readonly hour: number;
    readonly ackHash: Uint8Array;
    readonly ciphertext: Uint8Array;
}

/** The payload again; one reading of it when key or hour were guessed. */
export function unpackMessage({ packed, routingKey, hour, ackHash, ciphertext }: Unpacking): Uint8Array {
    const ids = packed.slice();
    setBits(ids, 6, 0xf0, 0x40);
    setBits(ids, 8, 0xc0, 0x80);
    setBits(ids, 47, 0x80, 0);
    return encodeMessagePayload({
        version: { major: 0, minor: 0 },
        routingKey,
        timestampHours: hour,
        ttlHours: TTL_HOURS[(packed[6] ?? 0) >> 6],
        messageId: ids.subarray(0, MESSAGE_ID_SIZE),
        ephemeralKey: ids.subarray(MESSAGE_ID_SIZE),
        ackHash,
        innerCiphertext: ciphertext,
    });
}

function setBits(bytes: Uint8Array, at: number, mask: number, value: number): void {
    bytes[at] = ((bytes[at] ?? 0) & ~mask) | value;
}
