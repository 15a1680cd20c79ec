import type { Millis } from "../../src/base/time.ts";
import type { LoraParams } from "../modem.ts";

/** What can go wrong with a board, to be set at any time. */
export interface MeshcoreMisbehaviour {
    /** Says and does nothing at all. */
    readonly isSilent: boolean;
    /** Swallows so many of the next frames to the host. */
    readonly answersLost: number;
    /** Loses the second half of so many of the next frames to the host. */
    readonly answersHalved: number;
    /** Says this for the radio's settings, whatever they are. */
    readonly radioLie: LoraParams | undefined;
    /** Takes new settings with an OK and leaves the radio as it was. */
    readonly ignoresSettings: boolean;
    /** Answers so much later. */
    readonly extraMs: Millis;
    /** Puts these bytes before each frame to the host. */
    readonly garbage: Uint8Array | undefined;
    /** Its radio fails to send. */
    readonly radioFails: boolean;
    /** Starts again in the middle of each transmission. */
    readonly brownsOut: boolean;
    /** Hands packets over without their measurement. */
    readonly omitsSignals: boolean;
}

export const WELL_BEHAVED: MeshcoreMisbehaviour = {
    isSilent: false,
    answersLost: 0,
    answersHalved: 0,
    radioLie: undefined,
    ignoresSettings: false,
    extraMs: 0,
    garbage: undefined,
    radioFails: false,
    brownsOut: false,
    omitsSignals: false,
};
