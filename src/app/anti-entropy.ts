import type { UnixSeconds } from "../base/time.ts";
import type { Depot } from "../depot/store.ts";
import { isComparable } from "../relay/comparable.ts";
import { decodeWirePayload } from "../wire/payload.ts";

/** Ids of one comparison; what is beyond waits until older ones expired. */
const IDS_MAX = 2 ** 20 - 1;
/** Rows read in one turn of the event loop. */
const ROWS_TOGETHER = 500;
/** Offers that one commit reopens. */
const REOFFERS_TOGETHER = 200;
/** Within this time after a peer's confirmation its silence about a message is believed to be a tombstone's, in seconds. */
const CONFIRMED_S = 3600;

/** The ids of all messages that are worth comparing with another Hearth's. Other work gets its turn in between. */
export async function comparableIds(depot: Depot, now: UnixSeconds): Promise<readonly Uint8Array[]> {
    const ids: Uint8Array[] = [];
    let after = 0;
    for (;;) {
        const rows = depot.store.liveMessages(after, now, ROWS_TOGETHER);
        for (const { row, payload } of rows) {
            after = row;
            const decoded = decodeWirePayload(payload);
            if (!decoded.ok || decoded.value.kind !== "message" || !isComparable(decoded.value.outer, now)) continue;
            ids.push(Uint8Array.from(decoded.value.outer.messageId));
            if (ids.length >= IDS_MAX) return ids;
        }
        if (rows.length < ROWS_TOGETHER) return ids;
        await new Promise((resolve) => setImmediate(resolve));
    }
}

/** Offers again to a peer what it turned out to lack. */
export async function reofferMissing(
    to: { readonly depot: Depot; readonly now: UnixSeconds; readonly carrier: string; readonly sends: boolean },
    missing: readonly Uint8Array[],
): Promise<void> {
    const { depot, now, carrier, sends } = to;
    if (!sends) return;
    const { store } = depot;
    for (let at = 0; at < missing.length; at += REOFFERS_TOGETHER) {
        const some = missing.slice(at, at + REOFFERS_TOGETHER);
        await depot
            .commit(() => {
                for (const messageId of some) {
                    const known = store.deliveries(messageId).find((each) => each.carrier === carrier);
                    const wasRefused = known?.outcome === "rejected";
                    const isFresh = known?.storedAt !== undefined && known.storedAt > now - CONFIRMED_S;
                    if (!wasRefused && !isFresh) store.reopenOffer({ kind: "message", messageId, carrier });
                }
            })
            .catch(() => undefined);
    }
}
