import { err } from "../../base/result.ts";
import type { CryptoPrimitives } from "../../crypto/primitives.ts";
import { verifyHeaders } from "../../crypto/signed-headers.ts";
import type { VerifySigned } from "./options.ts";

/** Checks signed requests for a node that answers to `hosts`; with none, any destination is taken. */
export function signedVerifier(
    crypto: Pick<CryptoPrimitives, "ed25519Verify">,
    hosts: readonly string[],
): VerifySigned {
    return (request) => {
        const verified = verifyHeaders({ ...request, crypto, hosts });
        return verified.ok ? verified : err(verified.error.text);
    };
}
