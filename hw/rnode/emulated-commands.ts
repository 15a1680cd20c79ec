import type { KissFrame } from "../kiss/framing.ts";
import { ASK_BYTE, COMMAND, DETECT_ANSWER, DETECT_REQUEST, numberOf, uint16Bytes, uint32Bytes } from "./commands.ts";
import { chipBandwidthHz, clamp, isComplete, lockOf, type RnodeState } from "./emulated-settings.ts";

const PLATFORM_ESP32 = 0x80;
const MCU_ESP32 = 0x81;

/** What differs from board to board. */
export interface Firmware {
    readonly version: readonly [major: number, minor: number];
    readonly powerMaxDbm: number;
    readonly isProvisioned: boolean;
}

export interface Obeyed {
    readonly state: RnodeState;
    readonly answers: readonly KissFrame[];
    /** The times on the air were worked out anew. */
    readonly isTuned?: boolean;
}

/** What the firmware does and says about a command that has nothing to do with packets. */
export function answersTo(frame: KissFrame, state: RnodeState, firmware: Firmware): Obeyed {
    return setting(frame, state, firmware) ?? mode(frame, state, firmware) ?? { state, answers: told(frame, firmware) };
}

/** Every setting is answered with the value in force. Zero, or 255 for a byte, asks for it. */
function setting({ command, data }: KissFrame, state: RnodeState, { powerMaxDbm }: Firmware): Obeyed | undefined {
    const value = numberOf(data);
    const isAsked = data.length === 1 ? value === ASK_BYTE : value === 0;
    const changed = (change: Partial<RnodeState>): RnodeState => (isAsked ? state : { ...state, ...change });
    const obeyed = (next: RnodeState, answer: Uint8Array): Obeyed => ({
        state: next,
        answers: [{ command, data: answer }],
        isTuned: !isAsked && next.isOn && command !== COMMAND.frequency && command !== COMMAND.power,
    });
    switch (command) {
        case COMMAND.frequency: {
            const next = changed({ frequencyHz: value });
            return obeyed(next, uint32Bytes(next.frequencyHz));
        }
        case COMMAND.bandwidth: {
            const next = changed({ bandwidthHz: state.isOn ? chipBandwidthHz(value) : value });
            return obeyed(next, uint32Bytes(next.bandwidthHz));
        }
        case COMMAND.power: {
            const next = changed({ powerDbm: Math.min(value, powerMaxDbm) });
            return obeyed(next, Uint8Array.of(next.powerDbm));
        }
        case COMMAND.spreading: {
            const next = changed({ spreadingFactor: clamp(value, 5, 12) });
            return obeyed(next, Uint8Array.of(next.spreadingFactor));
        }
        case COMMAND.codingRate: {
            const next = changed({ codingRate: clamp(value, 5, 8) });
            return obeyed(next, Uint8Array.of(next.codingRate));
        }
        default:
            return undefined;
    }
}

function mode({ command, data }: KissFrame, state: RnodeState, firmware: Firmware): Obeyed | undefined {
    const value = numberOf(data);
    const answered = (next: RnodeState, answer: Uint8Array): Obeyed => ({
        state: next,
        answers: [{ command, data: answer }],
    });
    switch (command) {
        case COMMAND.radioState:
            return radioState(value, state, firmware);
        case COMMAND.shortLock: {
            const shortLock = lockOf(value);
            return answered({ ...state, shortLock }, uint16Bytes(shortLock));
        }
        case COMMAND.longLock: {
            const longLock = lockOf(value);
            return answered({ ...state, longLock }, uint16Bytes(longLock));
        }
        case COMMAND.promiscuous: {
            const isPromiscuous = value > 1 ? state.isPromiscuous : value === 1;
            return answered({ ...state, isPromiscuous }, Uint8Array.of(isPromiscuous ? 1 : 0));
        }
        case COMMAND.implicit:
            return answered({ ...state, implicitSize: value }, Uint8Array.of(value));
        case COMMAND.radioLock:
            return answered(state, Uint8Array.of(isComplete(state) ? 0 : 1));
        default:
            return undefined;
    }
}

/** Switching on is answered twice: by the one who does it and by the one who was told to. */
function radioState(value: number, state: RnodeState, { isProvisioned }: Firmware): Obeyed {
    const told = (isOn: boolean): KissFrame => ({ command: COMMAND.radioState, data: Uint8Array.of(isOn ? 1 : 0) });
    if (value === ASK_BYTE) return { state, answers: [told(state.isOn)] };
    if (value === 0) return { state: { ...state, isOn: false }, answers: [told(false)] };
    if (value !== 1) return { state, answers: [] };
    const isOn = isProvisioned && isComplete(state);
    const bandwidthHz = isOn ? chipBandwidthHz(state.bandwidthHz) : state.bandwidthHz;
    return { state: { ...state, isOn, bandwidthHz }, answers: [told(isOn), told(isOn)], isTuned: isOn && !state.isOn };
}

/** Commands that the emulator does not know are passed over, as those of a display on a board without one. */
function told({ command, data }: KissFrame, { version }: Firmware): readonly KissFrame[] {
    const answer = (...bytes: readonly number[]): readonly KissFrame[] => [{ command, data: Uint8Array.from(bytes) }];
    switch (command) {
        case COMMAND.detect:
            return data[0] === DETECT_REQUEST ? answer(DETECT_ANSWER) : [];
        case COMMAND.version:
            return answer(...version);
        case COMMAND.platform:
            return answer(PLATFORM_ESP32);
        case COMMAND.mcu:
            return answer(MCU_ESP32);
        default:
            return [];
    }
}
