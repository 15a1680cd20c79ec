import { Config } from "@meshtastic/protobufs";
import type { Millis } from "../../src/base/time.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import type { LoraParams } from "../modem.ts";

/** Symbols in front of every Meshtastic packet. */
const PREAMBLE_SYMBOLS = 16;
const CODING_DENOMINATOR_MIN = 5;
const CODING_DENOMINATOR_MAX = 8;
/** Firmware's own value when the owner never chose one. */
export const HOP_LIMIT_DEFAULT = 3;
export const HOP_LIMIT_MAX = 7;
/** LoRa packets on a mesh: 16 bytes of header and what follows, up to this size in all. */
export const AIR_BYTES_MAX = 255;
export const AIR_HEADER_BYTES = 16;

const { ModemPreset, RegionCode } = {
    ModemPreset: Config.Config_LoRaConfig_ModemPreset,
    RegionCode: Config.Config_LoRaConfig_RegionCode,
};

/** The modulation of a mesh. */
export type MeshModulation = Pick<LoraParams, "spreadingFactor" | "bandwidthHz" | "codingRate">;

const modulation = (spreadingFactor: number, bandwidthKhz: number, codingRate: number): MeshModulation => ({
    ...{ spreadingFactor, codingRate, bandwidthHz: bandwidthKhz * 1000 },
});

/** Firmware 2.7. */
const PRESETS: Readonly<Record<number, MeshModulation>> = {
    [ModemPreset.SHORT_TURBO]: modulation(7, 500, 1),
    [ModemPreset.SHORT_FAST]: modulation(7, 250, 1),
    [ModemPreset.SHORT_SLOW]: modulation(8, 250, 1),
    [ModemPreset.MEDIUM_FAST]: modulation(9, 250, 1),
    [ModemPreset.MEDIUM_SLOW]: modulation(10, 250, 1),
    [ModemPreset.LONG_TURBO]: modulation(11, 500, 4),
    [ModemPreset.LONG_FAST]: modulation(11, 250, 1),
    [ModemPreset.LONG_MODERATE]: modulation(11, 125, 4),
    [ModemPreset.LONG_SLOW]: modulation(12, 125, 4),
    [ModemPreset.VERY_LONG_SLOW]: modulation(12, 62.5, 4),
};

/** At 2.4 GHz every preset is so much wider. */
const WIDE_FACTOR = 3.25;

/** Bandwidths that the setting rounds to whole kHz. */
const ODD_BANDWIDTHS_HZ: Readonly<Record<number, number>> = {
    31: 31_250,
    62: 62_500,
    200: 203_125,
    400: 406_250,
    800: 812_500,
    1600: 1_625_000,
};

/** How the node's radio is set, in our words. */
export interface LoraSettings {
    /** Firmware's name such as "EU_868", or "UNSET". */
    readonly region: string;
    readonly hopLimit: number;
    readonly transmits: boolean;
    /** Undefined for a preset that this version does not know. */
    readonly modulation: MeshModulation | undefined;
}

export function loraSettings(config: Config.Config_LoRaConfig): LoraSettings {
    return {
        region: RegionCode[config.region] ?? `region ${config.region}`,
        hopLimit: Math.min(config.hopLimit || HOP_LIMIT_DEFAULT, HOP_LIMIT_MAX),
        transmits: config.txEnabled,
        modulation: config.usePreset ? presetModulation(config) : ownModulation(config),
    };
}

/** A coding rate that is set outweighs the preset's: the command line of Python leaves one behind. */
function presetModulation(config: Config.Config_LoRaConfig): MeshModulation | undefined {
    const narrow = PRESETS[config.modemPreset];
    const isWide = config.region === Config.Config_LoRaConfig_RegionCode.LORA_24;
    const preset = narrow && { ...narrow, bandwidthHz: narrow.bandwidthHz * (isWide ? WIDE_FACTOR : 1) };
    const denominator = config.codingRate;
    if (!preset || denominator < CODING_DENOMINATOR_MIN || denominator > CODING_DENOMINATOR_MAX) return preset;
    return { ...preset, codingRate: denominator - 4 };
}

function ownModulation({ spreadFactor, bandwidth, codingRate }: Config.Config_LoRaConfig): MeshModulation | undefined {
    if (spreadFactor === 0 || bandwidth === 0) return undefined;
    const denominator = Math.min(Math.max(codingRate, CODING_DENOMINATOR_MIN), CODING_DENOMINATOR_MAX);
    const bandwidthHz = ODD_BANDWIDTHS_HZ[bandwidth] ?? bandwidth * 1000;
    return { spreadingFactor: spreadFactor, bandwidthHz, codingRate: denominator - 4 };
}

/** Milliseconds that a packet of `airBytes`, its header included, keeps the channel busy. */
export function meshAirtimeMs(radio: MeshModulation, airBytes: number): Millis {
    return loraAirtimeMs({ ...radio, preambleSymbols: PREAMBLE_SYMBOLS, frequencyHz: 0, powerDbm: 0 }, airBytes);
}
