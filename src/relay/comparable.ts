import type { UnixSeconds } from "../base/time.ts";
import type { OuterEnvelope } from "../wire/outer-envelope.ts";
import { RELAY_LIMITS_DEFAULT } from "./limits.ts";

/** How far ahead a sender's clock may be, in seconds. */
const AHEAD_S_MAX = 24 * 3600;

/**
 * Whether two depots should even out this message. Its life is counted from each receipt, so two depots that hand each
 * other what the other just let expire would keep it for ever: by its sender's clock its time must not be over.
 */
export function isComparable({ timestampHours, ttlHours }: OuterEnvelope, now: UnixSeconds): boolean {
    const sentAt = timestampHours * 3600;
    const lifeS = ttlHours === undefined ? RELAY_LIMITS_DEFAULT.ttlDefaultS : ttlHours * 3600;
    return sentAt + lifeS > now && sentAt <= now + AHEAD_S_MAX;
}
