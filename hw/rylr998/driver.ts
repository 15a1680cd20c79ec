import type { Clock } from "../../src/base/time.ts";
import { SupervisedModem } from "../at/supervised-modem.ts";
import type { Modem } from "../modem.ts";
import type { BytePortFactory } from "../port/byte-port.ts";
import { type Rylr998Settings, settingProblems } from "./commands.ts";
import { rylr998Dialect } from "./dialect.ts";

export interface Rylr998Options extends Rylr998Settings {
    readonly label: string;
    readonly port: BytePortFactory;
    readonly clock: Clock;
    /** Raw bytes instead of base64; not every firmware can. */
    readonly binary?: boolean;
}

/**
 * Drives one RYLR998 or RYLR498, or of the older family one RYLR896, 895, 406 or 405. Throws on settings that the
 * module cannot have: ask `settingProblems` beforehand.
 */
export function makeRylr998({ label, port, clock, ...settings }: Rylr998Options): Modem {
    const problems = settingProblems(settings);
    if (problems.length > 0) throw new RangeError(`${label}: ${problems.join("; ")}`);
    return new SupervisedModem({ label, ports: [port], clock, dialect: rylr998Dialect(settings) });
}
