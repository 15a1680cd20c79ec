import { ed25519 } from "@noble/curves/ed25519.js";
import { concatBytes } from "../base/bytes.ts";
import type { CryptoPrimitives } from "./primitives.ts";

const { Point } = ed25519;
const FIELD = Point.Fp;
const ORDER = Point.Fn.ORDER;
const LOW_255_BITS = 2n ** 255n - 1n;

/** 2^256 - 2, little endian: no key begins like this, so the nonce hash is apart from every other. */
const NONCE_PAD = new Uint8Array(32).fill(0xff);
NONCE_PAD[0] = 0xfe;

/** 2^256 - 3, little endian: apart from the hash above. */
const SEED_PAD = new Uint8Array(32).fill(0xff);
SEED_PAD[0] = 0xfd;

export interface XeddsaKeyPair {
    /** The 32 bytes that the fixed-Z nonce hash covers: clamped, and reduced only where it was negated. */
    readonly scalarBytes: Uint8Array;
    readonly scalar: bigint;
    /** The compressed Ed25519 point; its sign bit is 0. */
    readonly ed25519Public: Uint8Array;
    readonly negated: boolean;
}

/** The signing pair of an X25519 secret of 32 bytes (SPEC section 4). */
export function xeddsaKeyPair(secret: Uint8Array): XeddsaKeyPair {
    const clamped = clamp(secret);
    const scalar = toNumber(clamped) % ORDER;
    const point = Point.BASE.multiply(scalar);
    const negated = ((point.toBytes()[31] ?? 0) & 0x80) !== 0;
    if (!negated) return { scalarBytes: clamped, scalar, ed25519Public: point.toBytes(), negated };
    const other = ORDER - scalar;
    return { scalarBytes: toBytes(other), scalar: other, ed25519Public: point.negate().toBytes(), negated };
}

/** The exact form with its 64 random bytes `z` given: the reference that the vectors fix. */
export function xeddsaSign(
    crypto: Pick<CryptoPrimitives, "sha512">,
    { secret, message, z }: { readonly secret: Uint8Array; readonly message: Uint8Array; readonly z: Uint8Array },
): Uint8Array {
    const pair = xeddsaKeyPair(secret);
    const nonce = toNumber(crypto.sha512(concatBytes(NONCE_PAD, pair.scalarBytes, message, z))) % ORDER;
    return finish(crypto, pair, { nonce, point: Point.BASE.multiply(nonce).toBytes() }, message);
}

/** Signs again and again with one key. */
export interface XeddsaSigner {
    /** `fresh` are 64 random bytes. */
    sign(message: Uint8Array, fresh: Uint8Array): Uint8Array;
    /** The same, with the costly half on another thread where the primitives have one. */
    signSoon(message: Uint8Array, fresh: Uint8Array): Promise<Uint8Array>;
}

/**
 * The same signature scheme at native speed. Only the primitives can compute a nonce's point fast, and only within an
 * Ed25519 signature: its first half is the point, and its nonce is SHA-512 of the key's prefix and the message. So a plain
 * signature by a key that serves for nothing else, over the hash of our key, the message and 64 fresh bytes, gives a nonce
 * that we know and its point; its second half is thrown away. Neither a repeated message nor a weak random source alone
 * can repeat a nonce for different messages.
 */
export function xeddsaSigner(
    crypto: Pick<CryptoPrimitives, "sha512" | "ed25519Signer">,
    pair: XeddsaKeyPair,
): XeddsaSigner {
    const seed = crypto.sha512(concatBytes(SEED_PAD, pair.scalarBytes)).subarray(0, 32);
    const prefix = crypto.sha512(seed).subarray(32);
    const nonces = crypto.ed25519Signer(seed);
    const labelOf = (message: Uint8Array, fresh: Uint8Array): Uint8Array =>
        crypto.sha512(concatBytes(NONCE_PAD, pair.scalarBytes, message, fresh));
    const signed = (label: Uint8Array, plain: Uint8Array, message: Uint8Array): Uint8Array => {
        const nonce = toNumber(crypto.sha512(concatBytes(prefix, label))) % ORDER;
        return finish(crypto, pair, { nonce, point: plain.subarray(0, 32) }, message);
    };
    return {
        sign(message, fresh) {
            const label = labelOf(message, fresh);
            return signed(label, nonces.sign(label), message);
        },
        async signSoon(message, fresh) {
            const label = labelOf(message, fresh);
            return signed(label, await nonces.signSoon(label), message);
        },
    };
}

function finish(
    crypto: Pick<CryptoPrimitives, "sha512">,
    pair: XeddsaKeyPair,
    { nonce, point }: { readonly nonce: bigint; readonly point: Uint8Array },
    message: Uint8Array,
): Uint8Array {
    const challenge = toNumber(crypto.sha512(concatBytes(point, pair.ed25519Public, message))) % ORDER;
    return concatBytes(point, toBytes((nonce + challenge * pair.scalar) % ORDER));
}

/** Verifies as Ember does; `publicId` is 32 bytes of X25519, `signature` 64 bytes. Never throws. */
export function xeddsaVerify(
    crypto: Pick<CryptoPrimitives, "ed25519Verify">,
    { publicId, message, signature }: Record<"publicId" | "message" | "signature", Uint8Array>,
): boolean {
    if (publicId.length !== 32 || signature.length !== 64) return false;
    const key = edwardsOf(publicId);
    return key !== undefined && crypto.ed25519Verify(key, message, signature);
}

/** The birational map y = (u-1)/(u+1), sign bit 0; undefined for u = -1. */
function edwardsOf(publicId: Uint8Array): Uint8Array | undefined {
    const u = (toNumber(publicId) & LOW_255_BITS) % FIELD.ORDER;
    const divisor = FIELD.add(u, 1n);
    if (divisor === 0n) return undefined;
    return toBytes(FIELD.mul(FIELD.sub(u, 1n), FIELD.inv(divisor)));
}

function clamp(secret: Uint8Array): Uint8Array {
    const clamped = Uint8Array.from(secret);
    clamped[0] = (clamped[0] ?? 0) & 248;
    clamped[31] = ((clamped[31] ?? 0) & 127) | 64;
    return clamped;
}

/** Little endian. */
function toNumber(bytes: Uint8Array): bigint {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let number = 0n;
    for (let offset = bytes.length - 8; offset >= 0; offset -= 8) {
        number = (number << 64n) | view.getBigUint64(offset, true);
    }
    return number;
}

function toBytes(number: bigint): Uint8Array {
    const bytes = new Uint8Array(32);
    const view = new DataView(bytes.buffer);
    for (let offset = 0; offset < 32; offset += 8) {
        view.setBigUint64(offset, (number >> BigInt(offset * 8)) & 0xffff_ffff_ffff_ffffn, true);
    }
    return bytes;
}
