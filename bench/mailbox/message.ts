/** Messages of the benchmark: well-formed, 1,256 bytes each as Ember's were, told apart by their ids. */

/** Type byte, two of version, key, three of time, three of ttl, id, ephemeral key, ack hash, two of length. */
const ROUTING_KEY_AT = 3;
const MESSAGE_ID_AT = 25;
const PAYLOAD_SIZE = 1_256;
/** Mailboxes that the messages are spread over, unless all are for one. */
export const MAILBOXES = 4_096;

const template = new Uint8Array(PAYLOAD_SIZE).fill(0x55);
template.set([0, 0, 0]);
template.set([0x90, 0xfb, 0x1d, 0x01, 0xa8, 0x01], ROUTING_KEY_AT + 16);
const CIPHERTEXT_SIZE = PAYLOAD_SIZE - 91;
template.set([(CIPHERTEXT_SIZE & 0x7f) | 0x80, CIPHERTEXT_SIZE >> 7], 89);

export function payloadOf(number: number, mailboxes = MAILBOXES): Uint8Array {
    const payload = Uint8Array.from(template);
    stamp(payload, 0, number, mailboxes);
    return payload;
}

/** Makes the message at `offset` the one of this number. Ids are spread like random ones, as an index sees them. */
export function stamp(bytes: Uint8Array, offset: number, number: number, mailboxes = MAILBOXES): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset);
    view.setUint32(ROUTING_KEY_AT, Math.imul(number % mailboxes, 0x9e3779b1));
    view.setUint32(MESSAGE_ID_AT, Math.imul(number, 0x85ebca6b));
    view.setUint32(MESSAGE_ID_AT + 4, number);
}

export function routingKeyIn(payload: Uint8Array): Uint8Array {
    return payload.subarray(ROUTING_KEY_AT, ROUTING_KEY_AT + 16);
}

export function messageIdIn(payload: Uint8Array): Uint8Array {
    return payload.subarray(MESSAGE_ID_AT, MESSAGE_ID_AT + 16);
}
