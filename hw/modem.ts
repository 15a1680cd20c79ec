import type { Result } from "../src/base/result.ts";
import type { Millis } from "../src/base/time.ts";
import type { TransmitPermit } from "../src/link/law.ts";

/** What one LoRa channel is made of. Both ends of a link must agree on all but the power. */
export interface LoraParams {
    readonly frequencyHz: number;
    /** 5..12; which values exist depends on the module. */
    readonly spreadingFactor: number;
    readonly bandwidthHz: number;
    /** 1..4, meaning 4/5..4/8. */
    readonly codingRate: number;
    readonly preambleSymbols: number;
    /** Conducted power in dBm. */
    readonly powerDbm: number;
}

/** Facts of a modem kind as data; the carrier decides by them and never by the driver's name. */
export interface ModemTraits {
    /** Largest frame for `send`, in bytes as the caller counts them. */
    readonly frameSizeMax: number;
    /** Larger frames go on the air in several pieces, and one lost piece loses them all; undefined when none do. */
    readonly pieceSizeMax?: number;
    readonly reportsRssi: boolean;
    readonly detectsChannelActivity: boolean;
    /** True: `send` resolves after the last symbol left the antenna. False: it only means "accepted". */
    readonly confirmsTransmission: boolean;
}

/** How the law of some countries wants everybody to listen before talking. */
export interface CarrierSense {
    /** Listen at least for this long. */
    readonly minMs: Millis;
    /** The channel is free below this power. */
    readonly thresholdDbm: number;
}

export interface ReceivedFrame {
    readonly bytes: Uint8Array;
    readonly rssiDbm: number | undefined;
    readonly snrDb: number | undefined;
}

export interface ModemError {
    readonly kind: "unplugged" | "silent" | "refused" | "mismatch" | "too_large" | "busy" | "stopped";
    /** For people: what happened and what to do next. */
    readonly detail: string;
}

export interface ModemHandlers {
    onFrame(frame: ReceivedFrame): void;
    /** The modem can be used now: found, configured, read back and compared. Comes again after each recovery. */
    onUp(detail: string): void;
    /** The modem cannot be used; the driver keeps trying by itself until `stop`. */
    onDown(error: ModemError): void;
}

export interface Modem {
    readonly label: string;
    readonly traits: ModemTraits;
    /** Milliseconds that a frame of `size` bytes keeps the channel busy, everything included that the module adds. */
    airtimeMs(size: number): Millis;
    /** Starts the supervision of the device and returns at once; state comes by `onUp` and `onDown`. */
    start(handlers: ModemHandlers): void;
    /**
     * One frame at a time: a second call before the first settles is answered "busy". The permit proves that the law
     * of the air was asked for this very transmission; nobody else can make one. The first symbol leaves within 3 s of
     * the call or not at all, because permits grow old.
     */
    send(frame: Uint8Array, permit: TransmitPermit): Promise<Result<void, ModemError>>;
    /**
     * Listens, as `demand` says where the law demands it, and tells whether nobody else is on the channel; undefined
     * when the modem cannot tell now. Modems with `traits.detectsChannelActivity` have it. Never while sending.
     */
    channelIsFree?(demand?: CarrierSense): Promise<boolean | undefined>;
    stop(): Promise<void>;
}
