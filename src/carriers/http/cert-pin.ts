import { fromBase64, toBase64 } from "../../base/encoding.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { base64Problem } from "./base64-problem.ts";

const HASH_SIZE = 32;
const KINDS = ["spki", "cert"] as const;

/** What a server's certificate must match besides the usual chain: SHA-256 of its key or of all of it. */
export interface CertPin {
    readonly kind: (typeof KINDS)[number];
    /** 32 bytes. */
    readonly hash: Uint8Array;
}

/** `spki//sha256/<base64>` or `cert//sha256/<base64>`, matched exactly; the error is Ember's text. */
export function parseCertPin(text: string): Result<CertPin, string> {
    const kind = KINDS.find((each) => text.startsWith(`${each}//sha256/`));
    if (!kind) {
        return err(
            `Invalid certificate pin format: expected format 'spki//sha256/BASE64...' or 'cert//sha256/BASE64...', got '${text}'`,
        );
    }
    const encoded = text.slice(`${kind}//sha256/`.length);
    if (encoded === "") return err("Invalid certificate pin format: missing base64-encoded hash");
    const hash = fromBase64(encoded);
    if (!hash) return err(`Invalid base64 encoding: failed to decode base64: ${base64Problem(encoded)}`);
    if (hash.length === HASH_SIZE) return ok({ kind, hash });
    return err(`Invalid base64 encoding: expected 32-byte SHA-256 hash, got ${hash.length} bytes`);
}

export function formatCertPin({ kind, hash }: CertPin): string {
    return `${kind}//sha256/${toBase64(hash)}`;
}
