import { fromHex } from "../../../base/encoding.ts";
import type { CryptoPrimitives } from "../../../crypto/primitives.ts";
import { receiptData } from "../../../crypto/receipt.ts";
import { xeddsaVerify } from "../../../crypto/xeddsa.ts";
import type { Parcel, SendOutcome } from "../../carrier.ts";
import type { FrameResult } from "../mailbox-client.ts";

/** By what a peer's word is judged. */
export interface Proof {
    readonly crypto: Pick<CryptoPrimitives, "ed25519Verify">;
    /** The peer's key, 32 bytes; receipts are signed by it. */
    readonly publicId: Uint8Array | undefined;
    /** False: a bare "ok" counts. */
    readonly receipts: boolean;
}

/**
 * What one result says about one parcel. "unproven" is an "ok" without a receipt, as Ember answers for what it had
 * already: only looking into its mailbox tells whether it is true. "forged" has a receipt that the peer's key did not sign.
 */
export type Verdict = SendOutcome | { readonly kind: "unproven" } | { readonly kind: "forged" };

export function verdictOf({ crypto, publicId, receipts }: Proof, parcel: Parcel, result: FrameResult): Verdict {
    if (result.status === "error") return refusal(result.error);
    if (parcel.kind === "tombstone" || !receipts) return { kind: "peer_stored" };
    const { signature } = result;
    if (!signature || !publicId) return parcel.isRefresh === true ? { kind: "peer_stored" } : { kind: "unproven" };
    const message = receiptData(publicId, fromHex(parcel.messageId) ?? new Uint8Array(0));
    const good = xeddsaVerify(crypto, { publicId, message, signature });
    return good ? { kind: "peer_stored", receipt: signature } : { kind: "forged" };
}

/** Errors of a frame that no later try will mend. Everything else may be better later. */
const FOR_EVER = [
    /^Failed to decode frame/,
    /^Invalid message format/,
    /too large/i,
    /^Message id is already stored under another routing key/,
    /^Message not found/,
    /^Invalid ack_secret/,
    /^Routing key mismatch/,
    /^Tombstones not accepted/,
];

function refusal(error: string): SendOutcome {
    const detail = error.replace(/\p{Cc}+/gu, " ").slice(0, 200) || "refused without a reason";
    return FOR_EVER.some((pattern) => pattern.test(error)) ? { kind: "rejected", detail } : { kind: "failed", detail };
}
