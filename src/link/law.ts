import type { Millis } from "../base/time.ts";

declare const permitBrand: unique symbol;

/**
 * Leave to transmit once, given by the airtime law of a region. Only `src/link` makes them, so a driver cannot send
 * what nobody accounted for.
 */
export interface TransmitPermit {
    readonly [permitBrand]: true;
    readonly airtimeMs: Millis;
}
