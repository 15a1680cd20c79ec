import { blake3 } from "@noble/hashes/blake3.js";
import { fromHex, toHex } from "../../../src/base/encoding.ts";

/**
 * Section 2 of docs/link.md once more, slow and obvious: everything is hexadecimal text, envelopes are a pattern, and
 * a reader tries all keys and hours there are. It shares nothing with src/link.
 */

/** What a reader knows, byte strings in hexadecimal. */
export interface TwinReader {
    readonly keys: readonly string[];
    readonly hour: number | null;
    readonly message_ids: readonly string[];
}

export type TwinReading =
    | { readonly kind: "payloads"; readonly payloads: readonly string[] }
    | {
          readonly kind: "part";
          readonly digest: string;
          readonly size: number;
          readonly number: number;
          readonly count: number;
          readonly bytes: string;
      }
    | { readonly kind: "need"; readonly keys: boolean; readonly hour: boolean; readonly ids: boolean }
    | { readonly kind: "damaged" };

const TTLS = ["01a801", "00", "0118", "0148"];
const VARINT = "((?:[89a-f].)*[0-7].)";
const MESSAGE = new RegExp(
    `^000000(.{32})${VARINT}(${TTLS.join("|")})(.{12}4.{3}[89ab].{15})(.{62}[0-7].)(.{32})${VARINT}((?:..)*)$`,
);
const TOMBSTONE = /^02(.{32})(.{160})$/;

/** Head and content in the wanted form; undefined when the payload does not have it. */
export function twinItem(
    payload: string,
    form: number,
): { readonly head: string; readonly content: string } | undefined {
    if (form === 0) return { head: "0000", content: payload };
    const [, id = "", proof = ""] = TOMBSTONE.exec(payload) ?? [];
    if (id && form === 5) return { head: "5000", content: id + proof };
    if (id && form === 6) return { head: `6${id.slice(0, 3)}`, content: id.slice(3, 7) + proof };
    const [
        ,
        key = "",
        hourText = "",
        ttl = "",
        messageId = "",
        ephemeral = "",
        ack = "",
        sizeText = "",
        ciphertext = "",
    ] = MESSAGE.exec(payload) ?? [];
    const hour = number7(hourText);
    const canonical = varint(hour) === hourText && varint(ciphertext.length / 2) === sizeText && hour < 2 ** 24;
    if (!key || !canonical || form < 1 || form > 4) return undefined;
    const far = form >= 3;
    const hour5 = bits(far ? 0 : hour % 32, 5);
    const ids = bitsOf(messageId + ephemeral);
    const packed = hexOf(
        ids.slice(0, 48) +
            bits(TTLS.indexOf(ttl), 2) +
            hour5.slice(0, 2) +
            ids.slice(52, 64) +
            hour5.slice(2, 4) +
            ids.slice(66, 376) +
            hour5.slice(4) +
            ids.slice(377),
    );
    const byHandle = form === 1 || form === 3;
    return {
        head: `${form}${byHandle ? key.slice(0, 3) : "000"}`,
        content: (byHandle ? "" : key) + (far ? hex(hour, 3) : "") + packed + ack + ciphertext,
    };
}

export function twinBlock(payloads: readonly string[], forms: readonly number[]): string {
    const items = payloads.map((payload, index) => {
        const item = twinItem(payload, forms[index] ?? 0);
        if (!item) throw new Error(`payload ${index} has no form ${forms[index]}`);
        return { ...item, payload };
    });
    const [only] = items;
    if (items.length === 1 && only) return only.head + twinCheck(payloads) + only.content;
    const several = items.map(({ head, content, payload }) => {
        const item = head + twinCheck([payload]).slice(0, 4) + content;
        return varint(item.length / 2) + item;
    });
    return `7${hex(items.length, 2).slice(-3).padStart(3, "0")}${twinCheck(payloads)}${several.join("")}`;
}

export function twinParts(payload: string, blockSizeMax: number): readonly string[] {
    const pieces = payload.match(new RegExp(`.{1,${(blockSizeMax - 19) * 2}}`, "g")) ?? [];
    return pieces.map((piece, index) => {
        const size = hex(payload.length / 2, 3);
        const content = hash(payload).slice(0, 16) + size + hex(index, 1) + hex(pieces.length, 1) + piece;
        return `8000${partCheck(content)}${content}`;
    });
}

export function twinChunks(payload: string, frameSizeMax: number): readonly string[] {
    const envelope = payload.slice(2);
    const pieces = envelope.match(new RegExp(`.{1,${(frameSizeMax - 10) * 2}}`, "g")) ?? [];
    return pieces.map((piece, index) => hash(envelope).slice(0, 16) + hex(index, 1) + hex(pieces.length, 1) + piece);
}

export function twinCheck(payloads: readonly string[]): string {
    return hash(
        ascii("hearth-link-1") + payloads.map((payload) => hex(payload.length / 2, 4) + payload).join(""),
    ).slice(0, 8);
}

export function partCheck(content: string): string {
    return hash(ascii("hearth-link-1 part") + content).slice(0, 8);
}

export function hash(text: string): string {
    return toHex(blake3(fromHex(text) ?? new Uint8Array(0)));
}

function ascii(text: string): string {
    return toHex(new TextEncoder().encode(text));
}

/** Big endian, in so many bytes. */
export function hex(value: number, size: number): string {
    return value.toString(16).padStart(size * 2, "0");
}

export function bits(value: number, count: number): string {
    return value.toString(2).padStart(count, "0");
}

export function bitsOf(text: string): string {
    return [...text].map((digit) => bits(Number.parseInt(digit, 16), 4)).join("");
}

export function hexOf(text: string): string {
    return (text.match(/.{4}/g) ?? []).map((four) => Number.parseInt(four, 2).toString(16)).join("");
}

/** LEB128 in hexadecimal. */
export function varint(value: number): string {
    return value < 128 ? hex(value, 1) : hex((value % 128) + 128, 1) + varint(Math.floor(value / 128));
}

/** The value of a LEB128. */
export function number7(text: string): number {
    const groups = (text.match(/../g) ?? []).map((byte) => bits(Number.parseInt(byte, 16), 8).slice(1));
    return Number.parseInt(groups.reverse().join("") || "0", 2);
}

export function ttlOf(code: number): string {
    return TTLS[code] ?? "";
}
