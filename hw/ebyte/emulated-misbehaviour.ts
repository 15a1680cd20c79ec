import type { Millis } from "../../src/base/time.ts";

/** What can go wrong with a module, to be set at any time. */
export interface EbyteMisbehaviour {
    /** Says and does nothing at all; AUX stays as it is. */
    readonly isSilent: boolean;
    /** Swallows so many of the next answers. */
    readonly answersLost: number;
    /** Values that registers seem to have when they are read. */
    readonly lies: Readonly<Record<number, number>>;
    /** Answers so much later. */
    readonly extraMs: Millis;
    /** Says FF FF FF to every command. */
    readonly refuses: boolean;
    /** Puts these bytes before each answer and each packet. */
    readonly garbage: Uint8Array | undefined;
    /** Answers a write with other values than it was told, and takes the right ones. */
    readonly echoesWrongly: boolean;
    /** Breaks each answer off in the middle. */
    readonly halves: boolean;
    readonly auxStuck: "low" | "high" | undefined;
    /** Starts again when it should send. */
    readonly brownsOut: boolean;
    /** Does as if it had sent. */
    readonly sendsNothing: boolean;
}

export const WELL_BEHAVED: EbyteMisbehaviour = {
    isSilent: false,
    answersLost: 0,
    lies: {},
    extraMs: 0,
    refuses: false,
    garbage: undefined,
    echoesWrongly: false,
    halves: false,
    auxStuck: undefined,
    brownsOut: false,
    sendsNothing: false,
};
