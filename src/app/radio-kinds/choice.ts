import type { LoraParams } from "../../../hw/modem.ts";
import type { RegionProfile } from "../../link/region.ts";
import type { RadioConfig } from "../config/config.ts";
import type { RadioChoice } from "./kind.ts";
import { RADIO_KIND_TABLE } from "./registry.ts";

/** Where a radio listens that knows neither frequency nor region, in Hz. */
const LISTEN_HZ = 868_100_000;

/** A radio with all that kind and region fill in. `ownAddress` serves where the configuration names none. */
export function choiceOf(radio: RadioConfig, region: RegionProfile | undefined, ownAddress: number): RadioChoice {
    return { radio, params: paramsOf(radio, region), address: radio.address ?? ownAddress };
}

/** What law and airtime of a radio are reckoned with. */
export function paramsForLaw({ radio, params }: RadioChoice): LoraParams {
    return RADIO_KIND_TABLE[radio.kind].paramsForLaw?.(radio, params) ?? params;
}

function paramsOf(radio: RadioConfig, region: RegionProfile | undefined): LoraParams {
    const { spreadingFactor, bandwidthHz, codingRate, preambleSymbols } = radio;
    const kind = RADIO_KIND_TABLE[radio.kind];
    const powerDbm = radio.powerDbm ?? kind.usualPowerDbm(radio);
    const usualHz = region && (kind.usualFrequencyHz?.(radio, region, powerDbm) ?? region.usualFrequencyHz);
    const frequencyHz = radio.frequencyHz ?? usualHz ?? LISTEN_HZ;
    return { frequencyHz, spreadingFactor, bandwidthHz, codingRate, preambleSymbols, powerDbm };
}
