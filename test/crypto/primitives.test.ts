import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeIdentity } from "../../src/crypto/identity.ts";
import { nobleCrypto } from "../../src/crypto/noble.ts";
import { nativeCrypto } from "../../src/crypto/node/native.ts";
import { xeddsaVerify } from "../../src/crypto/xeddsa.ts";
import { bytesOf } from "../support/arbitraries.ts";

const RUNS = { numRuns: 40 };
const message = fc.uint8Array({ maxLength: 200 });
const randomness = (seed: number) => ({ fill: (target: Uint8Array) => void target.fill(seed) });

function plain(bytes: Uint8Array | undefined): readonly number[] | undefined {
    return bytes && [...bytes];
}

describe("the native primitives answer as the reference does", () => {
    it("key agreement and public keys", () => {
        fc.assert(
            fc.property(bytesOf(32), bytesOf(32), (secret, key) => {
                expect(plain(nativeCrypto.x25519Public(secret))).toEqual(plain(nobleCrypto.x25519Public(secret)));
                const [native, noble] = [nativeCrypto, nobleCrypto].map((crypto) => crypto.ed25519Signer(secret));
                expect(plain(native?.sign(key))).toEqual(plain(noble?.sign(key)));
                expect(plain(nativeCrypto.x25519(secret, key))).toEqual(plain(nobleCrypto.x25519(secret, key)));
            }),
            RUNS,
        );
        expect(nativeCrypto.x25519(new Uint8Array(32).fill(1), new Uint8Array(32))).toBeUndefined();
        expect(nobleCrypto.x25519(new Uint8Array(32).fill(1), new Uint8Array(32))).toBeUndefined();
    });

    it("sealing and opening, short and long, with any change refused", () => {
        const sizes = fc.constantFrom(0, 1, 300, 8_191, 8_192, 20_000);
        fc.assert(
            fc.property(bytesOf(32), bytesOf(12), message, sizes, fc.nat(), (key, nonce, aad, size, at) => {
                const box = { key, nonce, aad };
                const text = new Uint8Array(size).fill(at & 0xff);
                const sealed = Uint8Array.from(nativeCrypto.seal(box, text));
                expect(plain(nobleCrypto.seal(box, text))).toEqual(plain(sealed));
                for (const crypto of [nativeCrypto, nobleCrypto])
                    expect(plain(crypto.open(box, sealed))).toEqual(plain(text));
                const index = at % sealed.length;
                sealed[index] = (sealed[index] ?? 0) ^ 1;
                for (const crypto of [nativeCrypto, nobleCrypto]) expect(crypto.open(box, sealed)).toBeUndefined();
                for (const crypto of [nativeCrypto, nobleCrypto])
                    expect(crypto.open(box, sealed.subarray(0, 15))).toBeUndefined();
            }),
            RUNS,
        );
    });

    it("verification of Ed25519, good, bad and nonsense", () => {
        fc.assert(
            fc.property(bytesOf(32), message, bytesOf(64), (secret, text, nonsense) => {
                const identity = makeIdentity({ crypto: nativeCrypto, entropy: randomness(3), secret });
                const good = identity.sign(text);
                for (const signature of [good, nonsense]) {
                    const verdicts = [nativeCrypto, nobleCrypto].map((crypto) =>
                        xeddsaVerify(crypto, { publicId: identity.publicId, message: text, signature }),
                    );
                    expect(verdicts).toEqual(signature === good ? [true, true] : [false, false]);
                }
            }),
            RUNS,
        );
    });

    it("password keys", async () => {
        const [password, salt] = [new Uint8Array(8).fill(1), new Uint8Array(16).fill(2)];
        expect(plain(await nativeCrypto.argon2id(password, salt))).toEqual(
            plain(await nobleCrypto.argon2id(password, salt)),
        );
    });
});

describe("an identity", () => {
    const secret = Uint8Array.from({ length: 32 }, (_, index) => index + 100);

    it("signs differently each time, and differently for each message from a broken random source", () => {
        let count = 0;
        const entropy = { fill: (target: Uint8Array) => void target.fill(count++) };
        const identity = makeIdentity({ crypto: nativeCrypto, entropy, secret });
        const text = new Uint8Array(3);
        expect(plain(identity.sign(text))).not.toEqual(plain(identity.sign(text)));
        const broken = makeIdentity({ crypto: nativeCrypto, entropy: randomness(0), secret });
        const [one, two] = [broken.sign(Uint8Array.of(1)), broken.sign(Uint8Array.of(2))];
        expect(plain(one.subarray(0, 32))).not.toEqual(plain(two.subarray(0, 32)));
    });

    it("signs on another thread what it signs here, with either primitives, for any key", async () => {
        await fc.assert(
            fc.asyncProperty(bytesOf(32), message, fc.nat(255), async (own, text, seed) => {
                const entropy = randomness(seed);
                const [native, noble] = [nativeCrypto, nobleCrypto].map((crypto) =>
                    makeIdentity({ crypto, entropy, secret: own }),
                );
                if (!native || !noble) throw new Error("there are two");
                const signature = native.sign(text);
                expect(plain(await native.signSoon(text))).toEqual(plain(signature));
                expect(plain(await noble.signSoon(text))).toEqual(plain(signature));
                const { publicId } = native;
                expect(xeddsaVerify(nobleCrypto, { publicId, message: text, signature })).toBe(true);
            }),
            RUNS,
        );
    });

    it("cannot be made to show its secret", () => {
        const identity = makeIdentity({ crypto: nativeCrypto, entropy: randomness(1), secret });
        const shown = JSON.stringify(identity, (_, value) => (value instanceof Uint8Array ? [...value] : value));
        expect(shown).not.toContain("100,101,102");
        expect(Object.keys(identity).sort()).toEqual(["agree", "publicId", "routingKey", "sign", "signSoon"]);
    });
});
