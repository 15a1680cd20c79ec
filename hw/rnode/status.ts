import type { KissFrame } from "../kiss/framing.ts";
import { COMMAND, numberOf, RSSI_OFFSET } from "./commands.ts";

/** What the firmware tells about itself and the channel without being asked, about once a second. */
export type RnodeStatus =
    | {
          readonly kind: "channel";
          /** Own transmissions, in percent of the last 15 s and of the last hour. */
          readonly airtimeShortPercent: number;
          readonly airtimeLongPercent: number;
          /** Everybody's, over the same times. */
          readonly loadShortPercent: number;
          readonly loadLongPercent: number;
          readonly rssiDbm: number;
          readonly noiseFloorDbm: number;
          /** Power of something that is no LoRa; undefined when there is none. */
          readonly interferenceDbm: number | undefined;
      }
    | {
          readonly kind: "physical";
          readonly symbolMs: number;
          readonly symbolsPerSecond: number;
          readonly preambleSymbols: number;
          readonly preambleMs: number;
          readonly csmaSlotMs: number;
          readonly csmaDifsMs: number;
      }
    | { readonly kind: "csma"; readonly band: number; readonly slotsMin: number; readonly slotsMax: number }
    | { readonly kind: "battery"; readonly state: number; readonly percent: number };

const NO_INTERFERENCE = 0xff;

/** Undefined for frames that are no status, and for those of another length than the firmware's. */
export function statusOf({ command, data }: KissFrame): RnodeStatus | undefined {
    const at = (index: number): number => numberOf(data.subarray(2 * index, 2 * index + 2));
    const byte = (index: number): number => data[index] ?? 0;
    if (command === COMMAND.channelStats && data.length === 11) {
        const interference = byte(10);
        return {
            kind: "channel",
            airtimeShortPercent: at(0) / 100,
            airtimeLongPercent: at(1) / 100,
            loadShortPercent: at(2) / 100,
            loadLongPercent: at(3) / 100,
            rssiDbm: byte(8) - RSSI_OFFSET,
            noiseFloorDbm: byte(9) - RSSI_OFFSET,
            interferenceDbm: interference === NO_INTERFERENCE ? undefined : interference - RSSI_OFFSET,
        };
    }
    if (command === COMMAND.physical && data.length === 12) {
        return {
            kind: "physical",
            symbolMs: at(0) / 1000,
            symbolsPerSecond: at(1),
            preambleSymbols: at(2),
            preambleMs: at(3),
            csmaSlotMs: at(4),
            csmaDifsMs: at(5),
        };
    }
    if (command === COMMAND.csma && data.length === 3)
        return { kind: "csma", band: byte(0), slotsMin: byte(1), slotsMax: byte(2) };
    if (command === COMMAND.battery && data.length === 2)
        return { kind: "battery", state: byte(0), percent: Math.min(100, byte(1)) };
    return undefined;
}
