import { equalBytes } from "../../base/bytes.ts";
import { toBase64, toBase64Url, toHex } from "../../base/encoding.ts";
import type { Entropy } from "../../base/time.ts";
import { ackHashOf, ackSecretOf, attributionOf, makeTombstone, tombstoneData } from "../../crypto/ack.ts";
import { contentIdOf } from "../../crypto/content-id.ts";
import { makeIdentity } from "../../crypto/identity.ts";
import { decodeIdentityFile, encodeIdentityFile, parseEncryptedIdentity } from "../../crypto/identity-file.ts";
import type { CryptoPrimitives } from "../../crypto/primitives.ts";
import { fingerprintOf, parsePublicIdBase64, parsePublicIdHex, routingKeyOf } from "../../crypto/public-id.ts";
import { identityChallengeData, receiptData } from "../../crypto/receipt.ts";
import { boxOf, openMessage, sealMessage } from "../../crypto/sealing.ts";
import { signHeaders, verifyHeaders } from "../../crypto/signed-headers.ts";
import { xeddsaKeyPair, xeddsaSign, xeddsaVerify } from "../../crypto/xeddsa.ts";
import { encodeInnerEnvelope } from "../../wire/inner-envelope.ts";
import { encodeOuterEnvelope } from "../../wire/outer-envelope.ts";
import { encodeTombstonePayload, wireErrorText } from "../../wire/payload.ts";
import { decodeTombstone, encodeTombstone } from "../../wire/tombstone.ts";
import { firstOf, type Group, type Problem, same } from "./check.ts";
import type { Fields } from "./fields.ts";
import { innerOf } from "./shapes.ts";

/** The time at which the vectors were made, in hours since 1970. */
const VECTOR_HOUR = 490_896;
const VECTOR_TTL_HOURS = 168;

/** Gives the bytes of the vector instead of random ones, in the order they are asked for. */
function fixedEntropy(...parts: readonly Uint8Array[]): Entropy {
    const left = [...parts];
    return { fill: (target) => target.set(left.shift() ?? new Uint8Array(0)) };
}

const noEntropy: Entropy = { fill: () => undefined };

export const identities: Group = {
    cases(fields, crypto) {
        const secret = fields.bytes("secret");
        const publicId = crypto.x25519Public(secret);
        const pair = xeddsaKeyPair(secret);
        const clamped = Uint8Array.from(secret);
        clamped[0] = (clamped[0] ?? 0) & 248;
        clamped[31] = ((clamped[31] ?? 0) & 127) | 64;
        return firstOf(
            same("the public id", publicId, fields.bytes("public_id")),
            same("its base64", toBase64(publicId), fields.text("public_id_b64")),
            same("the routing key", routingKeyOf(publicId), fields.bytes("routing_key")),
            same("its base64url", toBase64Url(routingKeyOf(publicId)), fields.text("routing_key_b64url")),
            same("the fingerprint", toHex(fingerprintOf(publicId)), fields.text("fingerprint")),
            same("the clamped secret", clamped, fields.bytes("clamped_secret")),
            same("the signing scalar", pair.scalarBytes, fields.bytes("xeddsa_scalar_bytes")),
            same("the Ed25519 key", pair.ed25519Public, fields.bytes("ed25519_public")),
            same("the negation", pair.negated, fields.flag("xeddsa_negated")),
        );
    },
};

export const publicIdParse: Group = {
    cases(fields) {
        const text = fields.text("input_text");
        const kind = fields.text("kind");
        if (kind !== "hex" && kind !== "b64") return `nobody knows the kind ${kind}`;
        const result = kind === "hex" ? parsePublicIdHex(text) : parsePublicIdBase64(text);
        if (!fields.flag("valid"))
            return same("the error", result.ok ? "none" : result.error.kind, fields.text("error"));
        if (!result.ok) return `is refused as ${result.error.kind}`;
        return firstOf(
            same("the public id", result.value, fields.bytes("public_id")),
            same("the routing key", routingKeyOf(result.value), fields.bytes("routing_key")),
        );
    },
};

