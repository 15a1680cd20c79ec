import { blake3 } from "@noble/hashes/blake3.js";
import { equalBytes } from "../../base/bytes.ts";
import type { Result } from "../../base/result.ts";
import { contentIdOf } from "../../crypto/content-id.ts";
import { bundleFileErrorText, decodeBundleFile, encodeBundleFile } from "../../wire/bundle-file.ts";
import type { DecodeError } from "../../wire/error.ts";
import { decodeInnerEnvelope, encodeContent, encodeInnerEnvelope } from "../../wire/inner-envelope.ts";
import { decodeOuterEnvelope, encodeOuterEnvelope } from "../../wire/outer-envelope.ts";
import {
    decodeWirePayload,
    encodeMessagePayload,
    encodeTombstonePayload,
    type WirePayload,
    wireErrorText,
} from "../../wire/payload.ts";
import { PostcardReader } from "../../wire/postcard-reader.ts";
import { PostcardWriter } from "../../wire/postcard-writer.ts";
import { decodeSubmitBody, encodeSubmitBody, submitBodyErrorText } from "../../wire/submit-body.ts";
import { decodeTombstone, encodeTombstone } from "../../wire/tombstone.ts";
import { firstOf, type Group, type Problem, same } from "./check.ts";
import { type Fields, VectorFormatError } from "./fields.ts";
import { innerOf, outerOf, tombstoneOf } from "./shapes.ts";

export const postcard: Group = { encode: postcardEncode, decode: postcardDecode };

function postcardEncode(fields: Fields): Problem {
    const writer = new PostcardWriter();
    const type = fields.text("type");
    if (type === "u16") writer.u16(Number(fields.big("value")));
    else if (type === "u32") writer.u32(Number(fields.big("value")));
    else if (type === "u64") writer.u64(fields.big("value"));
    else if (type === "string") writer.string(fields.text("value"));
    else if (type === "option_u16") {
        writer.option(fields.has("value") ? Number(fields.raw("value")) : undefined, (value) => writer.u16(value));
    } else return `nobody knows the type ${type}`;
    return same("the encoding", writer.finish(), fields.bytes("bytes"));
}

function postcardDecode(fields: Fields): Problem {
    const bytes = fields.bytes("bytes");
    const reader = new PostcardReader(bytes, "value");
    const value = readPostcard(reader, fields.text("type"));
    if (!fields.flag("valid")) return same("the error", reader.error?.kind, fields.text("error"));
    return firstOf(
        same("the error", reader.error?.kind, undefined),
        same("the value", value, fields.text("value_text")),
        fields.has("unread") ? same("the rest", bytes.length - reader.offset, fields.number("unread")) : undefined,
    );
}

/** As Rust prints the value. */
function readPostcard(reader: PostcardReader, type: string): string {
    if (type === "u16") return String(reader.u16("u16"));
    if (type === "u32") return String(reader.u32("u32"));
    if (type === "u64") return String(reader.u64("u64"));
    if (type === "string") return reader.string("string");
    if (type !== "option_u16") throw new VectorFormatError(`nobody knows the type ${type}`);
    const value = reader.option("option", () => reader.u16("u16"));
    return value === undefined ? "None" : `Some(${value})`;
}

export const innerEnvelope: Group = {
    encode(fields) {
        const inner = innerOf(fields.child("inner"));
        const bytes = fields.bytes("bytes");
        return firstOf(
            same("the encoding", encodeInnerEnvelope(inner), bytes),
            same("the content", encodeContent(inner.content), fields.bytes("content_bytes")),
            same("the content id", contentIdOf(inner), fields.bytes("content_id")),
            same("read again, it", outcomeOf(decodeInnerEnvelope(bytes)), inner),
        );
    },
    decode: (fields) => decodes(fields, decodeInnerEnvelope, "inner", innerOf),
};

export const outerEnvelope: Group = {
    encode(fields) {
        const outer = outerOf(fields.child("outer"));
        const bytes = fields.bytes("bytes");
        return firstOf(
            same("the encoding", encodeOuterEnvelope(outer), bytes),
            same("read again, it", outcomeOf(decodeOuterEnvelope(bytes)), outer),
        );
    },
    decode(fields) {
        const problem = decodes(fields, decodeOuterEnvelope, "outer", outerOf);
        if (problem !== undefined || !fields.has("reencoded")) return problem;
        const outer = decodeOuterEnvelope(fields.bytes("bytes"));
        return outer.ok
            ? same("written again, it", encodeOuterEnvelope(outer.value), fields.bytes("reencoded"))
            : "does not decode";
    },
};

function decodes<T>(
    fields: Fields,
    decode: (bytes: Uint8Array) => Result<T, DecodeError>,
    key: string,
    shape: (fields: Fields) => T,
): Problem {
    const result = decode(fields.bytes("bytes"));
    if (fields.flag("valid")) return same("the value", outcomeOf(result), shape(fields.child(key)));
    return firstOf(
        same("the category", result.ok ? "none" : "decode", fields.text("category")),
        same("the error", result.ok ? "none" : result.error.kind, fields.text("error")),
    );
}

/** The value, or the error's kind, which no value looks like. */
function outcomeOf<T>(result: Result<T, { readonly kind: string }>): T | string {
    return result.ok ? result.value : `error ${result.error.kind}`;
}

