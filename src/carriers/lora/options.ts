import type { LoraParams, Modem } from "../../../hw/modem.ts";
import type { Clock, Entropy, Millis } from "../../base/time.ts";
import type { AirLaw, AirtimeEntry } from "../../link/ledger.ts";
import type { CarrierId } from "../carrier.ts";
import type { AirEvent } from "./air-event.ts";
import type { NetworkOptions } from "./keyed-frames.ts";

export interface LoraCarrierOptions {
    readonly id: CarrierId;
    readonly modem: Modem;
    /** What the modem is set to; the law judges by it. */
    readonly params: LoraParams;
    /** With what earlier lives of this gateway spent already restored. */
    readonly law: AirLaw;
    readonly clock: Clock;
    /** Gives the link its number and its jitter. */
    readonly entropy: Entropy;
    /** Writes airtime down before it is spent: resolves once that is durable. */
    readonly record: (entry: AirtimeEntry) => Promise<void>;
    /** This gateway's number on the air, the same at every start; 0..16383. */
    readonly node: number;
    /** What the link keeps over a restart. */
    readonly linkState?: LinkStateKeeper;
    /** Only frames with this key are heard, and sent. */
    readonly network?: NetworkOptions | undefined;
    /** Messages go out as Ember's planned chunks, which nobody acknowledges; tombstones by the link. */
    readonly emberChunks?: boolean;
    /** Until everybody has a frame of `size` bytes, where relays lie between; the modem's airtime unless said. */
    readonly crossingMs?: (size: number) => Millis;
    /** A hello comes this long after the last one; never unless said. */
    readonly beaconEveryMs?: Millis;
    /** Larger payloads are not taken, in bytes; what the channel can bear unless said. */
    readonly payloadSizeMax?: number;
    /** A trait of the carrier. */
    readonly onlyAsked?: true;
    readonly onAir?: (event: AirEvent) => void;
}

export interface LinkStateKeeper {
    load(): Uint8Array | undefined;
    /** Never rejects: what is not kept costs airtime and nothing else. */
    save(state: Uint8Array): Promise<void>;
}