export const xeddsa: Group = {
    sign(fields, crypto) {
        const [secret, message] = [fields.bytes("secret"), fields.bytes("message")];
        const publicId = crypto.x25519Public(secret);
        const signature = xeddsaSign(crypto, { secret, message, z: fields.bytes("z") });
        const own = makeIdentity({ crypto, entropy: noEntropy, secret }).sign(message);
        return firstOf(
            same("the public id", publicId, fields.bytes("public_id")),
            same("the signature", signature, fields.bytes("signature")),
            same(
                "that Hearth's own signature holds",
                xeddsaVerify(crypto, { publicId, message, signature: own }),
                true,
            ),
        );
    },
    verify(fields, crypto) {
        const [publicId, message] = [fields.bytes("public_id"), fields.bytes("message")];
        const holds = xeddsaVerify(crypto, { publicId, message, signature: fields.bytes("signature") });
        return same("that it holds", holds, fields.flag("valid"));
    },
};

export const encryption: Group = {
    encrypt(fields, crypto) {
        const expect = fields.child("expect");
        const [secret, messageId, inner] = [
            fields.bytes("sender_secret"),
            fields.bytes("message_id"),
            innerOf(fields.child("inner")),
        ];
        const recipient = fields.bytes("recipient_public");
        const ephemeral = fields.bytes("ephemeral_secret");
        let signature = new Uint8Array(0);
        const sealed = sealMessage({
            crypto,
            entropy: fixedEntropy(ephemeral),
            sender: {
                sign(message) {
                    signature = Uint8Array.from(xeddsaSign(crypto, { secret, message, z: fields.bytes("xeddsa_z") }));
                    return signature;
                },
            },
            recipient,
            inner,
            messageId,
            nowHours: VECTOR_HOUR,
            ttlHours: VECTOR_TTL_HOURS,
        });
        if (!sealed.ok) return sealed.error.kind;
        const { outer, ackSecret, payload } = sealed.value;
        const shared = crypto.x25519(ephemeral, recipient) ?? new Uint8Array(0);
        const box = boxOf({ ephemeralKey: outer.ephemeralKey, recipient, shared, messageId });
        const identity = makeIdentity({ crypto, entropy: noEntropy, secret: fields.bytes("recipient_secret") });
        const opened = openMessage({ crypto, recipient: identity, outer });
        return firstOf(
            same("the recipient", identity.publicId, recipient),
            same("the inner bytes", encodeInnerEnvelope(inner), fields.bytes("inner_bytes")),
            same("the ephemeral key", outer.ephemeralKey, expect.bytes("ephemeral_public")),
            same("the shared secret", shared, expect.bytes("shared_secret")),
            same("the key", box.key, expect.bytes("key")),
            same("the nonce", box.nonce, expect.bytes("nonce")),
            same("the signature", signature, expect.bytes("signature")),
            same("the ciphertext", outer.innerCiphertext, expect.bytes("ciphertext")),
            same("the ack secret", ackSecret, expect.bytes("ack_secret")),
            same("the ack hash", outer.ackHash, expect.bytes("ack_hash")),
            same("the outer envelope", encodeOuterEnvelope(outer), expect.bytes("outer_bytes")),
            same("the payload", payload, expect.bytes("wire_bytes")),
            same("the content id", contentIdOf(inner), expect.bytes("content_id")),
            same("opened, it", opened.ok ? opened.value.inner : opened.error.kind, inner),
        );
    },
    decrypt(fields, crypto) {
        const recipient = makeIdentity({ crypto, entropy: noEntropy, secret: fields.bytes("recipient_secret") });
        const opened = openMessage({
            crypto,
            recipient,
            outer: {
                ephemeralKey: fields.bytes("ephemeral_key"),
                messageId: fields.bytes("message_id"),
                innerCiphertext: fields.bytes("ciphertext"),
            },
        });
        if (!fields.flag("valid")) {
            return same("the category", opened.ok ? "none" : opened.error.kind, fields.text("category"));
        }
        if (!opened.ok) return `does not open: ${opened.error.kind}`;
        return firstOf(
            same("the inner envelope", opened.value.inner, innerOf(fields.child("inner"))),
            same("the ack secret", opened.value.ackSecret, fields.bytes("ack_secret")),
        );
    },
    encrypt_errors(fields, crypto) {
        const sealed = sealMessage({
            crypto,
            entropy: { fill: (target) => void target.fill(7) },
            sender: { sign: () => new Uint8Array(64) },
            recipient: fields.bytes("recipient_public"),
            inner: {
                from: crypto.x25519Public(new Uint8Array(32).fill(5)),
                createdAtMs: 0n,
                content: { kind: "text", body: "" },
                prevSelf: undefined,
                observedHeads: [],
                epoch: 0,
                flags: 0,
            },
            messageId: new Uint8Array(16),
            nowHours: VECTOR_HOUR,
            ttlHours: VECTOR_TTL_HOURS,
        });
        return same("the category", sealed.ok ? "none" : sealed.error.kind, fields.text("category"));
    },
};

