import type { Millis } from "../../src/base/time.ts";

/** What can go wrong with a board, to be set at any time. */
export interface Misbehaviour {
    /** Says and does nothing at all. */
    readonly isSilent: boolean;
    /** Swallows so many of the next frames to the host. */
    readonly answersLost: number;
    /** Loses the second half of so many of the next frames to the host. */
    readonly answersHalved: number;
    /** Says this for a value, by its command, whatever it is. */
    readonly lies: Readonly<Record<number, number>>;
    /** Answers so much later. */
    readonly extraMs: Millis;
    /** Puts these bytes before each frame to the host. */
    readonly garbage: Uint8Array | undefined;
    /** Answers a packet with this error number instead of sending it. */
    readonly packetError: number | undefined;
    /** Says that its queue is full. */
    readonly isFull: boolean;
    /** Starts again in the middle of each transmission, as with a weak power supply. */
    readonly brownsOut: boolean;
    /** Starts without a word, as boards with an AVR do. */
    readonly startsQuietly: boolean;
    /** Says that all is well and sends nothing. */
    readonly feignsSending: boolean;
}

export const WELL_BEHAVED: Misbehaviour = {
    isSilent: false,
    answersLost: 0,
    answersHalved: 0,
    lies: {},
    extraMs: 0,
    garbage: undefined,
    packetError: undefined,
    isFull: false,
    brownsOut: false,
    startsQuietly: false,
    feignsSending: false,
};
