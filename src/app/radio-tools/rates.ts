import type { RegionProfile } from "../../link/region.ts";
import { type RadioConfig, radioOnPort } from "../config/config.ts";
import { radioFallbacks } from "../config/load.ts";
import type { RadioKindName } from "../config/module-settings.ts";
import { radioObjections } from "../profiles/obedience.ts";

/** A data rate at which both radios may talk here. */
export interface SharedRate {
    readonly name: string;
    readonly radios: readonly [RadioConfig, RadioConfig];
}

export interface TestRadio {
    readonly kind: RadioKindName;
    readonly port: string;
    /** Settings of the radio in the configuration, if it stands there: lines and the like. */
    readonly configured: RadioConfig | undefined;
}

/** Kinds of the same word put the same on the air. */
const LANGUAGES: Readonly<Record<RadioKindName, string>> = {
    rylr998: "RYLR",
    rylr896: "RYLR",
    rak3172: "raw LoRa",
    "lora-e5": "raw LoRa",
    "meshcore-kiss": "raw LoRa",
    rnode: "RNode",
    e22: "E22",
    e220: "E220",
};

const AIR_RATES_BPS = [62_500, 38_400, 19_200, 9_600, 4_800, 2_400, 1_200, 300];
const SPREADING_FACTORS = [5, 6, 7, 8, 9, 10, 11, 12];

export function speakTheSame(a: RadioKindName, b: RadioKindName): boolean {
    return LANGUAGES[a] === LANGUAGES[b];
}

/** From the fastest on; with an objection, best the law's, where none is left. */
export function sharedRates(
    radios: readonly [TestRadio, TestRadio],
    region: RegionProfile,
    bandwidthsHz: readonly number[],
): { readonly rates: readonly SharedRate[]; readonly objection: string | undefined } {
    const bases = [baseOf(radios[0], 1), baseOf(radios[1], 2)] as const;
    const changes = bases[0].kind === "e22" || bases[0].kind === "e220" ? airRates() : loraRates(bandwidthsHz);
    const rates: SharedRate[] = [];
    let objection: string | undefined;
    for (const { name, change } of changes) {
        const pair = [
            { ...bases[0], ...change },
            { ...bases[1], ...change },
        ] as const;
        const problem = pair.flatMap((radio) => radioObjections(radio, region))[0];
        if (problem === undefined) rates.push({ name, radios: pair });
        else if (objection === undefined || problem.includes(region.name)) objection = problem;
    }
    return { rates, objection };
}

function baseOf({ kind, port, configured }: TestRadio, address: number): RadioConfig {
    const base = configured ?? radioOnPort(port, `radio${address}`, radioFallbacks());
    // EBYTE modules hear their own address only.
    const isRylr = LANGUAGES[kind] === "RYLR";
    return {
        ...base,
        kind,
        preset: undefined,
        networkId: isRylr ? 6 : base.networkId,
        address: isRylr ? address : undefined,
    };
}

function airRates(): readonly { readonly name: string; readonly change: Partial<RadioConfig> }[] {
    return AIR_RATES_BPS.map((airRateBps) => ({
        name: `${airRateBps / 1000}k`,
        change: { airRateBps, frequencyHz: undefined },
    }));
}

function loraRates(
    bandwidthsHz: readonly number[],
): readonly { readonly name: string; readonly change: Partial<RadioConfig> }[] {
    const pairs = bandwidthsHz.flatMap((bandwidthHz) => SPREADING_FACTORS.map((sf) => ({ bandwidthHz, sf })));
    const bitsPerSecond = ({ bandwidthHz, sf }: { bandwidthHz: number; sf: number }): number =>
        (sf * bandwidthHz) / 2 ** sf;
    return pairs
        .sort((a, b) => bitsPerSecond(b) - bitsPerSecond(a))
        .map(({ bandwidthHz, sf }) => ({
            name: `SF${sf}/${bandwidthHz / 1000}`,
            change: { spreadingFactor: sf, bandwidthHz },
        }));
}
