import type { Millis } from "../../base/time.ts";
import { RECONNECT_MS_FIRST, RECONNECT_MS_MAX } from "./limits.ts";

/** The pause before connection number `failures` + 1; `chance` in [0, 1) spreads gateways that lost one broker together. */
export function reconnectPauseMs(failures: number, chance: number): Millis {
    const most = Math.min(RECONNECT_MS_MAX, RECONNECT_MS_FIRST * 2 ** Math.min(failures, 16));
    return Math.round(most * (0.5 + chance / 2));
}
