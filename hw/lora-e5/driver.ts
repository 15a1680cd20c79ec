import type { Clock } from "../../src/base/time.ts";
import { SupervisedModem } from "../at/supervised-modem.ts";
import type { Modem } from "../modem.ts";
import type { BytePort } from "../port/byte-port.ts";
import { loraE5Dialect } from "./dialect.ts";
import { type LoraE5Settings, loraE5SettingProblems } from "./settings.ts";

/** Of a new module, and what people change it to. */
export const LORA_E5_BAUD_RATES = [9_600, 115_200] as const;

export interface LoraE5Options extends LoraE5Settings {
    readonly label: string;
    /** Asked for a port at one of the module's baud rates, in turn until it answers. */
    readonly port: (baudRate: number) => BytePort;
    readonly clock: Clock;
}

/**
 * Drives one LoRa-E5 (Wio-E5, Grove LoRa-E5, and by the same commands RHF76-052) in its test mode. Throws on settings
 * that the module cannot have: ask `loraE5SettingProblems` beforehand.
 */
export function makeLoraE5({ label, port, clock, ...settings }: LoraE5Options): Modem {
    const problems = loraE5SettingProblems(settings);
    if (problems.length > 0) throw new RangeError(`${label}: ${problems.join("; ")}`);
    const ports = LORA_E5_BAUD_RATES.map((baudRate) => () => port(baudRate));
    return new SupervisedModem({ label, ports, clock, dialect: loraE5Dialect(settings) });
}
