import type { EbyteMisbehaviour } from "../../../hw/ebyte/emulated-misbehaviour.ts";
import type { Misbehaviour } from "../../../hw/emulation/misbehaviour.ts";
import type { MeshcoreMisbehaviour } from "../../../hw/meshcore-kiss/misbehaviour.ts";
import { COMMAND } from "../../../hw/rnode/commands.ts";
import { QUEUE_FULL } from "../../../hw/rnode/errors.ts";
import type { Misbehaviour as RnodeMisbehaviour } from "../../../hw/rnode/misbehaviour.ts";

/** What an emulated device can do wrong all the time, by one name for all kinds. */
export const FAULTS = {
    silence: "says and does nothing",
    garbage: "puts nonsense before each answer",
    halves: "breaks its answers off in the middle",
    late: "answers half a second later",
    echo: "says other settings than it was told",
    liar: "says that it sent, and sends nothing",
    "brown-out": "starts again whenever it transmits",
    busy: "is always busy (AUX stuck, queue full)",
} as const;

export type Fault = keyof typeof FAULTS;

/** What an emulated device does now and then. */
export const HABITS = {
    restarts: "starts again by itself",
    banners: "says the words of a start in the middle of everything",
    moves: "is unplugged and comes back under another path",
} as const;

export type Habit = keyof typeof HABITS;

const GARBAGE = Uint8Array.of(0x00, 0xff, 0x2b, 0xc0, 0x7e);
const LATE_MS = 500;
const BROWN_OUT_MS = 20;
const HALF_BYTES = 3;
const WRONG_SPREADING_FACTOR = 6;
/** Register 3 or 2 of these modules tells their speeds. */
const WRONG_REGISTERS = { 2: 0x00, 3: 0x00 };
const ALL = Number.POSITIVE_INFINITY;

function atFaults(
    lies: Readonly<Record<string, string>>,
    busy: string | number,
): Readonly<Record<Fault, Partial<Misbehaviour>>> {
    return {
        silence: { isSilent: true },
        garbage: { garbage: GARBAGE },
        halves: { answerBytesMax: HALF_BYTES },
        late: { extraMs: LATE_MS },
        echo: { lies },
        liar: { feignsSending: true },
        "brown-out": { brownOutMs: BROWN_OUT_MS },
        busy: { refusal: busy },
    };
}

const E5_LIE = "F:433100000, SF7, BW125K, TXPR:8, RXPR:8, POW:14dBm, CRC:ON, IQ:OFF, NET:OFF";

export const AT_FAULTS = {
    rylr: atFaults({ PARAMETER: "12,7,1,12" }, 17),
    rak3172: atFaults({ P2P: "433100000:7:125:0:8:14" }, "AT_BUSY_ERROR"),
    loraE5: atFaults({ RFCFG: E5_LIE }, -12),
} as const;

export const RNODE_FAULTS: Readonly<Record<Fault, Partial<RnodeMisbehaviour>>> = {
    silence: { isSilent: true },
    garbage: { garbage: GARBAGE },
    halves: { answersHalved: ALL },
    late: { extraMs: LATE_MS },
    echo: { lies: { [COMMAND.spreading]: WRONG_SPREADING_FACTOR } },
    liar: { feignsSending: true },
    "brown-out": { brownsOut: true },
    busy: { isFull: true, packetError: QUEUE_FULL },
};

export const MESHCORE_FAULTS: Readonly<Record<Fault, Partial<MeshcoreMisbehaviour>>> = {
    silence: { isSilent: true },
    garbage: { garbage: GARBAGE },
    halves: { answersHalved: ALL },
    late: { extraMs: LATE_MS },
    echo: {
        radioLie: {
            frequencyHz: 433_100_000,
            spreadingFactor: 7,
            bandwidthHz: 125_000,
            codingRate: 1,
            preambleSymbols: 8,
            powerDbm: 14,
        },
    },
    liar: { ignoresSettings: true },
    "brown-out": { brownsOut: true },
    busy: { radioFails: true },
};

export const EBYTE_FAULTS: Readonly<Record<Fault, Partial<EbyteMisbehaviour>>> = {
    silence: { isSilent: true },
    garbage: { garbage: GARBAGE },
    halves: { halves: true },
    late: { extraMs: LATE_MS },
    echo: { lies: WRONG_REGISTERS },
    liar: { sendsNothing: true },
    "brown-out": { brownsOut: true },
    busy: { auxStuck: "low" },
};
