import { fromHex } from "../../base/encoding.ts";

/** A vector that is not of the documented form; its text says where. */
export class VectorFormatError extends Error {
    override readonly name = "VectorFormatError";
}

/** One JSON object of a vector file, read strictly: what is missing or of the wrong type is named. */
export class Fields {
    readonly #values: Readonly<Record<string, unknown>>;
    readonly path: string;

    constructor(value: unknown, path: string) {
        if (typeof value !== "object" || value === null || Array.isArray(value)) {
            throw new VectorFormatError(`${path} is no object`);
        }
        this.#values = Object.fromEntries(Object.entries(value));
        this.path = path;
    }

    keys(): readonly string[] {
        return Object.keys(this.#values);
    }

    has(key: string): boolean {
        return this.#values[key] !== undefined && this.#values[key] !== null;
    }

    raw(key: string): unknown {
        return this.#values[key];
    }

    text(key: string): string {
        const value = this.#values[key];
        return typeof value === "string" ? value : this.#fail(key, "a string");
    }

    textIfSet(key: string): string | undefined {
        return this.has(key) ? this.text(key) : undefined;
    }

    flag(key: string): boolean {
        const value = this.#values[key];
        return typeof value === "boolean" ? value : this.#fail(key, "true or false");
    }

    number(key: string): number {
        const value = this.#values[key];
        return typeof value === "number" ? value : this.#fail(key, "a number");
    }

    bytes(key: string): Uint8Array {
        return fromHex(this.text(key)) ?? this.#fail(key, "hex");
    }

    bytesIfSet(key: string): Uint8Array | undefined {
        return this.has(key) ? this.bytes(key) : undefined;
    }

    /** A decimal number of any size. */
    big(key: string): bigint {
        const text = this.text(key);
        return /^-?\d{1,400}$/.test(text) ? BigInt(text) : this.#fail(key, "a decimal number");
    }

    array(key: string): readonly unknown[] {
        const value = this.#values[key];
        return Array.isArray(value) ? value : this.#fail(key, "a list");
    }

    hexList(key: string): readonly Uint8Array[] {
        return this.array(key).map((each) => {
            const bytes = typeof each === "string" ? fromHex(each) : undefined;
            return bytes ?? this.#fail(key, "a list of hex strings");
        });
    }

    child(key: string): Fields {
        return new Fields(this.#values[key], `${this.path}.${key}`);
    }

    children(key: string): readonly Fields[] {
        return this.array(key).map((each, index) => new Fields(each, `${this.path}.${key}[${index}]`));
    }

    #fail(key: string, wanted: string): never {
        throw new VectorFormatError(`${this.path}.${key} is not ${wanted}`);
    }
}
