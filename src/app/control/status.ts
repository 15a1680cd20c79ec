import type { Millis, UnixSeconds } from "../../base/time.ts";
import type { CarrierState } from "../../carriers/carrier.ts";

/** What a running gateway tells about itself; times in milliseconds before now. */
export interface GatewayStatus {
    readonly name: string;
    readonly region: string | undefined;
    readonly mailboxUrl: string;
    readonly upMs: Millis;
    /** As the gateway believes it. */
    readonly wall: UnixSeconds;
    readonly store: { readonly messages: number; readonly bytes: number };
    readonly carriers: readonly CarrierStatus[];
}

export interface CarrierStatus {
    readonly id: string;
    readonly state: CarrierState | undefined;
    readonly stateAgoMs: Millis | undefined;
    /** How often it went down since the start. */
    readonly downs: number;
    /** Offers that wait for this carrier; `QUEUE_SHOWN_MAX` means at least so many. */
    readonly queue: number;
    readonly stored: number;
    readonly delivered: number;
    readonly radio?: RadioStatus;
}

export interface RadioStatus {
    readonly kind: string;
    readonly port: string;
    readonly channel: string;
    readonly sentFrames: number;
    readonly heardFrames: number;
    /** In the last hour, from the journal that outlives a restart. */
    readonly airtimeMs: Millis;
    /** Undefined: the law has no such limit, or there is no region. */
    readonly airtimeMaxMs: Millis | undefined;
    readonly lastHeard:
        | { readonly agoMs: Millis; readonly rssiDbm: number | undefined; readonly snrDb: number | undefined }
        | undefined;
}

/** Offers of one carrier are counted up to here. */
export const QUEUE_SHOWN_MAX = 1_000;
