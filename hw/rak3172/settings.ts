import { isWithin } from "../at/dialect.ts";
import type { LoraParams } from "../modem.ts";

/** What one packet carries, in bytes: the firmware's limit, whatever the manual says. */
export const FRAME_BYTES_MAX = 239;

/** What a module is set to. */
export interface Rak3172Settings {
    readonly params: LoraParams;
    /** Looks for activity on the channel before each transmission (AT+CAD=1); only newer firmware can. */
    readonly listensBeforeTalk?: boolean | undefined;
}

/** Everything that this module cannot do of what it is asked; empty when it can. */
export function rak3172SettingProblems({ params }: Rak3172Settings): readonly string[] {
    const { frequencyHz, spreadingFactor, bandwidthHz, codingRate, preambleSymbols, powerDbm } = params;
    const problems: string[] = [];
    const need = (holds: boolean, text: string): void => {
        if (!holds) problems.push(text);
    };
    need(isWithin(frequencyHz, 150_000_000, 960_000_000), "the frequency must be 150 to 960 MHz, in whole Hz");
    need(isWithin(spreadingFactor, 6, 12), "the spreading factor must be 6 to 12");
    need(BANDWIDTHS_HZ.includes(bandwidthHz), "the bandwidth must be 125, 250 or 500 kHz");
    need(isWithin(codingRate, 1, 4), "the coding rate must be 1 to 4");
    need(isWithin(preambleSymbols, 5, 65_535), "the preamble must be 5 to 65535");
    need(isWithin(powerDbm, 5, 22), "the power must be 5 to 22 dBm");
    return problems;
}

/** In the order of the numbers that newer firmware has for them. */
const BANDWIDTHS_HZ = [125_000, 250_000, 500_000];

/** Names of the values of AT+P2P, in its order. */
export const P2P_NAMES = ["frequency", "spreading factor", "bandwidth", "coding rate", "preamble", "power"] as const;

/** The values of AT+P2P; firmware wants the bandwidth in kHz or as a number of its own. */
export function p2pValues(params: LoraParams, bandwidth: "kHz" | "number"): readonly string[] {
    const { frequencyHz, spreadingFactor, bandwidthHz, codingRate, preambleSymbols, powerDbm } = params;
    const width = bandwidth === "kHz" ? bandwidthHz / 1000 : BANDWIDTHS_HZ.indexOf(bandwidthHz);
    return [frequencyHz, spreadingFactor, width, codingRate - 1, preambleSymbols, powerDbm].map(String);
}

/** The same bandwidth in kHz, whichever way the module says it. */
export function bandwidthText(said: string | undefined): string | undefined {
    const hz = BANDWIDTHS_HZ[Number(said)];
    return hz === undefined ? said : String(hz / 1000);
}
