import type { OpenLine } from "../../../hw/gpio/gpio.ts";
import type { LoraParams, Modem } from "../../../hw/modem.ts";
import type { BytePort } from "../../../hw/port/byte-port.ts";
import type { Clock } from "../../base/time.ts";
import type { RegionProfile } from "../../link/region.ts";
import type { RadioConfig } from "../config/config.ts";

/** A radio of the configuration with everything filled in that depends on kind and region. */
export interface RadioChoice {
    readonly radio: RadioConfig;
    readonly params: LoraParams;
    /** The module's own address where it needs one that nobody else has. */
    readonly address: number;
}

export interface ModemParts extends RadioChoice {
    /** A fresh port each time. The speed counts for serial devices only. */
    readonly portAt: (baudRate: number) => BytePort;
    readonly clock: Clock;
    readonly openLine: OpenLine;
}

/** What makes one kind of radio different from the others, as far as configuration and command line see it. */
export interface RadioKind {
    readonly title: string;
    /** Speeds of its serial line, the usual one first. */
    readonly baudRates: readonly number[];
    readonly usualNetworkId?: number;
    /** Power in dBm where none is said. */
    usualPowerDbm(radio: RadioConfig): number;
    /** Where the region's usual frequency is not one of the module's. */
    usualFrequencyHz?(radio: RadioConfig, region: RegionProfile, powerDbm: number): number | undefined;
    /** What law and airtime are reckoned with, where that is not simply what the module is set to. */
    paramsForLaw?(radio: RadioConfig, params: LoraParams): LoraParams;
    /** Everything that the module cannot do of what it is asked; empty when it can. */
    settingProblems(choice: RadioChoice): readonly string[];
    makeModem(parts: ModemParts): Modem;
}