export const wirePayload: Group = {
    decode(fields) {
        const result = decodeWirePayload(fields.bytes("bytes"));
        if (!fields.flag("valid")) {
            return firstOf(
                same("the category", result.ok ? "none" : "decode", fields.text("category")),
                same("the text", result.ok ? "none" : wireErrorText(result.error), fields.text("error_text")),
            );
        }
        return fields.text("type") === "message"
            ? same("the message", outcomeOf(result), { kind: "message", outer: outerOf(fields.child("outer")) })
            : same("the tombstone", outcomeOf(result), {
                  kind: "tombstone",
                  tombstone: tombstoneOf(fields.child("tombstone")),
              });
    },
};

export const bundleBody: Group = {
    encode(fields) {
        const frames = fields.hexList("frames");
        const body = fields.bytes("body");
        return firstOf(
            same("the body", encodeSubmitBody(frames), body),
            same("read again, it", outcomeOf(decodeSubmitBody(body, frames.length)), frames),
        );
    },
    parse(fields) {
        const result = decodeSubmitBody(fields.bytes("body"), fields.number("max_frames"));
        if (fields.flag("valid")) return same("the frames", outcomeOf(result), fields.hexList("frames"));
        return firstOf(
            same("the category", result.ok ? "none" : result.error.kind, fields.text("category")),
            same("the text", result.ok ? "none" : submitBodyErrorText(result.error), fields.text("error_text")),
        );
    },
};

export const bundleFile: Group = {
    write(fields) {
        const frames = fields.hexList("frames");
        const file = fields.bytes("file");
        return firstOf(
            same("the file", encodeBundleFile(frames, blake3), file),
            same("read again, it", outcomeOf(decodeBundleFile(file, blake3)), frames),
        );
    },
    read(fields) {
        const result = decodeBundleFile(fields.bytes("file"), blake3);
        if (fields.flag("valid")) return same("the frames", outcomeOf(result), fields.hexList("frames"));
        return firstOf(
            same("the category", result.ok ? "none" : result.error.kind, fields.text("category")),
            same("the text", result.ok ? "none" : bundleFileErrorText(result.error), fields.text("error_text")),
        );
    },
};

type Kind = "inner" | "outer" | "tombstone" | "wire" | "version";

export const repoGolden: Group = {
    fuzz_corpus(fields) {
        const kind = kindOf(fields.text("target").replace(/^fuzz_/, ""));
        const shown = fields.child("decoded");
        const expected = kind === "wire" ? (shown.has("ack_secret") ? "tombstone" : "outer") : kind;
        return same("the value", decoded(kind, fields.bytes("bytes")), shapeOf(expected, shown));
    },
    golden_wire_format(fields) {
        const bytes = fields.bytes("bytes");
        const kind = kindOf(fields.text("type"));
        if (kind === "version") return same("the version", bytes, fields.bytes("expect"));
        const value = decoded(kind, bytes);
        const should = fields.has("decodes") ? fields.flag("decodes") : true;
        return firstOf(
            same("that it decodes", value !== undefined, should),
            fields.has("length") ? same("the length", bytes.length, fields.number("length")) : undefined,
            fields.has("value") ? sameBothWays(kind, fields.child("value"), bytes) : undefined,
            // Wire forms come without their value: what they decode to must encode to them again.
            should && kind === "wire" ? same("written again, it", rewritten(bytes), bytes) : undefined,
        );
    },
};

function kindOf(type: string): Kind {
    const kind = (["inner", "outer", "tombstone", "wire", "version"] as const).find((each) => type.startsWith(each));
    if (!kind) throw new VectorFormatError(`nobody knows the type ${type}`);
    return kind;
}

function decoded(kind: Kind, bytes: Uint8Array): unknown {
    if (kind === "wire") {
        const payload = decodeWirePayload(bytes);
        return payload.ok ? contentOf(payload.value) : undefined;
    }
    const decode = { inner: decodeInnerEnvelope, outer: decodeOuterEnvelope, tombstone: decodeTombstone };
    const result = kind === "version" ? undefined : decode[kind](bytes);
    return result?.ok ? result.value : undefined;
}

function contentOf(payload: WirePayload): unknown {
    return payload.kind === "message" ? payload.outer : payload.tombstone;
}

function shapeOf(kind: Kind, fields: Fields): unknown {
    if (kind === "inner") return innerOf(fields);
    return kind === "outer" ? outerOf(fields) : tombstoneOf(fields);
}

function sameBothWays(kind: Kind, fields: Fields, bytes: Uint8Array): Problem {
    const encoded =
        kind === "inner"
            ? encodeInnerEnvelope(innerOf(fields))
            : kind === "outer"
              ? encodeOuterEnvelope(outerOf(fields))
              : encodeTombstone(tombstoneOf(fields));
    return firstOf(
        same("the value", decoded(kind, bytes), shapeOf(kind, fields)),
        equalBytes(encoded, bytes) ? undefined : "written again, it differs",
    );
}

function rewritten(bytes: Uint8Array): Uint8Array | undefined {
    const payload = decodeWirePayload(bytes);
    if (!payload.ok) return undefined;
    return payload.value.kind === "message"
        ? encodeMessagePayload(payload.value.outer)
        : encodeTombstonePayload(payload.value.tombstone);
}
