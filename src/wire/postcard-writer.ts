import { concatBytes, utf8 } from "../base/bytes.ts";

/** Writes postcard 1.1 values, always in the shortest form. Values out of range are bugs of the caller and throw. */
export class PostcardWriter {
    readonly #parts: Uint8Array[] = [];

    u8(value: number): this {
        if (!Number.isInteger(value) || value < 0 || value > 0xff) throw new RangeError(`not a u8: ${value}`);
        return this.fixed(Uint8Array.of(value));
    }

    u16(value: number): this {
        return this.#varint(value, 0xffff);
    }

    u32(value: number): this {
        return this.#varint(value, 0xffff_ffff);
    }

    u64(value: bigint): this {
        if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new RangeError("not a u64");
        const bytes: number[] = [];
        let rest = value;
        while (rest >= 0x80n) {
            bytes.push(Number(rest & 0x7fn) | 0x80);
            rest >>= 7n;
        }
        bytes.push(Number(rest));
        return this.fixed(Uint8Array.from(bytes));
    }

    fixed(bytes: Uint8Array): this {
        this.#parts.push(bytes);
        return this;
    }

    bytes(bytes: Uint8Array): this {
        return this.u32(bytes.length).fixed(bytes);
    }

    string(text: string): this {
        return this.bytes(utf8(text));
    }

    option<T>(value: T | undefined, write: (value: T) => void): this {
        this.u8(value === undefined ? 0 : 1);
        if (value !== undefined) write(value);
        return this;
    }

    list<T>(items: readonly T[], write: (item: T) => void): this {
        this.u32(items.length);
        for (const item of items) write(item);
        return this;
    }

    finish(): Uint8Array {
        return concatBytes(...this.#parts);
    }

    #varint(value: number, max: number): this {
        if (!Number.isInteger(value) || value < 0 || value > max) throw new RangeError(`not in 0..${max}: ${value}`);
        const bytes: number[] = [];
        let rest = value;
        while (rest >= 0x80) {
            bytes.push((rest % 0x80) | 0x80);
            rest = Math.floor(rest / 0x80);
        }
        bytes.push(rest);
        return this.fixed(Uint8Array.from(bytes));
    }
}
