import { parse } from "smol-toml";

/** What is added to a configuration file; what stands there already is kept byte for byte. */
export interface TomlAddition {
    /** Set only where the file does not say it. */
    readonly region: string | undefined;
    /** Key and value of a new [[radio]]. */
    readonly radio: readonly (readonly [string, string | number | boolean])[];
}

/** The text with the additions. `text` must be valid TOML. */
export function withRadio(text: string, { region, radio }: TomlAddition): string {
    const saysRegion = parse(text)["region"] !== undefined;
    // Keys after a table would belong to it, so the region goes first.
    const head =
        region === undefined || saysRegion ? "" : `region = ${JSON.stringify(region)}\n${text === "" ? "" : "\n"}`;
    const end = text === "" || text.endsWith("\n") ? "" : "\n";
    const table = ["[[radio]]", ...radio.map(([key, value]) => `${key} = ${JSON.stringify(value)}`)].join("\n");
    const gap = head === "" && text === "" ? "" : "\n";
    return `${head}${text}${end}${gap}${table}\n`;
}
