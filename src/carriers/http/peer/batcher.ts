import { toHex } from "../../../base/encoding.ts";
import type { Clock, Millis } from "../../../base/time.ts";
import { decodeWirePayload } from "../../../wire/payload.ts";
import type { Parcel, SendOutcome } from "../../carrier.ts";
import type { MailboxClientError } from "../client-http.ts";
import { BODY_SIZE_MAX, FRAMES_MAX, type FrameResult, type MailboxClient } from "../mailbox-client.ts";
import { shownBy } from "./shown.ts";
import { type Proof, verdictOf } from "./verdict.ts";

/** Requests under way at once. */
const REQUESTS_MAX = 2;
/** Parcels that are queued or under way at once, at most. */
export const PARCELS_MAX = REQUESTS_MAX * FRAMES_MAX;
/** Mailboxes of the peer that are looked into after one batch. */
const LOOKS_MAX = 8;
const BUSY_MS = 1_000;
/** Longest wait that a peer can ask for, in milliseconds. */
const BUSY_MS_MAX = 600_000;

export interface BatcherOptions {
    readonly client: Pick<MailboxClient, "submit" | "fetchPage">;
    readonly clock: Clock;
    readonly proof: Proof;
    readonly onFailure: (error: MailboxClientError) => void;
    readonly onSuccess: () => void;
}

interface Job {
    readonly parcel: Parcel;
    readonly signal: AbortSignal;
    readonly settle: (outcome: SendOutcome) => void;
}

/** Sends parcels to one peer, as many together as come together, and judges each by the peer's answer. */
export class Batcher {
    readonly #options: BatcherOptions;
    readonly #waiting: Job[] = [];
    #requests = 0;
    /** Frames of one request: fewer once the peer said that so many are too many. */
    #framesMax = FRAMES_MAX;
    #scheduled = false;

    constructor(options: BatcherOptions) {
        this.#options = options;
    }

    send(parcel: Parcel, signal: AbortSignal): Promise<SendOutcome> {
        return new Promise((resolve) => {
            const aborted = (): void => resolve({ kind: "failed", detail: "called back" });
            if (signal.aborted) return aborted();
            signal.addEventListener("abort", aborted, { once: true });
            const settle = (outcome: SendOutcome): void => {
                signal.removeEventListener("abort", aborted);
                resolve(outcome);
            };
            this.#waiting.push({ parcel, signal, settle });
            this.#pump();
        });
    }

    /** Answers all that waits; what is under way settles by itself. */
    stop(): void {
        for (const { settle } of this.#waiting.splice(0)) settle({ kind: "failed", detail: "stopped" });
    }

    #pump(): void {
        if (this.#scheduled) return;
        this.#scheduled = true;
        // Whatever is handed over in this turn goes together.
        queueMicrotask(() => {
            this.#scheduled = false;
            while (this.#requests < REQUESTS_MAX && this.#waiting.length > 0) void this.#run(this.#take());
        });
    }

    #take(): readonly Job[] {
        const batch: Job[] = [];
        let size = 4;
        for (let job = this.#waiting[0]; job && batch.length < this.#framesMax; job = this.#waiting[0]) {
            size += 4 + job.parcel.payload.length;
            if (batch.length > 0 && size > BODY_SIZE_MAX) break;
            this.#waiting.shift();
            if (!job.signal.aborted) batch.push(job);
        }
        return batch;
    }

    async #run(batch: readonly Job[]): Promise<void> {
        this.#requests++;
        try {
            await this.#post(batch);
        } finally {
            this.#requests--;
            this.#pump();
        }
    }

    async #post(batch: readonly Job[]): Promise<void> {
        if (batch.length === 0) return;
        const reply = await this.#options.client.submit(batch.map(({ parcel }) => parcel.payload));
        if (reply.ok) return await this.#judge(batch, reply.value);
        const tooMuch = reply.error.status === 413 || reply.error.status === 400;
        if (tooMuch && batch.length > 1) return await this.#halve(batch);
        if (!tooMuch) this.#options.onFailure(reply.error);
        for (const { settle } of batch) settle(this.#refused(reply.error));
    }

    async #judge(batch: readonly Job[], results: readonly FrameResult[]): Promise<void> {
        const { proof, onFailure, onSuccess } = this.#options;
        const unproven: Job[] = [];
        let forged = 0;
        for (const [index, job] of batch.entries()) {
            const verdict = verdictOf(proof, job.parcel, results[index] ?? { status: "error", error: "" });
            if (verdict.kind === "unproven") unproven.push(job);
            else if (verdict.kind === "forged") {
                forged++;
                job.settle({ kind: "failed", detail: "the receipt is not signed by the peer's key" });
            } else job.settle(verdict);
        }
        if (forged > 0) onFailure({ kind: "protocol", detail: `${forged} receipts are not signed by the peer's key` });
        else onSuccess();
        if (unproven.length > 0) await this.#look(unproven);
    }

    async #halve(batch: readonly Job[]): Promise<void> {
        const half = Math.ceil(batch.length / 2);
        this.#framesMax = Math.min(this.#framesMax, half);
        await this.#post(batch.slice(0, half));
        await this.#post(batch.slice(half));
    }

    #refused({ kind, status, detail, retryAfterS }: MailboxClientError): SendOutcome {
        if (status === 413) return { kind: "rejected", detail };
        if (kind !== "busy") return { kind: "failed", detail };
        const waitMs: Millis = Math.min(BUSY_MS_MAX, Math.max(BUSY_MS, (retryAfterS ?? 1) * 1_000));
        return { kind: "failed", detail, notBefore: this.#options.clock.now().monotonic + waitMs };
    }

    /** A peer that says "ok" without a receipt may have had it already: then its mailbox shows it. */
    async #look(jobs: readonly Job[]): Promise<void> {
        const byMailbox = Map.groupBy(jobs, ({ parcel }) => mailboxOf(parcel));
        let looks = 0;
        for (const [mailbox, group] of byMailbox) {
            const wanted = new Set(group.map(({ parcel }) => parcel.messageId));
            const shown = looks++ < LOOKS_MAX ? await shownBy(this.#options.client, mailbox, wanted) : new Set();
            for (const { parcel, settle } of group) {
                if (shown.has(parcel.messageId)) settle({ kind: "peer_stored" });
                else settle({ kind: "failed", detail: "accepted without a receipt, and its mailbox does not show it" });
            }
        }
    }
}

/** The routing key in hex; "" for what is no message. */
function mailboxOf({ payload }: Parcel): string {
    const decoded = decodeWirePayload(payload);
    if (!decoded.ok || decoded.value.kind !== "message") return "";
    return toHex(decoded.value.outer.routingKey);
}