export const tombstone: Group = {
    cases(fields, crypto) {
        const messageId = fields.bytes("message_id");
        const ackSecret = ackSecretOf(fields.bytes("shared_secret"), messageId);
        const secret = fields.bytes("signer_secret");
        const sign = (message: Uint8Array): Uint8Array =>
            xeddsaSign(crypto, { secret, message, z: fields.bytes("xeddsa_z") });
        const made = makeTombstone({ identity: { sign }, messageId, ackSecret });
        const keys = { recipient: fields.bytes("recipient_public"), sender: fields.bytes("sender_public") };
        return firstOf(
            same("the ack secret", ackSecret, fields.bytes("ack_secret")),
            same("the ack hash", ackHashOf(ackSecret), fields.bytes("ack_hash")),
            same("the signed bytes", tombstoneData(messageId, ackSecret), fields.bytes("signable")),
            same("the signature", made.signature, fields.bytes("signature")),
            same("the tombstone", encodeTombstone(made), fields.bytes("bytes")),
            same("the payload", encodeTombstonePayload(made), fields.bytes("wire")),
            same(
                "the authorization",
                equalBytes(ackHashOf(made.ackSecret), fields.bytes("ack_hash")),
                fields.flag("authorized"),
            ),
            same("the signer", attributionOf(crypto, made, keys), fields.text("attribution").toLowerCase()),
        );
    },
    checks(fields, crypto) {
        const result = decodeTombstone(fields.bytes("bytes"));
        if (!result.ok || !fields.flag("decodes")) {
            const text = result.ok ? "none" : wireErrorText(result.error);
            return firstOf(
                same("that it decodes", result.ok, fields.flag("decodes")),
                same("the category", result.ok ? "none" : "decode", fields.text("category")),
                // The same error inside a payload is introduced by other words.
                same("the text", text.replace("Invalid", "Failed to decode"), fields.text("error_text")),
            );
        }
        const keys = { recipient: fields.bytes("recipient_public"), sender: fields.bytes("sender_public") };
        const opens = equalBytes(ackHashOf(result.value.ackSecret), fields.bytes("ack_hash"));
        return firstOf(
            same("the authorization", opens, fields.flag("authorized")),
            same("the signer", attributionOf(crypto, result.value, keys), fields.text("attribution").toLowerCase()),
        );
    },
};

/** Where a secret is given the exact signature is made too; every signature is verified. */
function signedData(fields: Fields, crypto: CryptoPrimitives, who: string, data: Uint8Array): Problem {
    const publicId = fields.bytes(`${who}_public`);
    const secret = fields.bytesIfSet(`${who}_secret`);
    const signature = fields.bytes("signature");
    const holds = xeddsaVerify(crypto, { publicId, message: data, signature });
    return firstOf(
        same("that it holds", holds, fields.has("valid") ? fields.flag("valid") : true),
        secret && fields.has("xeddsa_z")
            ? firstOf(
                  same("the public id", crypto.x25519Public(secret), publicId),
                  same(
                      "the signature",
                      xeddsaSign(crypto, { secret, message: data, z: fields.bytes("xeddsa_z") }),
                      signature,
                  ),
              )
            : undefined,
    );
}

export const receipt: Group = {
    cases(fields, crypto) {
        const data = receiptData(fields.bytes("signer_public"), fields.bytes("message_id"));
        return firstOf(
            same("the signed bytes", data, fields.bytes("sign_data")),
            same("the base64", toBase64(fields.bytes("signature")), fields.text("signature_b64")),
            signedData(fields, crypto, "signer", data),
        );
    },
};

