import type { Entropy } from "../base/time.ts";
import type { CryptoPrimitives } from "./primitives.ts";
import { routingKeyOf } from "./public-id.ts";
import { type XeddsaSigner, xeddsaKeyPair, xeddsaSigner } from "./xeddsa.ts";

export const SECRET_SIZE = 32;
const FRESH_SIZE = 64;

/** A key pair that can be used but not read: the secret lives in closures, so nothing can print it. */
export interface Identity {
    /** 32 bytes. */
    readonly publicId: Uint8Array;
    /** 16 bytes. */
    readonly routingKey: Uint8Array;
    /** 64 bytes of XEdDSA, different each time. */
    sign(message: Uint8Array): Uint8Array;
    /** The same, with the costly half on another thread where there is one. */
    signSoon(message: Uint8Array): Promise<Uint8Array>;
    /** The X25519 shared secret with a public key; undefined where it is all zero. */
    agree(publicKey: Uint8Array): Uint8Array | undefined;
}

/** `secret` is any 32 bytes. */
export function makeIdentity({
    crypto,
    entropy,
    secret,
}: {
    readonly crypto: CryptoPrimitives;
    readonly entropy: Entropy;
    readonly secret: Uint8Array;
}): Identity {
    const own = Uint8Array.from(secret);
    const publicId = crypto.x25519Public(own);
    const pair = xeddsaKeyPair(own);
    // Whoever only opens messages never pays for it.
    let signer: XeddsaSigner | undefined;
    const signerOnce = (): XeddsaSigner => (signer ??= xeddsaSigner(crypto, pair));
    const fresh = (): Uint8Array => {
        const bytes = new Uint8Array(FRESH_SIZE);
        entropy.fill(bytes);
        return bytes;
    };
    return {
        publicId,
        routingKey: routingKeyOf(publicId),
        sign: (message) => signerOnce().sign(message, fresh()),
        signSoon: (message) => signerOnce().signSoon(message, fresh()),
        agree: (publicKey) => crypto.x25519(own, publicKey),
    };
}
