import { toHex } from "../../base/encoding.ts";
import type { CryptoPrimitives } from "../../crypto/primitives.ts";
import { Fields } from "./fields.ts";

/** One vector: gives its problem, or undefined when Hearth answers as it should. */
export interface Check {
    readonly name: string;
    run(crypto: CryptoPrimitives): Problem | Promise<Problem>;
}

export type Problem = string | undefined;

/** A function for each array in a file's `data`. */
export type Group = Readonly<Record<string, (fields: Fields, crypto: CryptoPrimitives) => Problem | Promise<Problem>>>;

/** The checks of the arrays in `data`. Anything else that could hold vectors is a problem of its own, never passed over; `others` are looked at elsewhere. */
export function checksOf(data: Fields, group: Group, others: readonly string[] = []): readonly Check[] {
    const checks: Check[] = [];
    for (const key of data.keys()) {
        const list = data.raw(key);
        const check = Object.hasOwn(group, key) ? group[key] : undefined;
        if (check && Array.isArray(list)) {
            for (const [index, value] of list.entries()) {
                const run: Check["run"] = (crypto) => check(new Fields(value, `file.data.${key}[${index}]`), crypto);
                checks.push({ name: nameOf(key, index, value), run });
            }
        } else if (others.includes(key)) continue;
        else if (check) checks.push({ name: key, run: () => "is no list" });
        else if (typeof list === "object") checks.push({ name: key, run: () => `nobody knows how to check ${key}` });
    }
    return checks;
}

function nameOf(key: string, index: number, value: unknown): string {
    const fields = new Map(Object.entries(Object(value)));
    const label = ["name", "note", "test", "file", "type"]
        .map((each) => fields.get(each))
        .find((each) => typeof each === "string");
    return `${key}[${index}]${label === undefined ? "" : ` ${label}`}`;
}

/** The first problem of several. */
export function firstOf(...problems: readonly Problem[]): Problem {
    return problems.find((problem) => problem !== undefined);
}

export function same(what: string, actual: unknown, expected: unknown): Problem {
    const [is, should] = [show(actual), show(expected)];
    return is === should ? undefined : `${what} is ${cut(is)}, should be ${cut(should)}`;
}

/** Bytes as hex, big numbers in full; keys in order, so that two shapes compare by content. */
function show(value: unknown): string {
    if (value instanceof Uint8Array) return toHex(value);
    if (typeof value === "bigint") return String(value);
    if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
    if (typeof value === "object" && value !== null) {
        const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
        return `{${entries.map(([key, inner]) => `${key}: ${show(inner)}`).join(", ")}}`;
    }
    return typeof value === "string" ? value : String(value);
}

function cut(text: string): string {
    return text.length > 160 ? `${text.slice(0, 157)}…` : text;
}