export const identityChallenge: Group = {
    cases(fields, crypto) {
        const challenge = fields.bytes("challenge");
        const data = identityChallengeData(challenge, fields.bytes("prover_public"));
        const encoded = toBase64(challenge);
        const path = `/api/v1/identity?challenge=${encodeURIComponent(encoded)}`;
        const signature = fields.bytes("signature");
        const proves = (publicId: Uint8Array): boolean =>
            xeddsaVerify(crypto, { publicId, message: identityChallengeData(challenge, publicId), signature });
        const candidates = fields.has("candidates") ? fields.hexList("candidates") : [];
        return firstOf(
            same("the signed bytes", data, fields.bytes("sign_data")),
            same("the challenge", encoded, fields.text("challenge_b64")),
            same("the request", path, fields.text("path_and_query_text")),
            same("the answer", JSON.stringify({ signature: toBase64(signature) }), fields.text("response_body_text")),
            fields.has("matched") ? same("who answered", candidates.find(proves), fields.bytes("matched")) : undefined,
            fields.has("unmatched_when_only")
                ? same(
                      "that another answered",
                      proves(fields.bytes("unmatched_when_only")),
                      fields.flag("other_matches"),
                  )
                : undefined,
            signedData(fields, crypto, "prover", data),
        );
    },
    negative(fields, crypto) {
        const publicId = fields.bytes("prover_public");
        const signature = fields.bytes("signature");
        const data = identityChallengeData(fields.bytes("challenge"), publicId);
        return firstOf(
            same("that it holds", xeddsaVerify(crypto, { publicId, message: data, signature }), fields.flag("valid")),
            same(
                "over what was signed, it",
                xeddsaVerify(crypto, { publicId, message: fields.bytes("signed_data"), signature }),
                true,
            ),
        );
    },
};

export const identityFile: Group = {
    async save(fields, crypto) {
        const secret = fields.bytes("secret");
        const file = await encodeIdentityFile({
            crypto,
            entropy: fixedEntropy(fields.bytes("salt"), fields.bytes("nonce")),
            secret,
            password: fields.text("password_text"),
        });
        return firstOf(
            same("the file", file.ok ? file.value : file.error.kind, fields.bytes("file")),
            same("the public id", crypto.x25519Public(secret), fields.bytes("public_id")),
        );
    },
    async load(fields, crypto) {
        const result = await decodeIdentityFile(crypto, fields.bytes("file"), fields.textIfSet("password_text"));
        if (fields.flag("valid")) {
            return same("the secret", result.ok ? result.value : result.error.kind, fields.bytes("secret"));
        }
        return same("the category", result.ok ? "none" : result.error.kind, fields.text("category"));
    },
    parse_encrypted(fields) {
        const result = parseEncryptedIdentity(fields.bytes("file"));
        if (fields.flag("valid")) return same("that it parses", result.ok, true);
        return same("the category", result.ok ? "none" : result.error.kind, fields.text("category"));
    },
};

/** Besides its lists the file of identities says what an empty password gives. */
export async function emptyPassword(category: string, crypto: CryptoPrimitives): Promise<Problem> {
    const file = await encodeIdentityFile({ crypto, entropy: noEntropy, secret: new Uint8Array(32), password: "" });
    return same("the category", file.ok ? "none" : file.error.kind, category);
}

export const signedHeaders: Group = {
    sign(fields, crypto) {
        const secret = fields.bytes("node_secret");
        let signed = "";
        const made = signHeaders({
            identity: {
                publicId: crypto.x25519Public(secret),
                sign(message) {
                    signed = new TextDecoder().decode(message);
                    return xeddsaSign(crypto, { secret, message, z: fields.bytes("xeddsa_z") });
                },
            },
            timestamp: fields.number("timestamp"),
            destination: fields.text("dest"),
            method: fields.text("method"),
            path: fields.text("path"),
            body: fields.bytes("body"),
        });
        const expected = fields.child("headers");
        return firstOf(
            same("the signed text", signed, fields.text("signed_string_text")),
            ...expected.keys().map((name) => same(name, new Map(Object.entries(made)).get(name), expected.text(name))),
        );
    },
    verify(fields, crypto) {
        const hosts = [fields.textIfSet("public_host"), ...fields.array("additional_hosts").map(String)];
        const result = verifyHeaders({
            crypto,
            headers: fields
                .array("headers")
                .map((pair) => (Array.isArray(pair) ? [String(pair[0]), String(pair[1])] : ["", ""])),
            now: fields.number("now"),
            hosts: fields.has("public_host") ? hosts.filter((host) => host !== undefined) : [],
            method: fields.text("method"),
            path: fields.text("path"),
            body: fields.bytes("body"),
        });
        if (fields.flag("valid"))
            return same("the signer", result.ok ? result.value : result.error.text, fields.bytes("node_public"));
        return firstOf(
            same("the category", result.ok ? "none" : result.error.kind, fields.text("category")),
            same("the text", result.ok ? "none" : result.error.text, fields.text("error_text")),
        );
    },
};
