import type { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { fromBase64 } from "../../base/encoding.ts";
import type { Credentials } from "./options.ts";

/** Tells whether an Authorization header opens the door. */
export type CheckAuthorization = (header: string | undefined) => boolean;

const SCHEME = "Basic ";

/**
 * Basic auth as Ember reads it (SPEC 14.1): the scheme exactly so, strict base64, the user name up to the first colon.
 * Takes the same time for every wrong pair.
 */
export function makeAuthorization(credentials: Credentials | undefined): CheckAuthorization {
    if (!credentials) return () => true;
    const wanted = digest(`${credentials.username}:${credentials.password.reveal()}`);
    return (header) => {
        const pair = parseBasic(header);
        return pair !== undefined && timingSafeEqual(digest(pair), wanted);
    };
}

/** The `user:password` of a header; undefined for anything else. */
export function parseBasic(header: string | undefined): string | undefined {
    if (!header?.startsWith(SCHEME)) return undefined;
    const bytes = fromBase64(header.slice(SCHEME.length));
    if (!bytes) return undefined;
    try {
        const pair = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
        return pair.includes(":") ? pair : undefined;
    } catch {
        return undefined;
    }
}

/** Digests have one length, so comparing them tells nothing about the length of the password. */
function digest(pair: string): Buffer {
    return createHash("sha256").update(pair, "utf8").digest();
}

/** Whether only this machine can reach a listener on `host`. */
export function isLoopback(host: string): boolean {
    const name = host.toLowerCase().replace(/^::ffff:(?=\d+\.)/, "");
    if (isIP(name) === 4) return name.startsWith("127.");
    return name === "localhost" || name === "::1";
}
