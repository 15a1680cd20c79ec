import type { DecodeError, DecodeErrorKind } from "./error.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Longest encodings of postcard's varints and the greatest value of their last permitted byte. */
const VARINT = {
    u16: { sizeMax: 3, lastMax: 0x03 },
    u32: { sizeMax: 5, lastMax: 0x0f },
    u64: { sizeMax: 10, lastMax: 0x01 },
} as const;

/**
 * Reads postcard 1.1 values from hostile bytes. The first failure sticks: later reads give zeros without moving, so
 * a decoder reads all its fields straight on and looks at `error` once. Nothing is allocated beyond the input's size.
 */
export class PostcardReader {
    readonly #bytes: Uint8Array;
    readonly #prefix: string;
    #offset: number;
    #error: DecodeError | undefined;

    /** `prefix` names the structure in errors. */
    constructor(bytes: Uint8Array, prefix: string, offset = 0) {
        this.#bytes = bytes;
        this.#prefix = prefix;
        this.#offset = offset;
    }

    get error(): DecodeError | undefined {
        return this.#error;
    }

    get offset(): number {
        return this.#offset;
    }

    fail(kind: DecodeErrorKind, field: string): void {
        this.#error ??= { kind, field: `${this.#prefix}.${field}`, offset: this.#offset };
    }

    u8(field: string): number {
        const byte = this.#bytes[this.#offset];
        if (this.#error) return 0;
        if (byte === undefined) {
            this.fail("unexpected_end", field);
            return 0;
        }
        this.#offset++;
        return byte;
    }

    u16(field: string): number {
        return Number(this.#varint("u16", field));
    }

    u32(field: string): number {
        return Number(this.#varint("u32", field));
    }

    u64(field: string): bigint {
        return this.#varint("u64", field);
    }

    /** A subarray of the input, not a copy. */
    fixed(size: number, field: string): Uint8Array {
        if (this.#error) return new Uint8Array(0);
        if (this.#bytes.length - this.#offset < size) {
            this.fail("unexpected_end", field);
            return new Uint8Array(0);
        }
        const part = this.#bytes.subarray(this.#offset, this.#offset + size);
        this.#offset += size;
        return part;
    }

    /** Length-prefixed bytes; a subarray of the input, not a copy. */
    bytes(field: string): Uint8Array {
        return this.fixed(this.#length(field), field);
    }

    string(field: string): string {
        const bytes = this.bytes(field);
        try {
            return UTF8.decode(bytes);
        } catch {
            this.fail("bad_utf8", field);
            return "";
        }
    }

    option<T>(field: string, read: () => T): T | undefined {
        const tag = this.u8(field);
        if (tag > 1) this.fail("bad_option", field);
        return tag === 1 && !this.#error ? read() : undefined;
    }

    /** A variant index below `variants`; a greater one is serde's custom error. */
    variant(variants: number, field: string): number {
        const index = this.u32(field);
        if (!this.#error && index >= variants) this.fail("serde_custom", field);
        return index;
    }

    /** A sequence of elements that take at least one byte each, so that a false count ends with the input. */
    list<T>(field: string, read: () => T): T[] {
        const count = this.#length(field);
        const items: T[] = [];
        for (let index = 0; index < count && !this.#error; index++) {
            const item = read();
            if (!this.#error) items.push(item);
        }
        return items;
    }

    #length(field: string): number {
        // Beyond 2^53 the exact value no longer matters: no input is that long.
        return Number(this.#varint("u64", field));
    }

    #varint(type: keyof typeof VARINT, field: string): bigint {
        const { sizeMax, lastMax } = VARINT[type];
        let low = 0;
        let high = 0n;
        for (let index = 0; index < sizeMax; index++) {
            const byte = this.u8(field);
            if (this.#error) return 0n;
            if (index < 4) low |= (byte & 0x7f) << (7 * index);
            else high |= BigInt(byte & 0x7f) << BigInt(7 * index);
            if (byte >= 0x80) continue;
            if (index === sizeMax - 1 && byte > lastMax) break;
            return high | BigInt(low);
        }
        this.fail("bad_varint", field);
        return 0n;
    }
}
