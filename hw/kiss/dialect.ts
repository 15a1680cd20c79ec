import type { Result } from "../../src/base/result.ts";
import type { Millis } from "../../src/base/time.ts";
import type { CarrierSense, ModemError, ModemTraits, ReceivedFrame } from "../modem.ts";
import type { KissExchange } from "./exchange.ts";
import type { KissFrame } from "./framing.ts";

/** What frames mean to one kind of firmware. */
export interface Dialect {
    readonly traits: ModemTraits;
    /** Of the frames that the device sends: command and data without escapes, in bytes. */
    readonly kissSizeMax: number;
    /** A device that starts because its port was opened is left alone for so long. */
    readonly openWaitMs: Millis;
    /** Said when the driver stops. */
    readonly lastWords: readonly KissFrame[];
    airtimeMs(size: number): Millis;
    /**
     * Finds the device, sets everything, reads everything back and compares; gives a word for people. `afterFault`: what
     * it did before made no sense, so it had better start afresh.
     */
    setUp(line: KissExchange, afterFault: boolean): Promise<Result<string, ModemError>>;
    send(line: KissExchange, frame: Uint8Array): Promise<Result<void, ModemError>>;
    /** Whether the device is there and still set up. */
    probe(line: KissExchange): Promise<Result<unknown, ModemError>>;
    /** As in `Modem`; there when the traits say so. */
    channelIsFree?(line: KissExchange, demand: CarrierSense | undefined): Promise<boolean | undefined>;
    /** Takes what came unasked. */
    hear(frame: KissFrame): Heard | undefined;
    /** Forgets frames that are half received. */
    reset(): void;
}

export type Heard =
    /** The device started by itself and has lost its settings. */
    | { readonly kind: "restarted" }
    /** The device says that it cannot go on. */
    | { readonly kind: "broken"; readonly error: ModemError };

/** Hands a frame from the air to the driver's owner. */
export type Deliver = (frame: ReceivedFrame) => void;
