import { concatBytes, equalBytes, utf8 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Entropy } from "../base/time.ts";
import { SECRET_SIZE } from "./identity.ts";
import type { CryptoPrimitives } from "./primitives.ts";

const MAGIC = utf8("embr-identity-v1");
const VERSION = 1;
const SALT_SIZE = 16;
const NONCE_SIZE = 12;
const HEADER_SIZE = MAGIC.length + 1 + SALT_SIZE + NONCE_SIZE;
/** Of the form with a password; the one without has 32. */
export const ENCRYPTED_FILE_SIZE = HEADER_SIZE + SECRET_SIZE + 16;

export interface IdentityFileError {
    readonly kind:
        | "invalid_size"
        | "invalid_magic"
        | "unsupported_version"
        | "decryption_failed"
        | "password_required"
        | "empty_password";
    /** For people. Never holds the password or the secret. */
    readonly detail: string;
}

export interface IdentityFileParts {
    readonly salt: Uint8Array;
    readonly nonce: Uint8Array;
    /** 32 bytes of ciphertext and the tag. */
    readonly sealed: Uint8Array;
}

/** Magic and length together: every other file is taken for the plain form. */
export function isEncryptedIdentity(file: Uint8Array): boolean {
    return file.length === ENCRYPTED_FILE_SIZE && equalBytes(file.subarray(0, MAGIC.length), MAGIC);
}

/** The parts of the encrypted form (SPEC section 5). The header is not authenticated. */
export function parseEncryptedIdentity(file: Uint8Array): Result<IdentityFileParts, IdentityFileError> {
    if (file.length !== ENCRYPTED_FILE_SIZE) {
        return fail("invalid_size", `an identity with a password has ${ENCRYPTED_FILE_SIZE} bytes, not ${file.length}`);
    }
    if (!equalBytes(file.subarray(0, MAGIC.length), MAGIC)) {
        return fail("invalid_magic", "it does not begin like an identity file");
    }
    const version = file[MAGIC.length];
    if (version !== VERSION) return fail("unsupported_version", `its version is ${version}, known is ${VERSION}`);
    const salt = file.subarray(MAGIC.length + 1, MAGIC.length + 1 + SALT_SIZE);
    return ok({
        salt,
        nonce: file.subarray(MAGIC.length + 1 + SALT_SIZE, HEADER_SIZE),
        sealed: file.subarray(HEADER_SIZE),
    });
}

/** The 32 secret bytes of either form. A password given for a plain file is not looked at. */
export async function decodeIdentityFile(
    crypto: CryptoPrimitives,
    file: Uint8Array,
    password: string | undefined,
): Promise<Result<Uint8Array, IdentityFileError>> {
    if (!isEncryptedIdentity(file)) {
        if (file.length === SECRET_SIZE) return ok(Uint8Array.from(file));
        return fail(
            "invalid_size",
            `an identity has ${SECRET_SIZE} bytes, or ${ENCRYPTED_FILE_SIZE}, not ${file.length}`,
        );
    }
    const parts = parseEncryptedIdentity(file);
    if (!parts.ok) return parts;
    if (password === undefined) return fail("password_required", "it has a password");
    const { salt, nonce, sealed } = parts.value;
    const key = await crypto.argon2id(utf8(password), salt);
    const secret = crypto.open({ key, nonce, aad: new Uint8Array(0) }, sealed);
    return secret ? ok(secret) : fail("decryption_failed", "the password is wrong, or the file is damaged");
}

/** The encrypted form. An empty password is a bug of the caller: see `empty_password` for its answer to people. */
export async function encodeIdentityFile({
    crypto,
    entropy,
    secret,
    password,
}: {
    readonly crypto: CryptoPrimitives;
    readonly entropy: Entropy;
    readonly secret: Uint8Array;
    readonly password: string;
}): Promise<Result<Uint8Array, IdentityFileError>> {
    if (password === "") return fail("empty_password", "a password cannot be empty");
    const salt = new Uint8Array(SALT_SIZE);
    const nonce = new Uint8Array(NONCE_SIZE);
    entropy.fill(salt);
    entropy.fill(nonce);
    const key = await crypto.argon2id(utf8(password), salt);
    const sealed = crypto.seal({ key, nonce, aad: new Uint8Array(0) }, secret);
    return ok(concatBytes(MAGIC, Uint8Array.of(VERSION), salt, nonce, sealed));
}

function fail(kind: IdentityFileError["kind"], detail: string): Result<never, IdentityFileError> {
    return err({ kind, detail });
}
