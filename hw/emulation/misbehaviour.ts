import type { Millis } from "../../src/base/time.ts";

/** What can go wrong with an emulated module, to be set at any time. */
export interface Misbehaviour {
    /** Says and does nothing at all. */
    readonly isSilent: boolean;
    /** Swallows so many of the next answers. */
    readonly answersLost: number;
    /** Says this for the value of a setting, whatever it is. */
    readonly lies: Readonly<Record<string, string>>;
    /** Answers so much later. */
    readonly extraMs: Millis;
    /** Answers every command with this error. */
    readonly refusal: number | string | undefined;
    /** Puts these bytes before each answer. */
    readonly garbage: Uint8Array | undefined;
    /** Of each answer only so many bytes come through. */
    readonly answerBytesMax: number;
    /** The supply gives way so long after it begins to transmit, and the module starts again. */
    readonly brownOutMs: Millis | undefined;
    /** Takes every setting with "OK" and keeps the old one. */
    readonly ignoresSettings: boolean;
    /** Says at once that a packet was sent, and sends nothing. */
    readonly feignsSending: boolean;
}

export const WELL_BEHAVED: Misbehaviour = {
    isSilent: false,
    answersLost: 0,
    lies: {},
    extraMs: 0,
    refusal: undefined,
    garbage: undefined,
    answerBytesMax: Number.POSITIVE_INFINITY,
    brownOutMs: undefined,
    ignoresSettings: false,
    feignsSending: false,
};
