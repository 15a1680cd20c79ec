import { loraAirtimeMs } from "../../src/link/airtime.ts";
import type { KissFrame } from "../kiss/framing.ts";
import type { LoraParams } from "../modem.ts";
import { ANSWER, HARDWARE, hardware, preambleSymbolsOf, radioBytes, radioOf, uint32Bytes } from "./commands.ts";
import type { MeshcoreMisbehaviour } from "./misbehaviour.ts";

/** What the board knows; nothing of it survives a restart. */
export interface BoardState {
    /** What the radio is set to. */
    readonly radio: LoraParams;
    /** What it was told last; that, and not the radio, it tells when asked. */
    readonly told: Uint8Array;
    readonly toldPower: number;
    readonly reportsSignals: boolean;
}

export const START: BoardState = {
    // For which such boards are built in Europe.
    radio: {
        frequencyHz: 869_618_000,
        bandwidthHz: 62_500,
        spreadingFactor: 8,
        codingRate: 4,
        preambleSymbols: 32,
        powerDbm: 22,
    },
    told: new Uint8Array(10),
    toldPower: 0,
    reportsSignals: true,
};

export interface Answered {
    readonly state: BoardState;
    readonly answer: KissFrame;
}

/** What else an answer depends on. */
export interface BoardFacts extends MeshcoreMisbehaviour {
    readonly version: number;
    /** Somebody else is on the channel now. */
    readonly isBusy: boolean;
}

const SIGNAL_DBM = -70;
const NOISE_DBM = -112;
const TOO_SHORT = 1;
const UNKNOWN_COMMAND = 5;

/** What the board does and says about a hardware command. It takes any numbers and never says that a radio cannot. */
export function answerTo(sub: number, data: Uint8Array, state: BoardState, facts: BoardFacts): Answered {
    const told = factsOf(sub, state, facts);
    if (told) return { state, answer: hardware(sub | ANSWER, told) };
    const [first] = data;
    if (sub === HARDWARE.setRadio) return setRadio(data, state, facts);
    if (first !== undefined) return withByte(sub, first, state, facts);
    const isKnown = sub === HARDWARE.setPower || sub === HARDWARE.getAirtime || sub === HARDWARE.setSignalReport;
    return { state, answer: refusal(isKnown ? TOO_SHORT : UNKNOWN_COMMAND) };
}

/** Questions without anything to go with them. */
function factsOf(sub: number, state: BoardState, { radioLie, version, isBusy }: BoardFacts): Uint8Array | undefined {
    switch (sub) {
        case HARDWARE.getRadio:
            return radioLie ? radioBytes(radioLie) : state.told;
        case HARDWARE.getPower:
            return Uint8Array.of(state.toldPower);
        case HARDWARE.getVersion:
            return Uint8Array.of(version, 0);
        case HARDWARE.isBusy:
            return Uint8Array.of(isBusy ? 1 : 0);
        case HARDWARE.getRssi:
            return Uint8Array.of(isBusy ? SIGNAL_DBM : NOISE_DBM);
        case HARDWARE.ping:
            return new Uint8Array(0);
        default:
            return undefined;
    }
}

function setRadio(data: Uint8Array, state: BoardState, { ignoresSettings }: BoardFacts): Answered {
    const asked = radioOf(data.subarray(0, 10));
    if (!asked) return { state, answer: refusal(TOO_SHORT) };
    const radio = { ...state.radio, ...asked, preambleSymbols: preambleSymbolsOf(asked.spreadingFactor) };
    const next = { ...state, told: data.slice(0, 10), radio: ignoresSettings ? state.radio : radio };
    return { state: next, answer: hardware(HARDWARE.ok) };
}

function withByte(sub: number, byte: number, state: BoardState, { ignoresSettings }: BoardFacts): Answered {
    switch (sub) {
        case HARDWARE.setPower: {
            const radio = ignoresSettings ? state.radio : { ...state.radio, powerDbm: byte };
            return { state: { ...state, toldPower: byte, radio }, answer: hardware(HARDWARE.ok) };
        }
        case HARDWARE.getAirtime: {
            const airtimeMs = Math.floor(loraAirtimeMs(state.radio, byte));
            return { state, answer: hardware(sub | ANSWER, uint32Bytes(airtimeMs)) };
        }
        case HARDWARE.setSignalReport: {
            const reportsSignals = byte !== 0;
            const report = Uint8Array.of(reportsSignals ? 1 : 0);
            return {
                state: { ...state, reportsSignals },
                answer: hardware(HARDWARE.getSignalReport | ANSWER, report),
            };
        }
        default:
            return { state, answer: refusal(UNKNOWN_COMMAND) };
    }
}

export function refusal(code: number): KissFrame {
    return hardware(HARDWARE.error, Uint8Array.of(code));
}
