import { ackSecretOf } from "../../crypto/ack.ts";
import type { Identity } from "../../crypto/identity.ts";
import { identityChallengeData, receiptData } from "../../crypto/receipt.ts";
import { isLowOrder } from "../../wire/low-order.ts";
import type { MailboxIdentity } from "./options.ts";

/** What a mailbox says in the name of `identity`. */
export function mailboxIdentity(identity: Identity): MailboxIdentity {
    const { publicId, routingKey } = identity;
    return {
        publicId,
        routingKey,
        identityAnswer: (challenge) => identity.sign(identityChallengeData(challenge, publicId)),
        receipt: (messageId) => identity.signSoon(receiptData(publicId, messageId)),
        ackSecret({ ephemeralKey, messageId }) {
            const shared = isLowOrder(ephemeralKey) ? undefined : identity.agree(ephemeralKey);
            return shared && ackSecretOf(shared, messageId);
        },
    };
}
