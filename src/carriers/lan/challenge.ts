import { toHex } from "../../base/encoding.ts";
import type { Entropy } from "../../base/time.ts";
import type { CryptoPrimitives } from "../../crypto/primitives.ts";
import { routingKeyOf } from "../../crypto/public-id.ts";
import { identityChallengeData } from "../../crypto/receipt.ts";
import { xeddsaVerify } from "../../crypto/xeddsa.ts";
import { overAnyAddress } from "./delivery.ts";
import type { LanCalls } from "./lan-http.ts";
import type { Peer } from "./peers.ts";

const CHALLENGE_SIZE = 32;

/** Known public ids by their routing key in hex; two may share one, if only in theory. */
export type Contacts = ReadonlyMap<string, readonly Uint8Array[]>;

export function contactsOf(publicIds: readonly Uint8Array[]): Contacts {
    const contacts = new Map<string, readonly Uint8Array[]>();
    for (const publicId of publicIds) {
        const key = toHex(routingKeyOf(publicId));
        contacts.set(key, [...(contacts.get(key) ?? []), publicId]);
    }
    return contacts;
}

export interface CheckParts {
    readonly calls: LanCalls;
    readonly crypto: Pick<CryptoPrimitives, "ed25519Verify">;
    readonly entropy: Entropy;
    readonly contacts: Contacts;
}

/** Asks a peer to prove its key with a fresh challenge; of a key that nobody knows, only that it answers is seen. */
export async function checkPeer(
    { calls, crypto, entropy, contacts }: CheckParts,
    peer: Peer,
): Promise<"good" | "wrong" | "silent"> {
    const challenge = new Uint8Array(CHALLENGE_SIZE);
    entropy.fill(challenge);
    const candidates = contacts.get(peer.sighting.routingKey) ?? [];
    let answered = false;
    const result = await overAnyAddress(peer, async (address) => {
        const answer = await calls.identity(address, challenge);
        if (!answer.ok) return answer;
        answered = true;
        const signature = answer.value;
        const isRight = candidates.some((publicId) =>
            xeddsaVerify(crypto, { publicId, message: identityChallengeData(challenge, publicId), signature }),
        );
        if (isRight || candidates.length === 0) return answer;
        return { ok: false, error: { text: "the signature is another's", isBusy: false } };
    });
    if (result.ok) return "good";
    return answered ? "wrong" : "silent";
}
