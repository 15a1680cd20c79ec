import type { LoraSettings } from "../../../hw/meshtastic/lora.ts";
import type { Millis } from "../../base/time.ts";
import { loraAirtimeMs } from "../../link/airtime.ts";
import { MESH_PARAMS } from "./share-law.ts";

/** LONG_FAST, on which most meshes are: what a node is taken for until it has told. */
const UNKNOWN = { spreadingFactor: 11, bandwidthHz: 250_000, codingRate: 1 };

/** Bytes around a payload on the air, for that time. */
const AROUND = 36;

/** Hops of a mesh that has told nothing yet. */
const HOPS_UNKNOWN = 3;

/** Firmware's slots: symbols of channel activity detection, and turning around in milliseconds. */
const SLOT_SYMBOLS = 2.25;
const SLOT_TURNAROUND_MS = 7.6;

/** What a relay waits before it passes a packet on, in slots: 16 for the senders' window and half of its own at 6 dB. */
const RELAY_SLOTS = 16 + 64;

/** What the first sender waits in the mean. */
const SENDER_SLOTS = 4;

export function airtimeUnknownMs(size: number): Millis {
    return loraAirtimeMs({ ...MESH_PARAMS, ...UNKNOWN }, size + AROUND);
}

/**
 * From the hand-over of a packet until the farthest gateway has it. With several relays the sender waits for all of it:
 * a second packet would meet the first one's copy at the relay between them, as neither end hears the other.
 */
export function crossingMs(airtimeMs: Millis, hops: number | undefined, lora: LoraSettings | undefined): Millis {
    const { spreadingFactor, bandwidthHz } = lora?.modulation ?? UNKNOWN;
    const slotMs = (SLOT_SYMBOLS * 2 ** spreadingFactor * 1000) / bandwidthHz + SLOT_TURNAROUND_MS;
    const relays = hops ?? lora?.hopLimit ?? HOPS_UNKNOWN;
    return airtimeMs * (relays + 1) + slotMs * (SENDER_SLOTS + RELAY_SLOTS * relays);
}
