import { openDepot } from "../../src/depot/sqlite/depot.ts";
import type { Depot } from "../../src/depot/store.ts";
import { decodeWirePayload } from "../../src/wire/payload.ts";

/** The real depot, as the gateway opens it; notices are kept for the test. */
export function openTestDepot(directory: string, notices: string[] = []): Promise<Depot> {
    return openDepot({
        directory,
        decodes: (payload) => decodeWirePayload(payload).ok,
        onNotice: (text) => notices.push(text),
    });
}
