import { concatBytes } from "../../base/bytes.ts";
import type { UnixSeconds } from "../../base/time.ts";
import { BUNDLE_TRAITS } from "../../carriers/bundle/traits.ts";
import type { Arrival } from "../../carriers/carrier.ts";
import type { EmberNodeDatabase, EmberRow } from "../../depot/sqlite/ember-node.ts";
import type { Depot } from "../../depot/store.ts";
import { ingest } from "../../relay/ingest.ts";
import type { RelayLimits } from "../../relay/limits.ts";

/** Rows of one step; they share a sync. */
const ROWS_TOGETHER_MAX = 200;
const MESSAGE = Uint8Array.of(0);

export interface EmberImport {
    readonly from: EmberNodeDatabase;
    readonly depot: Depot;
    readonly limits: RelayLimits;
    readonly now: UnixSeconds;
    readonly onProgress: (rows: number) => void;
}

export interface EmberImportCounts {
    readonly stored: number;
    readonly duplicates: number;
    readonly expired: number;
    /** By what was said about them. */
    readonly refused: ReadonlyMap<string, number>;
}

/** Takes over what lives, with the times it has left. What is here already is known by its message id. */
export async function importEmberRows({
    from,
    depot,
    limits,
    now,
    onProgress,
}: EmberImport): Promise<EmberImportCounts> {
    const refused = new Map<string, number>();
    let [stored, duplicates, expired, seen, last] = [0, 0, 0, 0, 0];
    for (;;) {
        const rows = from.after(last, ROWS_TOGETHER_MAX);
        if (rows.length === 0) return { stored, duplicates, expired, refused };
        const live = rows.filter(({ expiresAt }) => expiresAt > now);
        expired += rows.length - live.length;
        const works = live.map((row) => depot.commit(() => take(depot, limits, row, now)));
        for (const arrival of await Promise.all(works)) {
            if (arrival.kind === "stored") stored++;
            else if (arrival.kind === "duplicate") duplicates++;
            else refused.set(arrival.text, (refused.get(arrival.text) ?? 0) + 1);
        }
        seen += rows.length;
        last = rows.at(-1)?.id ?? last;
        onProgress(seen);
    }
}

function take(depot: Depot, limits: RelayLimits, row: EmberRow, now: UnixSeconds): Arrival {
    const payload = concatBytes(MESSAGE, row.envelope);
    const way = { id: "bundle", traits: BUNDLE_TRAITS };
    const receivedAt = Math.min(row.createdAt, now);
    // As if it had come when it came to Ember: the times to live of both count from then.
    const ttlDefaultS = row.expiresAt - receivedAt;
    return ingest(
        { store: depot.store, now: receivedAt, limits: { ...limits, ttlDefaultS }, ways: [], from: way },
        payload,
    );
}
