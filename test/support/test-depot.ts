import { openDepot } from "../../src/depot/sqlite/depot.ts";
import type { Depot } from "../../src/depot/store.ts";
import { decodeWirePayload } from "../../src/wire/payload.ts";

/**
 * The real depot, as the gateway opens it; notices are kept for the test. Only the sync is not real: a disk that others
 * keep busy would decide how many turns of the event loop a commit takes. Durability has tests of its own.
 */
export function openTestDepot(directory: string, notices: string[] = []): Promise<Depot> {
    return openDepot({
        directory,
        decodes: (payload) => decodeWirePayload(payload).ok,
        onNotice: (text) => notices.push(text),
        sync: () => new Promise((resolve) => setImmediate(resolve)),
    });
}
