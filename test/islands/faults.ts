import type { EbyteMisbehaviour } from "../../hw/ebyte/emulated-misbehaviour.ts";
import type { Misbehaviour } from "../../hw/emulation/misbehaviour.ts";
import type { MeshcoreMisbehaviour } from "../../hw/meshcore-kiss/misbehaviour.ts";
import type { Misbehaviour as RnodeMisbehaviour } from "../../hw/rnode/misbehaviour.ts";

/** What each family's emulators can do wrong for a while, by a name for whoever reads a failed run. */
type Faults<Kind> = Readonly<Record<string, Partial<Kind>>>;

/** Bytes that look like the beginning of everything: escapes, line ends, half of a command's answer. */
const GARBAGE = Uint8Array.of(0, 0xc0, 255, 13, 10, 43, 0xc1, 0xdb);

export const AT_FAULTS: Faults<Misbehaviour> = {
    silence: { isSilent: true },
    lostAnswers: { answersLost: 3 },
    halfLines: { answerBytesMax: 3 },
    garbage: { garbage: GARBAGE },
    slowness: { extraMs: 1_500 },
    refusals: { refusal: -1 },
    brownOut: { brownOutMs: 40 },
    deafness: { ignoresSettings: true },
    feint: { feignsSending: true },
    lies: {
        lies: { PARAMETER: "9,7,1,4", BAND: "868500000", RFCFG: "F:868000000, SF12, BW125K", PSF: "12", P2P: "1" },
    },
};

export const EBYTE_FAULTS: Faults<EbyteMisbehaviour> = {
    silence: { isSilent: true },
    lostAnswers: { answersLost: 3 },
    halfLines: { halves: true },
    garbage: { garbage: GARBAGE },
    slowness: { extraMs: 700 },
    refusals: { refuses: true },
    brownOut: { brownsOut: true },
    wrongEcho: { echoesWrongly: true },
    stuckLow: { auxStuck: "low" },
    stuckHigh: { auxStuck: "high" },
    feint: { sendsNothing: true },
    lies: { lies: { 3: 0x11, 5: 0x77 } },
};

export const RNODE_FAULTS: Faults<RnodeMisbehaviour> = {
    silence: { isSilent: true },
    lostAnswers: { answersLost: 3 },
    halfFrames: { answersHalved: 3 },
    garbage: { garbage: GARBAGE },
    slowness: { extraMs: 1_500 },
    packetErrors: { packetError: 2 },
    fullQueue: { isFull: true },
    brownOut: { brownsOut: true },
    quietStart: { startsQuietly: true },
    feint: { feignsSending: true },
    lies: { lies: { 1: 868_000_000, 6: 0 } },
};

export const MESHCORE_FAULTS: Faults<MeshcoreMisbehaviour> = {
    silence: { isSilent: true },
    lostAnswers: { answersLost: 3 },
    halfFrames: { answersHalved: 3 },
    garbage: { garbage: GARBAGE },
    slowness: { extraMs: 1_500 },
    radioFailure: { radioFails: true },
    brownOut: { brownsOut: true },
    deafness: { ignoresSettings: true },
    noSignals: { omitsSignals: true },
};
