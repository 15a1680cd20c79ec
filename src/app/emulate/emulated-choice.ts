import { findRegion } from "../../link/region.ts";
import { radioOnPort } from "../config/config.ts";
import { radioFallbacks } from "../config/load.ts";
import type { RadioKindName } from "../config/module-settings.ts";
import { choiceOf } from "../radio-kinds/choice.ts";
import type { RadioChoice } from "../radio-kinds/kind.ts";

/** What an emulated radio of this kind is set to where its line alone cannot set it, and what suits it in a configuration. */
export function emulatedChoice(kind: RadioKindName, region: string, port = "emulated"): RadioChoice {
    const trustSettings = kind === "e22" || kind === "e220";
    const radio = { ...radioOnPort(port, "lora", radioFallbacks()), kind, trustSettings };
    return choiceOf(radio, findRegion(region), 1);
}

/** The table of a hearth.toml that fits the radio. */
export function radioTable({ radio }: RadioChoice): string {
    const lines = ["[[radio]]", `kind = ${JSON.stringify(radio.kind)}`, `port = ${JSON.stringify(radio.port)}`];
    return [...lines, ...(radio.trustSettings ? ["trust_settings = true"] : [])].join("\n");
}
