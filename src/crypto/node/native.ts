import {
    argon2,
    createCipheriv,
    createDecipheriv,
    createHash,
    createPrivateKey,
    createPublicKey,
    diffieHellman,
    type KeyObject,
    sign,
    verify,
} from "node:crypto";
import { fromBase64Url } from "../../base/encoding.ts";
import { nobleCrypto } from "../noble.ts";
import { ARGON2ID_SETTING, type CryptoPrimitives } from "../primitives.ts";

/** DER before the 32 raw bytes of a key (RFC 8410); the byte at 11 or 8 tells X25519 (0x6e) from Ed25519 (0x70). */
const PRIVATE_X25519 = Buffer.from("302e020100300506032b656e04220420", "hex");
const PRIVATE_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC_X25519 = Buffer.from("302a300506032b656e032100", "hex");
const PUBLIC_ED25519 = Buffer.from("302a300506032b6570032100", "hex");

/** Below this size, in bytes, setting a native cipher up costs more than the cipher in JavaScript. */
const NATIVE_CIPHER_BYTES_MIN = 8_192;

const TAG_SIZE = 16;
const CIPHER = "chacha20-poly1305";

/** The same as `nobleCrypto`, by node:crypto wherever that is exact and faster (see bench/wire). */
export const nativeCrypto: CryptoPrimitives = {
    x25519(secret, publicKey) {
        try {
            return diffieHellman({
                privateKey: privateKey(PRIVATE_X25519, secret),
                publicKey: publicKeyOf(PUBLIC_X25519, publicKey),
            });
        } catch {
            // OpenSSL refuses an all-zero shared secret.
            return undefined;
        }
    },
    x25519Public: (secret) => rawPublic(privateKey(PRIVATE_X25519, secret)),
    ed25519Signer(seed) {
        const key = privateKey(PRIVATE_ED25519, seed);
        return {
            sign: (message) => sign(null, message, key),
            signSoon: (message) =>
                new Promise((resolve, reject) => {
                    sign(null, message, key, (cause, signature) => (cause ? reject(cause) : resolve(signature)));
                }),
        };
    },
    ed25519Verify(publicKey, message, signature) {
        try {
            return verify(null, message, publicKeyOf(PUBLIC_ED25519, publicKey), signature);
        } catch {
            return false;
        }
    },
    sha512: (message) => createHash("sha512").update(message).digest(),
    seal(box, plaintext) {
        if (plaintext.length < NATIVE_CIPHER_BYTES_MIN) return nobleCrypto.seal(box, plaintext);
        const cipher = createCipheriv(CIPHER, box.key, box.nonce, { authTagLength: TAG_SIZE });
        cipher.setAAD(box.aad, { plaintextLength: plaintext.length });
        const sealed = cipher.update(plaintext);
        cipher.final();
        return Buffer.concat([sealed, cipher.getAuthTag()]);
    },
    open(box, ciphertext) {
        if (ciphertext.length < NATIVE_CIPHER_BYTES_MIN) return nobleCrypto.open(box, ciphertext);
        const plaintextLength = ciphertext.length - TAG_SIZE;
        const cipher = createDecipheriv(CIPHER, box.key, box.nonce, { authTagLength: TAG_SIZE });
        cipher.setAAD(box.aad, { plaintextLength });
        cipher.setAuthTag(ciphertext.subarray(plaintextLength));
        const plaintext = cipher.update(ciphertext.subarray(0, plaintextLength));
        try {
            cipher.final();
            return plaintext;
        } catch {
            return undefined;
        }
    },
    argon2id(password, salt) {
        // Older runtimes than the pinned one lack it.
        if (typeof argon2 !== "function") return nobleCrypto.argon2id(password, salt);
        const { m, t, p, dkLen } = ARGON2ID_SETTING;
        const setting = { message: password, nonce: salt, memory: m, passes: t, parallelism: p, tagLength: dkLen };
        return new Promise((resolve, reject) => {
            argon2("argon2id", setting, (cause, key) => (cause ? reject(cause) : resolve(key)));
        });
    },
};

function privateKey(prefix: Buffer, raw: Uint8Array): KeyObject {
    return createPrivateKey({ key: Buffer.concat([prefix, raw]), format: "der", type: "pkcs8" });
}

function publicKeyOf(prefix: Buffer, raw: Uint8Array): KeyObject {
    return createPublicKey({ key: Buffer.concat([prefix, raw]), format: "der", type: "spki" });
}

function rawPublic(key: KeyObject): Uint8Array {
    const { x = "" } = createPublicKey(key).export({ format: "jwk" });
    return fromBase64Url(x) ?? new Uint8Array(0);
}
