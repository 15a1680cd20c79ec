import { concatBytes, utf8 } from "../base/bytes.ts";

const RECEIPT_PREFIX = utf8("ember-receipt-v1:");
const IDENTITY_PREFIX = utf8("ember-identity-v1:");

/** The 65 bytes that a node signs when it took a message (SPEC section 9). */
export function receiptData(signerPublicId: Uint8Array, messageId: Uint8Array): Uint8Array {
    return concatBytes(RECEIPT_PREFIX, signerPublicId, messageId);
}

/** The 82 bytes that prove who answers at an address. */
export function identityChallengeData(challenge: Uint8Array, proverPublicId: Uint8Array): Uint8Array {
    return concatBytes(IDENTITY_PREFIX, challenge, proverPublicId);
}
