import type { CarrierSense, Modem, ModemError, ModemHandlers, ModemTraits } from "../../../hw/modem.ts";
import { err, ok, type Result } from "../../../src/base/result.ts";
import type { Clock, Millis } from "../../../src/base/time.ts";
import { loraAirtimeMs } from "../../../src/link/airtime.ts";
import type { TransmitPermit } from "../../../src/link/law.ts";

export const PARAMS = {
    frequencyHz: 868_100_000,
    spreadingFactor: 9,
    bandwidthHz: 125_000,
    codingRate: 1,
    preambleSymbols: 12,
    powerDbm: 14,
};

/** A modem whose air is whoever listens to `onSent`; it takes the time that LoRa takes. */
export class FakeModem implements Modem {
    readonly label = "fake";
    readonly traits: ModemTraits;
    handlers: ModemHandlers | undefined;
    stops = 0;
    /** What a look at the channel finds; asked at the end of listening. */
    channel: () => boolean | undefined = () => true;
    /** Every look, with what it was asked to heed. */
    readonly looks: { readonly at: Millis; readonly demand: CarrierSense | undefined }[] = [];
    /** What `send` answers instead of sending. */
    fault: ModemError | undefined;
    readonly sent: { readonly frame: Uint8Array; readonly at: Millis; readonly permit: TransmitPermit }[] = [];
    onSent: (frame: Uint8Array) => void = () => {};
    readonly #clock: Clock;
    readonly #params: typeof PARAMS;
    #busy = false;

    constructor(clock: Clock, changes: Partial<ModemTraits> = {}, params = PARAMS) {
        this.#clock = clock;
        this.#params = params;
        this.traits = {
            frameSizeMax: 240,
            reportsRssi: true,
            detectsChannelActivity: false,
            confirmsTransmission: true,
            ...changes,
        };
    }

    airtimeMs(size: number): Millis {
        return loraAirtimeMs(this.#params, size);
    }

    start(handlers: ModemHandlers): void {
        this.handlers = handlers;
    }

    hear(bytes: Uint8Array): void {
        this.handlers?.onFrame({ bytes, rssiDbm: -80, snrDb: 7 });
    }

    async send(frame: Uint8Array, permit: TransmitPermit): Promise<Result<void, ModemError>> {
        if (this.#busy) return err({ kind: "busy", detail: "two frames at once" });
        if (this.fault) return err(this.fault);
        const at = this.#clock.now().monotonic;
        this.sent.push({ frame, at, permit });
        this.#busy = true;
        const airtimeMs = this.airtimeMs(frame.length);
        if (this.traits.confirmsTransmission) {
            await new Promise<void>((resolve) => void this.#clock.schedule(at + airtimeMs, resolve));
            this.onSent(frame);
        } else this.#clock.schedule(at + airtimeMs, () => this.onSent(frame));
        this.#busy = false;
        return ok(undefined);
    }

    /** Listens for as long as it is told, or for the two symbols of a CAD; knows nothing while it sends or cannot listen at all. */
    async channelIsFree(demand?: CarrierSense): Promise<boolean | undefined> {
        if (this.#busy || !this.traits.detectsChannelActivity) return undefined;
        const { spreadingFactor, bandwidthHz } = this.#params;
        const listenMs = demand?.minMs ?? (2 * 2 ** spreadingFactor * 1000) / bandwidthHz;
        const at = this.#clock.now().monotonic + listenMs;
        await new Promise<void>((resolve) => void this.#clock.schedule(at, resolve));
        this.looks.push({ at, demand });
        return this.channel();
    }

    async stop(): Promise<void> {
        this.stops++;
    }
}
