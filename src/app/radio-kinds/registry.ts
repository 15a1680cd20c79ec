import type { RadioKindName } from "../config/module-settings.ts";
import { LORA_E5, RAK3172, RYLR896, RYLR998 } from "./at.ts";
import { E22, E220 } from "./ebyte.ts";
import type { RadioKind } from "./kind.ts";
import { MESHCORE_KISS, RNODE } from "./kiss.ts";

/** Every kind of radio that there is a driver for. */
export const RADIO_KIND_TABLE: Readonly<Record<RadioKindName, RadioKind>> = {
    rylr998: RYLR998,
    rylr896: RYLR896,
    rak3172: RAK3172,
    "lora-e5": LORA_E5,
    rnode: RNODE,
    "meshcore-kiss": MESHCORE_KISS,
    e22: E22,
    e220: E220,
};
