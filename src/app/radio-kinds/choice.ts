import type { LoraParams } from "../../../hw/modem.ts";
import { moduleFiles } from "../../../profiles/modules/index.ts";
import { bandFor, type RegionProfile } from "../../link/region.ts";
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
    return lawParamsOf(radio, params);
}

/** Without a word about the power: the most that the law allows of what is usual. */
function paramsOf(radio: RadioConfig, region: RegionProfile | undefined): LoraParams {
    const usualDbm = RADIO_KIND_TABLE[radio.kind].usualPowerDbm(radio);
    if (!region || radio.powerDbm !== undefined) return paramsAt(radio, region, radio.powerDbm ?? usualDbm);
    const { powersDbm = [] } = moduleFiles[radio.kind] ?? {};
    const weaker = powersDbm.filter((each) => each <= usualDbm).sort((a, b) => b - a);
    const station = { antennaGainDbi: radio.antennaGainDbi, listensBeforeTalk: true };
    const lawful = weaker.find((powerDbm) => {
        const params = paramsAt(radio, region, powerDbm);
        return bandFor(region, lawParamsOf(radio, params), station).ok;
    });
    return paramsAt(radio, region, lawful ?? usualDbm);
}

function paramsAt(radio: RadioConfig, region: RegionProfile | undefined, powerDbm: number): LoraParams {
    const { spreadingFactor, bandwidthHz, codingRate, preambleSymbols } = radio;
    const kind = RADIO_KIND_TABLE[radio.kind];
    const usualHz = region && (kind.usualFrequencyHz?.(radio, region, powerDbm) ?? region.usualFrequencyHz);
    const frequencyHz = radio.frequencyHz ?? usualHz ?? LISTEN_HZ;
    return { frequencyHz, spreadingFactor, bandwidthHz, codingRate, preambleSymbols, powerDbm };
}

function lawParamsOf(radio: RadioConfig, params: LoraParams): LoraParams {
    return RADIO_KIND_TABLE[radio.kind].paramsForLaw?.(radio, params) ?? params;
}
