import { isWithin } from "../at/dialect.ts";
import type { LoraParams } from "../modem.ts";

/** Longest command that the module takes, in characters with its line end. */
export const COMMAND_BYTES_MAX = 528;
export const SEND_HEAD = 'AT+TEST=TXLRPKT,"';
const SEND_TAIL = '"\r\n';

/** Largest packet that was seen to come through, in bytes; the command line would hold a little more. */
const PACKET_BYTES_SEEN = 250;

/** What one packet carries, in bytes: two characters each in the command, within what is known to work. */
export const FRAME_BYTES_MAX = Math.min(
    PACKET_BYTES_SEEN,
    Math.floor((COMMAND_BYTES_MAX - SEND_HEAD.length - SEND_TAIL.length) / 2),
);

/** The receiver's preamble is longer by so many symbols, as in the vendor's examples. */
const RECEIVE_PREAMBLE_MORE = 3;

/** What a module is set to. */
export interface LoraE5Settings {
    readonly params: LoraParams;
}

/** Everything that this module cannot do of what it is asked; empty when it can. */
export function loraE5SettingProblems({ params }: LoraE5Settings): readonly string[] {
    const { frequencyHz, spreadingFactor, bandwidthHz, codingRate, preambleSymbols, powerDbm } = params;
    const problems: string[] = [];
    const need = (holds: boolean, text: string): void => {
        if (!holds) problems.push(text);
    };
    need(isWithin(frequencyHz, 150_000_000, 960_000_000), "the frequency must be 150 to 960 MHz, in whole Hz");
    need(isWithin(spreadingFactor, 7, 12), "the spreading factor must be 7 to 12");
    need([125_000, 250_000, 500_000].includes(bandwidthHz), "the bandwidth must be 125, 250 or 500 kHz");
    need(codingRate === 1, "the coding rate must be 1: this module has no other in its test mode");
    need(isWithin(preambleSymbols, 4, 65_000), "the preamble must be 4 to 65000");
    need(isWithin(powerDbm, 0, 22), "the power must be 0 to 22 dBm");
    return problems;
}

/** The values of AT+TEST=RFCFG; packets have a CRC, no inverted IQ, and the sync word of private networks. */
export function rfConfigText({
    frequencyHz,
    spreadingFactor,
    bandwidthHz,
    preambleSymbols,
    powerDbm,
}: LoraParams): string {
    const preambles = `${preambleSymbols},${preambleSymbols + RECEIVE_PREAMBLE_MORE}`;
    return `${frequencyHz / 1e6},SF${spreadingFactor},${bandwidthHz / 1000},${preambles},${powerDbm},ON,OFF,OFF`;
}

/** Pattern of each value in the module's answer, and what it must be. */
export function rfConfigParts(params: LoraParams): readonly { name: string; pattern: RegExp; set: string }[] {
    const { frequencyHz, spreadingFactor, bandwidthHz, preambleSymbols, powerDbm } = params;
    return [
        { name: "the frequency", pattern: /\bF:(\d{1,10})\b/, set: String(frequencyHz) },
        { name: "the spreading factor", pattern: /\bSF(\d{1,2})\b/, set: String(spreadingFactor) },
        { name: "the bandwidth", pattern: /\bBW(\d{1,3})K\b/, set: String(bandwidthHz / 1000) },
        { name: "the preamble", pattern: /\bTXPR:(\d{1,5})\b/, set: String(preambleSymbols) },
        {
            name: "the preamble of the receiver",
            pattern: /\bRXPR:(\d{1,5})\b/,
            set: String(preambleSymbols + RECEIVE_PREAMBLE_MORE),
        },
        { name: "the power", pattern: /\bPOW:(-?\d{1,2})dBm\b/, set: String(powerDbm) },
        { name: "the CRC", pattern: /\bCRC:(\w{2,3})\b/, set: "ON" },
        { name: "the inverted IQ", pattern: /\bIQ:(\w{2,3})\b/, set: "OFF" },
        { name: "the public network", pattern: /\bNET:(\w{2,3})\b/, set: "OFF" },
    ];
}
