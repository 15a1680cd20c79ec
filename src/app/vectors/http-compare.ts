import { fromBase64 } from "../../base/encoding.ts";
import { nativeCrypto } from "../../crypto/node/native.ts";
import { identityChallengeData, receiptData } from "../../crypto/receipt.ts";
import { xeddsaVerify } from "../../crypto/xeddsa.ts";
import { decodeWirePayload } from "../../wire/payload.ts";
import type { WantedResponse } from "./http-format.ts";
import type { RawResponse } from "./raw-http.ts";

/** What the signatures of an answer must cover: one entry for each result, or the one of an identity answer. */
export interface Signed {
    readonly publicId: Uint8Array;
    readonly data: readonly (Uint8Array | undefined)[];
}

/** The first difference in words; undefined where the answer is the wanted one. Signatures are verified, not compared. */
export function difference(wanted: WantedResponse, got: RawResponse, signed: Signed | undefined): string | undefined {
    if (got.status !== wanted.status) return `status ${got.status} instead of ${wanted.status}: ${short(got.body)}`;
    if (got.contentType !== wanted.content_type) {
        return `content type ${got.contentType} instead of ${wanted.content_type}`;
    }
    if (got.allow !== wanted.allow) return `allow ${got.allow} instead of ${wanted.allow}`;
    const body = withWantedSignatures(wanted.body_text, got.body, signed);
    if (typeof body !== "string") return body.problem;
    return body === wanted.body_text ? undefined : `body ${short(got.body)} instead of ${short(wanted.body_text)}`;
}

/** What is wrong with the vector's own signatures: a changed one must not pass for Ember's. */
export function forgedIn(wanted: WantedResponse, signed: Signed | undefined): string | undefined {
    const texts = signaturesIn(wanted.body_text);
    const forged = texts.findIndex((text, index) => text !== undefined && !holds(text, signed, index));
    return forged < 0 ? undefined : `the vector's own signature ${forged} does not verify`;
}

function holds(text: string, signed: Signed | undefined, index: number): boolean {
    const data = signed?.data[index];
    const signature = fromBase64(text);
    if (!signed || !data || !signature) return false;
    return xeddsaVerify(nativeCrypto, { publicId: signed.publicId, message: data, signature });
}

/** Our body with each good signature replaced by the vector's, so that all the rest compares byte for byte. */
function withWantedSignatures(wanted: string, got: string, signed: Signed | undefined): string | { problem: string } {
    const wantedTexts = signaturesIn(wanted);
    const gotTexts = signaturesIn(got);
    let body = got;
    for (const [index, text] of gotTexts.entries()) {
        const other = wantedTexts[index];
        if (text === undefined || other === undefined) continue;
        if (!signed?.data[index]) return { problem: `a signature where none is known: ${short(got)}` };
        if (!holds(text, signed, index)) return { problem: `signature ${index} does not verify` };
        body = body.replace(text, other);
    }
    return body;
}

/** Each result's signature, or the single one of an identity answer. */
function signaturesIn(body: string): readonly (string | undefined)[] {
    const json = jsonObject(body);
    const results = json?.["results"];
    if (!Array.isArray(results)) return [textOf(json?.["signature"])];
    return results.map((result: unknown) =>
        typeof result === "object" && result !== null
            ? textOf((result as Record<string, unknown>)["signature"])
            : undefined,
    );
}

/** What the receipts of these frames must cover. */
export function receiptsFor(publicId: Uint8Array, frames: readonly Uint8Array[]): Signed {
    const data = frames.map((frame) => {
        const decoded = decodeWirePayload(frame);
        if (!decoded.ok || decoded.value.kind !== "message") return undefined;
        return receiptData(publicId, decoded.value.outer.messageId);
    });
    return { publicId, data };
}

/** What the answer to this identity request must cover; undefined where it holds no challenge. */
export function challengeFor(publicId: Uint8Array, path: string): Signed | undefined {
    const query = path.slice(path.indexOf("?") + 1);
    const challenge = fromBase64(new URLSearchParams(query).get("challenge") ?? "");
    return challenge && { publicId, data: [identityChallengeData(challenge, publicId)] };
}

export function jsonObject(text: string): Record<string, unknown> | undefined {
    try {
        const value: unknown = JSON.parse(text);
        return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
    } catch {
        return undefined;
    }
}

export function short(text: string): string {
    return text.length <= 240 ? text : `${text.slice(0, 200)}… (${text.length} characters)`;
}

function textOf(value: unknown): string | undefined {
    return typeof value === "string" ? value : undefined;
}
