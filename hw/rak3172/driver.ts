import type { Clock } from "../../src/base/time.ts";
import { SupervisedModem } from "../at/supervised-modem.ts";
import type { Modem } from "../modem.ts";
import type { BytePort } from "../port/byte-port.ts";
import { rak3172Dialect } from "./dialect.ts";
import { type Rak3172Settings, rak3172SettingProblems } from "./settings.ts";

/** Of today's firmware, and of firmware up to 1.0.4. */
export const RAK3172_BAUD_RATES = [115_200, 9_600] as const;

export interface Rak3172Options extends Rak3172Settings {
    readonly label: string;
    /** Asked for a port at one of the module's baud rates, in turn until it answers. */
    readonly port: (baudRate: number) => BytePort;
    readonly clock: Clock;
}

/**
 * Drives one RAK3172 with RUI3 firmware in its point-to-point mode. Throws on settings that the module cannot have: ask
 * `rak3172SettingProblems` beforehand.
 */
export function makeRak3172({ label, port, clock, ...settings }: Rak3172Options): Modem {
    const problems = rak3172SettingProblems(settings);
    if (problems.length > 0) throw new RangeError(`${label}: ${problems.join("; ")}`);
    const ports = RAK3172_BAUD_RATES.map((baudRate) => () => port(baudRate));
    return new SupervisedModem({ label, ports, clock, dialect: rak3172Dialect(settings) });
}
