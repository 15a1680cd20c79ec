import { equalBytes } from "../../base/bytes.ts";
import { fromHex } from "../../base/encoding.ts";
import type { Result } from "../../base/result.ts";
import type { Millis, UnixSeconds } from "../../base/time.ts";
import { ackHashOf } from "../../crypto/ack.ts";
import { decodeWirePayload } from "../../wire/payload.ts";
import type { Address, LanCallError, LanCalls, LanFrameResult } from "./lan-http.ts";
import type { Peer, PeerTable } from "./peers.ts";

/** Frames and bytes of one body that Ember's embedded server takes (SPEC section 16). */
const FRAMES_MAX = 10;
const BODY_BYTES_MAX = 480 * 1024;

/** The mailboxes as this carrier reads them; the depot's reader fits. */
export interface LanMailbox {
    page(query: {
        readonly routingKey: Uint8Array;
        readonly after: number;
        readonly limit: number;
        readonly now: UnixSeconds;
    }): readonly { readonly row: number; readonly payload: Uint8Array }[];
}

export interface DeliveryParts {
    readonly mailbox: LanMailbox;
    readonly calls: LanCalls;
    readonly peers: PeerTable;
    readonly wall: () => UnixSeconds;
    readonly now: () => Millis;
}

type Row = ReturnType<LanMailbox["page"]>[number];

/** What one result says about its row: go on behind it, or stop before it and why. */
type Verdict =
    | { readonly kind: "passed"; readonly proven: boolean }
    | { readonly kind: "stopped"; readonly why: "failure" | "distrust" };

/**
 * Hands a peer the next messages of its mailbox. Nothing is removed here: only the recipient's tombstone does that.
 * Returns how many it took.
 */
export async function deliver({ mailbox, calls, peers, wall, now }: DeliveryParts, peer: Peer): Promise<number> {
    const { id, routingKey } = peer.sighting;
    const key = fromHex(routingKey) ?? new Uint8Array(0);
    const rows = fitting(mailbox.page({ routingKey: key, after: peer.cursor, limit: FRAMES_MAX, now: wall() }));
    const [first] = rows;
    if (!first) return 0;
    if (first.payload.length > BODY_BYTES_MAX) {
        peers.succeeded(id, { cursor: first.row });
        return 0;
    }
    const frames = rows.map(({ payload }) => payload);
    const answer = await overAnyAddress(peer, (address) => calls.submit(address, frames));
    if (!answer.ok) {
        peers.failed(id, answer.error.isBusy ? "busy" : "failure", now());
        return 0;
    }
    return settle(peers, peer, rows, answer.value, now());
}

function settle(
    peers: PeerTable,
    peer: Peer,
    rows: readonly Row[],
    results: readonly LanFrameResult[],
    now: Millis,
): number {
    const { id } = peer.sighting;
    let taken = 0;
    let proven = peer.trust === "verified" || peer.trust === "proven";
    let stopped: "failure" | "distrust" | undefined;
    for (const [index, row] of rows.entries()) {
        const verdict = verdictOf(row.payload, results[index]);
        if (verdict.kind === "stopped") {
            stopped = verdict.why;
            break;
        }
        taken++;
        proven ||= verdict.proven;
        peers.succeeded(id, { cursor: row.row, proven: verdict.proven });
    }
    if (stopped) peers.failed(id, stopped, now);
    // Nobody knows who took these: perhaps the right one, who had them already. Slowly on.
    else if (!proven) peers.failed(id, "busy", now);
    return taken;
}

/** An acknowledgment secret that opens the envelope's hash comes from nobody but its recipient (SPEC section 9). */
function verdictOf(payload: Uint8Array, result: LanFrameResult | undefined): Verdict {
    if (result?.status === "ok") {
        const decoded = decodeWirePayload(payload);
        const ackHash = decoded.ok && decoded.value.kind === "message" ? decoded.value.outer.ackHash : undefined;
        const { ackSecret } = result;
        const opens = ackHash !== undefined && ackSecret?.length === 16 && equalBytes(ackHashOf(ackSecret), ackHash);
        return { kind: "passed", proven: opens };
    }
    const error = result?.error ?? "";
    if (error.startsWith("Routing key mismatch")) return { kind: "stopped", why: "distrust" };
    const isHopeless = error.startsWith("Invalid message format") || error.startsWith("Failed to decode");
    return isHopeless ? { kind: "passed", proven: false } : { kind: "stopped", why: "failure" };
}

function fitting(rows: readonly Row[]): readonly Row[] {
    let bytes = 0;
    return rows.filter(({ payload }, index) => {
        bytes += 4 + payload.length;
        return index === 0 || bytes <= BODY_BYTES_MAX;
    });
}

/** The first address that answers at all; each has the whole time-out, and there are few. */
export async function overAnyAddress<T>(
    { sighting }: Peer,
    call: (address: Address) => Promise<Result<T, LanCallError>>,
): Promise<Result<T, LanCallError>> {
    let last: Result<T, LanCallError> = { ok: false, error: { text: "no address", isBusy: false } };
    for (const host of sighting.addresses) {
        last = await call({ host, port: sighting.port });
        if (last.ok || last.error.isBusy) return last;
    }
    return last;
}
