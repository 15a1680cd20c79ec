import type { CarrierTraits } from "../../src/carriers/carrier.ts";
import { ackHashOf } from "../../src/crypto/ack.ts";
import type { Way } from "../../src/relay/rules.ts";
import { encodeMessagePayload, encodeTombstonePayload } from "../../src/wire/payload.ts";

/** Sixteen bytes that tell tests apart: the number big endian at the end. */
export function id16(value: number, fill = 0): Uint8Array {
    const bytes = new Uint8Array(16).fill(fill);
    new DataView(bytes.buffer).setUint32(12, value);
    return bytes;
}

export interface TestMessage {
    readonly payload: Uint8Array;
    readonly messageId: Uint8Array;
    readonly routingKey: Uint8Array;
    readonly tombstone: Uint8Array;
    /** The right message id with a secret that opens nothing. */
    readonly forgedTombstone: Uint8Array;
}

/** A well-formed message that nobody can decrypt, as the relay sees all of them, with its tombstones. */
export function testMessage(
    number: number,
    options: {
        readonly routingKey?: Uint8Array;
        readonly ttlHours?: number | undefined;
        readonly size?: number;
        readonly timestampHours?: number;
    } = {},
): TestMessage {
    const messageId = id16(number, 0xa0);
    const routingKey = options.routingKey ?? id16(1, 0xb0);
    const ackSecret = id16(number, 0xc0);
    const payload = encodeMessagePayload({
        version: { major: 0, minor: 0 },
        routingKey,
        timestampHours: options.timestampHours ?? 490_896,
        ttlHours: "ttlHours" in options ? options.ttlHours : 168,
        messageId,
        ephemeralKey: new Uint8Array(32).fill(9),
        ackHash: ackHashOf(ackSecret),
        innerCiphertext: new Uint8Array(options.size ?? 144).fill(number & 0xff),
    });
    const signature = new Uint8Array(64);
    return {
        payload,
        messageId,
        routingKey,
        tombstone: encodeTombstonePayload({ messageId, ackSecret, signature }),
        forgedTombstone: encodeTombstonePayload({ messageId, ackSecret: id16(number, 0xee), signature }),
    };
}

const TRAITS: CarrierTraits = {
    offers: true,
    payloadSizeMax: 1000,
    inFlightMax: 2,
    unknownTombstone: "remember",
    revives: false,
};

/** A radio-like way, or with other traits. */
export function testWay(id: string, traits: Partial<CarrierTraits> = {}): Way {
    return { id, traits: { ...TRAITS, ...traits } };
}

/** The mailbox as the relay sees it. */
export function mailboxWay(id = "http"): Way {
    return testWay(id, { offers: false, unknownTombstone: "refuse", revives: true });
}
