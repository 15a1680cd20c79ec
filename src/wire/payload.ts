import { concatBytes } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { DecodeError, DecodeErrorKind } from "./error.ts";
import { decodeOuterEnvelope, encodeOuterEnvelope, type OuterEnvelope } from "./outer-envelope.ts";
import { decodeTombstone, encodeTombstone, type Tombstone } from "./tombstone.ts";

/** Type bytes of a WirePayload (SPEC section 10). 0x01 was a tombstone of an older form and is refused. */
const MESSAGE = 0x00;
const TOMBSTONE = 0x02;

/** What travels between Ember programs: a type byte and a postcard value. */
export type WirePayload =
    | { readonly kind: "message"; readonly outer: OuterEnvelope }
    | { readonly kind: "tombstone"; readonly tombstone: Tombstone };

export function encodeMessagePayload(outer: OuterEnvelope): Uint8Array {
    return concatBytes(Uint8Array.of(MESSAGE), encodeOuterEnvelope(outer));
}

export function encodeTombstonePayload(tombstone: Tombstone): Uint8Array {
    return concatBytes(Uint8Array.of(TOMBSTONE), encodeTombstone(tombstone));
}

/** Never throws. Byte fields are views into `bytes`. Bytes after the value are ignored, as Ember ignores them. */
export function decodeWirePayload(bytes: Uint8Array): Result<WirePayload, DecodeError> {
    const type = bytes[0];
    if (type === undefined) return err({ kind: "empty", field: "type", offset: 0 });
    if (type === MESSAGE) {
        const outer = decodeOuterEnvelope(bytes, 1);
        return outer.ok ? ok({ kind: "message", outer: outer.value }) : outer;
    }
    if (type === TOMBSTONE) {
        const tombstone = decodeTombstone(bytes, 1);
        return tombstone.ok ? ok({ kind: "tombstone", tombstone: tombstone.value }) : tombstone;
    }
    return err({ kind: "unknown_wire_type", field: "type", offset: 0, wireType: type });
}

/** Postcard's own words, which Ember shows to HTTP clients. */
const POSTCARD_TEXT: Readonly<Record<Exclude<DecodeErrorKind, "empty" | "unknown_wire_type">, string>> = {
    unexpected_end: "Hit the end of buffer, expected more data",
    bad_varint: "Found a varint that didn't terminate. Is the usize too big for this platform?",
    bad_option: "Found an Option discriminant that wasn't 0 or 1",
    bad_utf8: "Tried to parse invalid utf-8",
    serde_custom: "Serde Deserialization Error",
};

/** Ember's exact text for a payload that does not decode (SPEC section 10). */
export function wireErrorText(error: DecodeError): string {
    if (error.kind === "empty") return "Empty payload";
    if (error.kind === "unknown_wire_type") {
        return `Unknown wire type: 0x${(error.wireType ?? 0).toString(16).padStart(2, "0")}`;
    }
    const what = error.field.startsWith("tombstone.") ? "ack tombstone" : "message";
    return `Invalid ${what}: ${POSTCARD_TEXT[error.kind]}`;
}
