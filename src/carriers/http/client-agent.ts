import { createHash, X509Certificate } from "node:crypto";
import type { Agent } from "node:http";
import type { PeerCertificate } from "node:tls";
import { equalBytes } from "../../base/bytes.ts";
import type { CertPin } from "./cert-pin.ts";

/** Connections to one mailbox at once. */
const SOCKETS_MAX = 4;

/** What of TLS can be asked of a mailbox's server. */
export interface TlsDemands {
    readonly pins?: readonly CertPin[] | undefined;
    readonly authorities?: string | undefined;
}

/** Keeps connections to one mailbox open between its requests. TLS is set up only where the address asks for it. */
export function makeAgent(url: URL, { pins = [], authorities }: TlsDemands): Agent {
    const usual = { keepAlive: true, maxSockets: SOCKETS_MAX };
    if (url.protocol !== "https:") return new (process.getBuiltinModule("node:http").Agent)(usual);
    const tls = process.getBuiltinModule("node:tls");
    const roots = [...tls.getCACertificates("default"), ...tls.getCACertificates("system")];
    const ca = authorities === undefined ? [...new Set(roots)] : [authorities];
    return new (process.getBuiltinModule("node:https").Agent)({
        ...usual,
        secureContext: tls.createSecureContext({ ca, minVersion: "TLSv1.2" }),
        // Comes in the middle of the handshake: before anything of the request, credentials above all, is sent.
        checkServerIdentity: (host, certificate) =>
            tls.checkServerIdentity(host, certificate) ?? pinProblem(pins, certificate),
    });
}

function pinProblem(pins: readonly CertPin[], { raw }: PeerCertificate): Error | undefined {
    if (pins.length === 0 || pins.some((pin) => equalBytes(pin.hash, pinned(pin.kind, raw)))) return undefined;
    return Object.assign(new Error("the certificate fits no pin"), { code: "CERTIFICATE_NOT_PINNED" });
}

function pinned(kind: CertPin["kind"], raw: Uint8Array): Uint8Array {
    const bytes = kind === "cert" ? raw : new X509Certificate(raw).publicKey.export({ type: "spki", format: "der" });
    return createHash("sha256").update(bytes).digest();
}
