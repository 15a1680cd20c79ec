import * as v from "valibot";

/** A setting as data: the configuration file, the environment, `config show` and the documentation all read this table. */
export interface Setting {
    /** Dotted, as in the TOML file. Its variable is HEARTH_ and the path in capitals with underscores. */
    readonly path: string;
    readonly kind: "text" | "integer" | "number" | "boolean" | "secret";
    /** Checks a value of the right type; its message follows "must be". */
    readonly check: v.GenericSchema<unknown>;
    readonly fallback?: string | number | boolean;
    readonly help: string;
}

export function text(max: number): v.GenericSchema<unknown> {
    return v.pipe(
        v.string(),
        v.minLength(1, "a text that is not empty"),
        v.maxLength(max, `at most ${max} characters`),
    );
}

export function between(min: number, max: number): v.GenericSchema<unknown> {
    const message = `a whole number from ${min} to ${max}`;
    return v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(max, message));
}

export function oneOf(words: readonly string[]): v.GenericSchema<unknown> {
    return v.picklist(words, `one of ${words.join(", ")}`);
}

export const flag = v.boolean("true or false");

export function setting(
    path: string,
    kind: Setting["kind"],
    check: Setting["check"],
    help: string,
    fallback?: Setting["fallback"],
): Setting {
    return { path, kind, check, help, ...(fallback === undefined ? {} : { fallback }) };
}
