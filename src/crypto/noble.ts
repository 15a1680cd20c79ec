import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { argon2idAsync } from "@noble/hashes/argon2.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { equalBytes } from "../base/bytes.ts";
import { ARGON2ID_SETTING, type CryptoPrimitives } from "./primitives.ts";

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;

/** The exact reference in plain JavaScript; works in browsers. */
export const nobleCrypto: CryptoPrimitives = {
    x25519(secret, publicKey) {
        try {
            return x25519.getSharedSecret(secret, publicKey);
        } catch {
            return undefined;
        }
    },
    x25519Public: (secret) => x25519.getPublicKey(secret),
    ed25519Signer: (seed) => ({
        sign: (message) => ed25519.sign(message, seed),
        signSoon: async (message) => ed25519.sign(message, seed),
    }),
    ed25519Verify,
    sha512,
    seal: ({ key, nonce, aad }, plaintext) => chacha20poly1305(key, nonce, aad).encrypt(plaintext),
    open({ key, nonce, aad }, ciphertext) {
        try {
            return chacha20poly1305(key, nonce, aad).decrypt(ciphertext);
        } catch {
            return undefined;
        }
    },
    argon2id: (password, salt) => argon2idAsync(password, salt, ARGON2ID_SETTING),
};

/** noble's own verification is cofactored (ZIP 215), which accepts more than Ember does; so the equation stands here. */
function ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    const point = signature.subarray(0, 32);
    const s = littleEndian(signature.subarray(32));
    if (s >= ORDER) return false;
    try {
        const key = Point.fromBytes(publicKey, true);
        const hash = sha512.create().update(point).update(publicKey).update(message).digest();
        const challenge = littleEndian(hash) % ORDER;
        const expected = Point.BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(challenge));
        return equalBytes(expected.toBytes(), point);
    } catch {
        // The key is no point of the curve.
        return false;
    }
}

function littleEndian(bytes: Uint8Array): bigint {
    let number = 0n;
    for (let index = bytes.length - 1; index >= 0; index--) number = (number << 8n) | BigInt(bytes[index] ?? 0);
    return number;
}
