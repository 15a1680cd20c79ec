import type { Machine } from "../base/time.ts";

/**
 * The door of the link: whole payloads above, frames of one radio below. Everything behind it may change; the carrier
 * knows only these events and effects.
 */
export interface Link extends Machine<LinkEvent, LinkEffect> {
    /** What a next life of this link needs to go on where this one stopped. */
    snapshot(): Uint8Array;
}

export type LinkEvent =
    /** Bring `payload` to a neighbour. `offer` names it until the link answers `acknowledged`, `rejected` or `failed`. */
    | { readonly kind: "offer"; readonly offer: number; readonly payload: Uint8Array }
    /** Forget an offer; nothing more is said about it. */
    | { readonly kind: "withdraw"; readonly offer: number }
    /** A frame came from the air, of any content whatever. */
    | { readonly kind: "frame"; readonly bytes: Uint8Array }
    /** The answer to a `deliver`: durable here, refused for ever, or not now. Only `stored` may be acknowledged on the air. */
    | { readonly kind: "settled"; readonly delivery: number; readonly verdict: "stored" | "rejected" | "later" }
    /** The answer to a `transmit`. */
    | { readonly kind: "transmitted"; readonly sent: boolean }
    | { readonly kind: "tick" };

export type LinkEffect =
    /** Put one frame on the air, then say `transmitted`. The link asks for the next only after that answer. */
    | { readonly kind: "transmit"; readonly frame: Uint8Array; readonly purpose: "data" | "answer" }
    /** A whole payload arrived; say `settled` for it. */
    | { readonly kind: "deliver"; readonly delivery: number; readonly payload: Uint8Array }
    | { readonly kind: "acknowledged"; readonly offer: number; readonly framesSent: number }
    | { readonly kind: "rejected"; readonly offer: number }
    | { readonly kind: "failed"; readonly offer: number; readonly detail: string }
    /** The snapshot now holds something that would cost airtime to get again: keep it when convenient. */
    | { readonly kind: "keep" }
    /** Something worth counting: a frame of an unknown version, a damaged frame, an assembly given up. */
    | { readonly kind: "count"; readonly what: LinkCount };

export type LinkCount =
    | "frame_misfit"
    | "frame_stranger"
    | "frame_replayed"
    | "block_damaged"
    | "block_refused"
    | "frame_damaged"
    | "frame_unknown"
    | "frame_own"
    | "assembly_evicted"
    | "assembly_expired"
    | "assembly_damaged";
