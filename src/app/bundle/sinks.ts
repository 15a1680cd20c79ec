import { err, ok, type Result } from "../../base/result.ts";
import type { Clock, UnixSeconds } from "../../base/time.ts";
import type { FrameSink } from "../../carriers/bundle/import.ts";
import { BUNDLE_TRAITS } from "../../carriers/bundle/traits.ts";
import type { Arrival } from "../../carriers/carrier.ts";
import type { FrameResult, MailboxClient } from "../../carriers/http/mailbox-client.ts";
import type { Depot } from "../../depot/store.ts";
import { ingest } from "../../relay/ingest.ts";
import type { RelayLimits } from "../../relay/limits.ts";

/** What a mailbox says when the same frame may be welcome a moment later. */
const LATER = /^(?:Rate limit exceeded|Gateway busy|Storage failed)/;
/** Between two tries of frames that a mailbox wants later, in milliseconds. */
const LATER_MS = 1_000;
/** Tries in a row that bring no frame further before the import gives up for now. */
const TRIES_MAX = 60;

/** Into a depot that no gateway uses. Its carriers get what came at their next start. */
export function depotSink(depot: Depot, limits: RelayLimits, now: () => UnixSeconds): FrameSink {
    const from = { id: "bundle", traits: BUNDLE_TRAITS };
    return async (frames) => {
        try {
            const works = frames.map((frame) =>
                depot.commit(() => ingest({ store: depot.store, now: now(), limits, ways: [], from }, frame)),
            );
            return ok(await Promise.all(works));
        } catch (cause) {
            return err(cause instanceof Error ? cause.message : String(cause));
        }
    };
}

/** Into a running gateway, at the pace of its mailbox. */
export function mailboxSink(client: MailboxClient, clock: Clock): FrameSink {
    return async (frames) => {
        const answers: (Arrival | undefined)[] = frames.map(() => undefined);
        for (let tries = 0; tries < TRIES_MAX; tries++) {
            if (tries > 0) await pause(clock, LATER_MS);
            const round = await submitOpen(client, frames, answers);
            if (!round.ok) return round;
            const done = answers.filter((answer) => answer !== undefined);
            if (done.length === frames.length) return ok(done);
            if (round.value > 0) tries = 0;
        }
        return err("The mailbox takes nothing more for now.");
    };
}

/** Submits the frames without an answer once. Returns how many have one now. */
async function submitOpen(
    client: MailboxClient,
    frames: readonly Uint8Array[],
    answers: (Arrival | undefined)[],
): Promise<Result<number, string>> {
    const open = [...answers.keys()].filter((index) => answers[index] === undefined);
    const results = await client.submit(open.flatMap((index) => frames[index] ?? []));
    if (!results.ok) return results.error.kind === "busy" ? ok(0) : err(results.error.detail);
    for (const [place, index] of open.entries()) answers[index] = arrivalOf(results.value[place], frames[index]);
    return ok(open.filter((index) => answers[index] !== undefined).length);
}

/** Undefined for a frame that should come again. */
function arrivalOf(result: FrameResult | undefined, frame: Uint8Array | undefined): Arrival | undefined {
    if (result?.status === "error") {
        if (LATER.test(result.error)) return undefined;
        return { kind: "refused", reason: "undecodable", text: result.error };
    }
    const isTombstone = frame?.[0] === 2;
    return { kind: result?.signature || isTombstone ? "stored" : "duplicate" };
}

function pause(clock: Clock, ms: number): Promise<void> {
    return new Promise((resolve) => void clock.schedule(clock.now().monotonic + ms, resolve));
}
