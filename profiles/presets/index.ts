import plain from "./plain.json" with { type: "json" };
import ridge from "./ridge.json" with { type: "json" };
import trunk from "./trunk.json" with { type: "json" };
import valley from "./valley.json" with { type: "json" };
import village from "./village.json" with { type: "json" };

/** A channel that islands agree on by its name, for each region where it is lawful. */
export interface PresetProfile {
    readonly name: string;
    readonly title: string;
    readonly spreadingFactor: number;
    readonly bandwidthHz: number;
    readonly codingRate: number;
    readonly preambleSymbols: number;
    readonly regions: Readonly<Record<string, { readonly frequencyHz: number; readonly powerDbm: number } | undefined>>;
}

/** Every preset by its name. */
export const presetFiles: Readonly<Record<string, PresetProfile>> = {
    plain,
    ridge,
    trunk,
    valley,
    village,
};
