import type { MeshError } from "../../../hw/meshtastic/errors.ts";
import type { DeviceReport } from "../../../hw/meshtastic/messages.ts";
import type { Millis } from "../../base/time.ts";

/** Others have an emergency: nothing is sent for so long after the last word of it, in milliseconds. */
export const ALERT_QUIET_MS = 15 * 60_000;

/** A node tells its channel use every minute; what it told before that long says nothing any more. */
const REPORT_AGE_MS_MAX = 5 * 60_000;

/** Until the next look at a channel that is too busy. */
const BUSY_LOOK_MS = 30_000;

/** How long a node's own refusals are obeyed, in milliseconds. */
const PAUSES: Partial<Record<MeshError["kind"], Millis>> = {
    duty_cycle_limit: 5 * 60_000,
    rate_limit_exceeded: 30_000,
    queue_full: 10_000,
    busy: 10_000,
};

/** What speaks against sending now, whatever the ledger has left. */
export class Quiet {
    readonly #channelUseMax: number;
    #until: Millis = Number.NEGATIVE_INFINITY;
    #use: { readonly at: Millis; readonly percent: number } | undefined;

    /** `channelUseMax` in percent of the last minute, all senders together. */
    constructor(channelUseMax: number) {
        this.#channelUseMax = channelUseMax;
    }

    hearReport({ channelUsePercent }: DeviceReport, now: Millis): void {
        if (channelUsePercent !== undefined) this.#use = { at: now, percent: channelUsePercent };
    }

    hearAlert(now: Millis): void {
        this.#until = Math.max(this.#until, now + ALERT_QUIET_MS);
    }

    hearRefusal({ kind }: MeshError, now: Millis): void {
        this.#until = Math.max(this.#until, now + (PAUSES[kind] ?? 0));
    }

    /** In the past when nothing speaks against it. */
    until(now: Millis): Millis {
        const use = this.#use;
        const isBusy = use && use.percent > this.#channelUseMax && now < use.at + REPORT_AGE_MS_MAX;
        return Math.max(this.#until, isBusy ? now + BUSY_LOOK_MS : this.#until);
    }
}
