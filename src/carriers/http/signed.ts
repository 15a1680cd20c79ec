import { err } from "../../base/result.ts";
import type { UnixSeconds } from "../../base/time.ts";
import type { Identity } from "../../crypto/identity.ts";
import type { CryptoPrimitives } from "../../crypto/primitives.ts";
import { signHeaders, verifyHeaders } from "../../crypto/signed-headers.ts";
import type { SignRequest } from "./client-http.ts";
import type { VerifySigned } from "./options.ts";
import { Replays } from "./replays.ts";

/** A signed request's timestamp is good from 30 s before to 300 s after this clock (SPEC 15). */
const GOOD_S = 330;

/**
 * Checks signed requests for a node that answers to `hosts`; with none, any destination is taken. Unlike Ember it refuses
 * a request that it has taken before.
 */
export function signedVerifier(
    crypto: Pick<CryptoPrimitives, "ed25519Verify">,
    hosts: readonly string[],
): VerifySigned {
    const replays = new Replays();
    return (request) => {
        const verified = verifyHeaders({ ...request, crypto, hosts });
        if (!verified.ok) return err(verified.error.text);
        const signature = request.headers.find(([name]) => name.toLowerCase() === "x-node-signature")?.[1] ?? "";
        return replays.isNew(signature, request.now, request.now + GOOD_S) ? verified : err("Replayed request");
    };
}

/** Signs requests in the name of a gateway. */
export function requestSigner(identity: Pick<Identity, "publicId" | "sign">, wall: () => UnixSeconds): SignRequest {
    return (request) => signHeaders({ ...request, identity, timestamp: wall() });
}
