import type { Arrival } from "../carrier.ts";

/** What the air is told about a payload that arrived. */
export function verdictOf(arrival: Arrival): "stored" | "rejected" | "later" {
    if (arrival.kind !== "refused") return "stored";
    switch (arrival.reason) {
        case "mailbox_full":
        case "storage":
        case "busy":
            return "later";
        case "undecodable":
        case "too_large":
        case "conflict":
        case "wrong_secret":
        case "unknown_message":
            return "rejected";
    }
}
