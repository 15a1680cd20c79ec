import type { DeviceReport } from "./messages.ts";
import type { MeshNode } from "./node-table.ts";
import type { SendResult } from "./outbox.ts";

export type MeshState =
    | { readonly kind: "up"; readonly detail: string }
    /** The node is there and hears, but may not transmit before its owner changes something. */
    | { readonly kind: "muted"; readonly detail: string }
    | {
          readonly kind: "down";
          readonly cause: "unplugged" | "silent" | "restarted" | "stopped";
          readonly detail: string;
      };

export interface SendRequest {
    readonly to: number | "everybody";
    readonly bytes: Uint8Array;
    /** Index of one of the node's channels; 0 unless said. Firmware prefers the peer's public key for unicasts. */
    readonly channel?: number;
    /** True: refuse rather than fall back to the channel's key. */
    readonly pki?: boolean;
    /** Firmware sends up to three times, and the result tells whether the addressee has it. */
    readonly wantAck?: boolean;
    /** At most 7; what the node's owner has set unless said. 0 reaches direct neighbours only. */
    readonly hopLimit?: number;
    /** "background" unless said: text messages of the owner go first. */
    readonly priority?: "background" | "default";
}

/** How a packet came. */
export interface Arrival {
    readonly id: number;
    readonly isBroadcast: boolean;
    readonly rssiDbm: number | undefined;
    readonly snrDb: number | undefined;
    /** 0 came directly; undefined when the sender's firmware does not tell. */
    readonly hops: number | undefined;
    readonly viaMqtt: boolean;
    /** Index of the channel it came on; 0 for `pki`. */
    readonly channel: number;
    readonly pki: boolean;
}

export type SessionEvent =
    | { readonly kind: "start" | "opened" | "tick" | "stop" }
    | { readonly kind: "closed"; readonly detail: string }
    | { readonly kind: "packet"; readonly bytes: Uint8Array }
    | { readonly kind: "send"; readonly token: number; readonly request: SendRequest };

export type SessionEffect =
    | { readonly kind: "open" | "close" }
    | { readonly kind: "write"; readonly bytes: Uint8Array }
    | { readonly kind: "settle"; readonly token: number; readonly result: SendResult }
    | { readonly kind: "packet"; readonly from: number; readonly bytes: Uint8Array; readonly about: Arrival }
    | { readonly kind: "state"; readonly state: MeshState }
    | { readonly kind: "node"; readonly node: MeshNode }
    | { readonly kind: "metrics"; readonly report: DeviceReport }
    /** Somebody on the mesh raised an alarm. */
    | { readonly kind: "alert"; readonly from: number }
    /** Something that the node wants its people to read. */
    | { readonly kind: "notice"; readonly text: string };
