import { toBinary } from "@bufbuild/protobuf";
import { Mesh } from "@meshtastic/protobufs";
import { AIR_BYTES_MAX, AIR_HEADER_BYTES } from "../lora.ts";

const PKI_BYTES = 12;
const SIGNATURE_BYTES = 66;

/** What a packet is locked with. The emulated air carries it open; only who has the key looks inside. */
export type Lock =
    | { readonly kind: "channel"; readonly name: string; readonly key: string }
    | { readonly kind: "pki"; readonly receiverKey: string };

/** A packet on the air. */
export interface AirFrame {
    readonly from: number;
    readonly to: number;
    readonly id: number;
    readonly hopLimit: number;
    readonly hopStart: number;
    readonly wantAck: boolean;
    readonly viaMqtt: boolean;
    /** Last byte of the number of the node that sent this copy. */
    readonly relayNode: number;
    readonly lock: Lock;
    readonly data: Mesh.Data;
    readonly isSigned: boolean;
    /** Header, locked content and signature, as they would be sent. */
    readonly airBytes: number;
}

export type Sizing = { readonly airBytes: number; readonly isSigned: boolean } | "too_large";

/** How long `data` gets on the air: firmware signs a broadcast whenever there is room for it, if it signs at all. */
export function sizeOnAir(data: Mesh.Data, options: { readonly isPki: boolean; readonly maySign: boolean }): Sizing {
    const bare = AIR_HEADER_BYTES + toBinary(Mesh.DataSchema, data).length;
    const isSigned = options.maySign && !options.isPki && bare + SIGNATURE_BYTES <= AIR_BYTES_MAX;
    const airBytes = bare + (options.isPki ? PKI_BYTES : 0) + (isSigned ? SIGNATURE_BYTES : 0);
    return airBytes > AIR_BYTES_MAX ? "too_large" : { airBytes, isSigned };
}
