import { AIR_BYTES_MAX, AIR_HEADER_BYTES } from "./lora.ts";

/** What the `Data` message adds around a payload: port number (3 from 128 on), payload tag, bitfield. */
const DATA_BYTES = 6;
const PORT_EXTRA_FROM = 128;
const LENGTH_EXTRA_FROM = 128;
/** Checksum and nonce of a unicast that is encrypted for one node. */
const PKI_BYTES = 12;
/** Signature with its tag and length, from firmware 2.8 on, where it fits. */
const SIGNATURE_BYTES = 66;

/** How packets go out: to everybody on a channel, or to one node under its public key. */
export type Cover = "channel" | "pki";

/** Facts of a mesh as data, in bytes of payload. */
export interface MeshTraits {
    /** Larger ones are refused with "too_large". */
    readonly broadcastSizeMax: number;
    readonly unicastSizeMax: number;
    /** A broadcast of at least this size never gets a signature; a smaller one does from firmware 2.8 on. */
    readonly unsignedBroadcastSizeMin: number;
    /** Whether this node's firmware signs the broadcasts that leave room for it. */
    readonly signsBroadcasts: boolean;
}

export function meshTraits(portNumber: number, firmware: string | undefined): MeshTraits {
    const room = AIR_BYTES_MAX - AIR_HEADER_BYTES - dataOverhead(portNumber, AIR_BYTES_MAX);
    return {
        broadcastSizeMax: room,
        unicastSizeMax: room - PKI_BYTES,
        unsignedBroadcastSizeMin: room - SIGNATURE_BYTES + 1,
        signsBroadcasts: signsBroadcasts(firmware),
    };
}

/** Bytes on the air for a payload of `size`, header, encryption and signature included. */
export function airBytes(options: {
    size: number;
    cover: Cover;
    portNumber: number;
    firmware: string | undefined;
}): number {
    const { size, cover, portNumber, firmware } = options;
    const bare = AIR_HEADER_BYTES + dataOverhead(portNumber, size) + size;
    if (cover === "pki") return bare + PKI_BYTES;
    const isSigned = signsBroadcasts(firmware) && bare + SIGNATURE_BYTES <= AIR_BYTES_MAX;
    return isSigned ? bare + SIGNATURE_BYTES : bare;
}

function dataOverhead(portNumber: number, size: number): number {
    return DATA_BYTES + (portNumber >= PORT_EXTRA_FROM ? 1 : 0) + (size >= LENGTH_EXTRA_FROM ? 1 : 0);
}

/** Firmware of unknown age counts as new: planning for a signature that does not come costs only airtime on paper. */
function signsBroadcasts(firmware: string | undefined): boolean {
    const [, major, minor] = /^(\d+)\.(\d+)/.exec(firmware ?? "") ?? [];
    if (major === undefined || minor === undefined) return true;
    return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 8);
}
