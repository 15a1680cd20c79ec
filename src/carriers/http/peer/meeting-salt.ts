import { createHash } from "node:crypto";
import { concatBytes, utf8 } from "../../../base/bytes.ts";

/** Bytes of chance that each end of a meeting brings, and of the salt made of both. */
export const NONCE_SIZE = 8;

/** The salt of a meeting: neither end alone can choose it. */
export function meetingSalt(asking: Uint8Array, answering: Uint8Array): Uint8Array {
    const whole = concatBytes(utf8("hearth-reconcile-v1:"), asking, answering);
    return createHash("sha256").update(whole).digest().subarray(0, NONCE_SIZE);
}

export const MEETING_PATH = "/api/v1/hearth/reconcile";
