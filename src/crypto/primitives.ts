/**
 * The handful of primitives that Ember needs, behind one door: `noble.ts` is the exact reference and runs in browsers,
 * `node/native.ts` is the same at native speed. Both pass the same vectors.
 */
export interface CryptoPrimitives {
    /** X25519 with the scalar clamped inside. Undefined where the shared secret is all zero. Both arguments 32 bytes. */
    x25519(secret: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined;
    x25519Public(secret: Uint8Array): Uint8Array;
    /** Plain Ed25519 (RFC 8032) by the key of a seed of 32 bytes, which is prepared once. */
    ed25519Signer(seed: Uint8Array): Ed25519Signer;
    /** Cofactorless Ed25519 with `s < l` and R compared byte for byte, as ed25519-dalek's plain `verify`. */
    ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
    sha512(message: Uint8Array): Uint8Array;
    /** ChaCha20-Poly1305 (RFC 8439); the 16-byte tag is appended. */
    seal(box: AeadBox, plaintext: Uint8Array): Uint8Array;
    /** Undefined where the tag does not fit. */
    open(box: AeadBox, ciphertext: Uint8Array): Uint8Array | undefined;
    /** Argon2id v0x13 with m = 47104 KiB, t = 2, p = 1, 32 bytes out: the one setting Ember uses. */
    argon2id(password: Uint8Array, salt: Uint8Array): Promise<Uint8Array>;
}

export interface Ed25519Signer {
    /** 64 bytes. */
    sign(message: Uint8Array): Uint8Array;
    /** The same on another thread, where there is one. */
    signSoon(message: Uint8Array): Promise<Uint8Array>;
}

export interface AeadBox {
    /** 32 bytes. */
    readonly key: Uint8Array;
    /** 12 bytes. */
    readonly nonce: Uint8Array;
    readonly aad: Uint8Array;
}

/** Ember's Argon2id: version 0x13 with `m` in KiB; `dkLen` bytes out. */
export const ARGON2ID_SETTING = { m: 47_104, t: 2, p: 1, dkLen: 32, version: 0x13 } as const;
