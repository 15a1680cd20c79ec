import { openLine } from "../../../hw/gpio/open-line.ts";
import type { Modem } from "../../../hw/modem.ts";
import type { BytePort } from "../../../hw/port/byte-port.ts";
import { systemClock } from "../clock.ts";
import type { RadioChoice } from "./kind.ts";
import { RADIO_KIND_TABLE } from "./registry.ts";

/** A modem that is never started, so nothing is opened: for its traits and its airtime. Throws on settings that it cannot have. */
export function paperModem(choice: RadioChoice): Modem {
    const portAt = (): BytePort => {
        throw new Error("this modem exists on paper only");
    };
    return RADIO_KIND_TABLE[choice.radio.kind].makeModem({ ...choice, portAt, clock: systemClock, openLine });
}
