import type { Millis } from "../../base/time.ts";
import type { TransferEstimate } from "../../link/estimate.ts";
import type { LinkCount } from "../../link/link.ts";

/** What happens on the air, for logs, figures and the demo. */
export type AirEvent =
    | {
          readonly kind: "sent" | "heard";
          /** "chunk" only where this gateway sent it: what is heard does not tell. */
          readonly frame: "data" | "ack" | "control" | "chunk" | "other";
          readonly size: number;
          readonly airtimeMs: Millis;
          readonly rssiDbm: number | undefined;
          readonly snrDb: number | undefined;
      }
    | { readonly kind: "count"; readonly what: LinkCount }
    /** A parcel was taken for the first time: what it will cost if nothing is lost. */
    | { readonly kind: "estimate"; readonly messageId: string; readonly estimate: TransferEstimate }
    /** Another gateway of the same network has this one's number. */
    | { readonly kind: "namesake" };
