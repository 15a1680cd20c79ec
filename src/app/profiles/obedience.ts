import { moduleFiles } from "../../../profiles/modules/index.ts";
import { type PresetProfile, presetFiles } from "../../../profiles/presets/index.ts";
import { fitChannel } from "../../carriers/lora/fit.ts";
import { makeAirLaw } from "../../link/ledger.ts";
import { findRegion, type RegionProfile } from "../../link/region.ts";
import { type RadioConfig, radioOnPort } from "../config/config.ts";
import { radioFallbacks } from "../config/load.ts";
import type { RadioKindName } from "../config/module-settings.ts";
import { choiceOf, paramsForLaw } from "../radio-kinds/choice.ts";
import type { RadioChoice } from "../radio-kinds/kind.ts";
import { paperModem } from "../radio-kinds/paper-modem.ts";
import { RADIO_KIND_TABLE } from "../radio-kinds/registry.ts";

/** Any address that a module takes, for checks before its gateway has an identity. */
const SOME_ADDRESS = 1;

/** Everything against a radio as it is configured: what its module cannot do, then what the region's law forbids. */
export function radioObjections(radio: RadioConfig, region: RegionProfile | undefined): readonly string[] {
    const choice = choiceOf(radio, region, SOME_ADDRESS);
    const kind = RADIO_KIND_TABLE[radio.kind];
    if (radio.preset !== undefined && kind.paramsForLaw) {
        return [
            `preset ${radio.preset} names a spreading factor, and this module has air data rates: set air_rate instead`,
        ];
    }
    const problems = [...kind.settingProblems(choice), ...bandProblems(choice)];
    if (problems.length > 0 || !region) return problems;
    const modem = paperModem(choice);
    const { detectsChannelActivity } = modem.traits;
    const station = { antennaGainDbi: radio.antennaGainDbi, listensBeforeTalk: detectsChannelActivity };
    const fit = fitChannel(modem, makeAirLaw({ region, station }), paramsForLaw(choice));
    return fit.ok ? [] : fit.error.split("; ");
}

/** Why a module, set up as is usual in that region, may not be used there; undefined when it may. */
export function moduleObjection(kind: RadioKindName, region: RegionProfile): string | undefined {
    return radioObjections(usualRadio(kind), region)[0];
}

/** Why a module, or without one any module, may not use the preset in that region; undefined when it may. */
export function presetObjection(name: string, regionName: string, kind: RadioKindName = "rnode"): string | undefined {
    const region = findRegion(regionName);
    const preset = presetOf(name);
    if (!region || !preset) return `there is no ${region ? `preset ${name}` : `region ${regionName}`}`;
    const radio = { ...usualRadio(kind), ...valuesOf(preset, regionName), preset: name };
    const objection = radioObjections(radio, region)[0];
    if (objection !== undefined || preset.regions[regionName]) return objection;
    return `it names no frequency for ${regionName}`;
}

export function presetOf(name: string): PresetProfile | undefined {
    return Object.hasOwn(presetFiles, name) ? presetFiles[name] : undefined;
}

function valuesOf(
    { regions, spreadingFactor, bandwidthHz, codingRate, preambleSymbols }: PresetProfile,
    region: string,
) {
    return { spreadingFactor, bandwidthHz, codingRate, preambleSymbols, ...regions[region] };
}

/** With every line wired that a module can have. */
function usualRadio(kind: RadioKindName): RadioConfig {
    const radio = radioOnPort("somewhere", "lora", radioFallbacks());
    return { ...radio, kind, lines: { ...radio.lines, m0: 22, m1: 27, aux: 17 } };
}

/** The driver does not know what the antenna path of a module is made for. */
function bandProblems({ radio, params }: RadioChoice): readonly string[] {
    const { bands = [] } = moduleFiles[radio.kind] ?? {};
    const { frequencyHz, bandwidthHz } = paramsForLaw({ radio, params, address: SOME_ADDRESS });
    const [low, high] = [frequencyHz - bandwidthHz / 2, frequencyHz + bandwidthHz / 2];
    if (bands.some(({ fromHz, toHz }) => low >= fromHz && high <= toHz)) return [];
    const text = bands.map(({ title, fromHz, toHz }) => `${fromHz / 1e6} to ${toHz / 1e6} MHz (${title})`).join(", ");
    return [`${frequencyHz / 1e6} MHz is outside of what this module is made for: ${text}`];
}
