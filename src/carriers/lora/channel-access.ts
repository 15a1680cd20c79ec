import type { CarrierSense, Modem } from "../../../hw/modem.ts";
import type { Millis } from "../../base/time.ts";
import { backOffMs, type ChannelUse } from "../../link/channel-use.ts";

/** A busy channel is waited for so often; then whoever may talk without listening talks. */
const BACK_OFFS_MAX = 16;

/** Frames of this size last long enough to be noticed by everybody; one slot of the contention window, in bytes. */
const SLOT_SIZE = 1;

export interface ChannelAccessParts {
    readonly modem: Modem;
    readonly use: ChannelUse;
    readonly random: () => number;
    readonly now: () => Millis;
    /** False when the wait was ended early. */
    readonly waitUntil: (at: Millis) => Promise<boolean>;
}

/** How a frame gets the channel. */
export interface Manners {
    /** What the law wants; nobody talks on a channel that is not found free. */
    readonly demand: CarrierSense | undefined;
    /** Listens out of politeness where the modem can. */
    readonly isPolite: boolean;
}

/** Listens before talking, with bounded random pauses. */
export class ChannelAccess {
    readonly #parts: ChannelAccessParts;

    constructor(parts: ChannelAccessParts) {
        this.#parts = parts;
    }

    /** Waits for a free channel; false when that took too long for the law, or was given up. */
    async waitForFree(manners: Manners): Promise<boolean> {
        const { modem, use, random, now, waitUntil } = this.#parts;
        for (let round = 0; round < BACK_OFFS_MAX; round++) {
            if (await this.isFree(manners)) return true;
            const slotMs = modem.airtimeMs(SLOT_SIZE);
            const waited = await waitUntil(now() + backOffMs({ share: use.share(now()), slotMs, random }));
            if (!waited) return false;
        }
        return manners.demand === undefined;
    }

    /** One look. Where the law demands it, a modem that cannot tell has not found the channel free. */
    async isFree({ demand, isPolite }: Manners): Promise<boolean> {
        const { modem } = this.#parts;
        const listens = modem.traits.detectsChannelActivity && (demand !== undefined || isPolite);
        const isFree = listens ? await modem.channelIsFree?.(demand) : undefined;
        return isFree ?? demand === undefined;
    }
}
