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

const TOO_SHORT = 1;
const UNKNOWN_COMMAND = 5;

/** What the board does and says about a hardware command. It takes any numbers and never says that a radio cannot. */
export function answerTo(
    sub: number,
    data: Uint8Array,
    state: BoardState,
    { radioLie, ignoresSettings, version }: MeshcoreMisbehaviour & { readonly version: number },
): Answered {
    const [first] = data;
    const told = (...bytes: readonly number[]): Answered => say(hardware(sub | ANSWER, Uint8Array.from(bytes)));
    const say = (answer: KissFrame, next = state): Answered => ({ state: next, answer });
    switch (sub) {
        case HARDWARE.getRadio:
            return told(...(radioLie ? radioBytes(radioLie) : state.told));
        case HARDWARE.getPower:
            return told(state.toldPower);
        case HARDWARE.getVersion:
            return told(version, 0);
        case HARDWARE.ping:
            return told();
        case HARDWARE.setRadio: {
            const asked = radioOf(data.subarray(0, 10));
            if (!asked) return say(refusal(TOO_SHORT));
            const radio = { ...state.radio, ...asked, preambleSymbols: preambleSymbolsOf(asked.spreadingFactor) };
            const next = { ...state, told: data.slice(0, 10), radio: ignoresSettings ? state.radio : radio };
            return say(hardware(HARDWARE.ok), next);
        }
        default:
            return first === undefined ? say(refusal(isKnown(sub) ? TOO_SHORT : UNKNOWN_COMMAND)) : withByte(first);
    }

    function withByte(byte: number): Answered {
        switch (sub) {
            case HARDWARE.setPower: {
                const radio = ignoresSettings ? state.radio : { ...state.radio, powerDbm: byte };
                return say(hardware(HARDWARE.ok), { ...state, toldPower: byte, radio });
            }
            case HARDWARE.getAirtime:
                return told(...uint32Bytes(Math.floor(loraAirtimeMs(state.radio, byte))));
            case HARDWARE.setSignalReport: {
                const reportsSignals = byte !== 0;
                const report = Uint8Array.of(reportsSignals ? 1 : 0);
                return say(hardware(HARDWARE.getSignalReport | ANSWER, report), { ...state, reportsSignals });
            }
            default:
                return say(refusal(UNKNOWN_COMMAND));
        }
    }
}

export function refusal(code: number): KissFrame {
    return hardware(HARDWARE.error, Uint8Array.of(code));
}

function isKnown(sub: number): boolean {
    return sub === HARDWARE.setPower || sub === HARDWARE.getAirtime || sub === HARDWARE.setSignalReport;
}
