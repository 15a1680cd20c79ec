import { fromBase64, toBase64 } from "../../../base/encoding.ts";
import { err, ok, type Result } from "../../../base/result.ts";
import type { Clock, Entropy, Millis } from "../../../base/time.ts";
import { halfSipHash } from "../../../link/sketch/half-siphash.ts";
import { makeReconciler, type Reconciler } from "../../../link/sketch/reconciler.ts";
import type { CarrierHandlers } from "../../carrier.ts";
import { failed, type MailboxClientError } from "../client-http.ts";
import type { MailboxClient } from "../mailbox-client.ts";
import { MEETING_PATH, meetingSalt, NONCE_SIZE } from "./meeting-salt.ts";

/** What the comparison of two depots needs of this one. */
export interface MeetingParts {
    readonly everyMs: Millis;
    readonly entropy: Entropy;
    /** The ids, 16 bytes each, of all that is worth comparing. */
    ids(): Promise<readonly Uint8Array[]>;
    /** The peer lacks these: they are to be offered to it again. */
    reoffer(messageIds: readonly Uint8Array[]): Promise<void>;
}

/** Requests of one meeting, and of what is given after it. */
const TURNS_MAX = 4_096;
const GIVES_MAX = 100_000;
/** Ids that a peer can lack, repeated ones included. */
const MISSING_MAX = 2 ** 20;
/** After a meeting that found only a part, the next follows this soon, in milliseconds. */
const AGAIN_MS = 1_000;
/** A peer that does not know the route is asked again after this long, in milliseconds. */
const NOT_HEARTH_MS = 6 * 3_600_000;

export interface MeetingsOptions extends MeetingParts {
    readonly client: Pick<MailboxClient, "ask">;
    readonly clock: Clock;
    readonly handlers: CarrierHandlers;
    readonly onFailure: (error: MailboxClientError) => void;
}

/** Compares what is held here and at another Hearth, and evens it out both ways (docs/mailbox.md). */
export class Meetings {
    readonly #options: MeetingsOptions;
    #cancel: (() => void) | undefined;
    #running: Promise<void> | undefined;
    #paused = true;

    constructor(options: MeetingsOptions) {
        this.#options = options;
    }

    resume(): void {
        if (!this.#paused) return;
        this.#paused = false;
        this.#begin();
    }

    pause(): void {
        this.#paused = true;
        this.#cancel?.();
    }

    async stop(): Promise<void> {
        this.pause();
        await this.#running;
    }

    #begin(): void {
        const { clock } = this.#options;
        this.#running ??= this.#meet().then((waitMs) => {
            this.#running = undefined;
            if (!this.#paused) this.#cancel = clock.schedule(clock.now().monotonic + waitMs, () => this.#begin());
        });
    }

    async #meet(): Promise<Millis> {
        const { everyMs, onFailure } = this.#options;
        const met = await this.#compare();
        if (met.ok) return met.value === "partial" ? AGAIN_MS : everyMs;
        const { status, retryAfterS } = met.error;
        // Ember's node answers 404; 403 is a Hearth that does not know us.
        if (status === 404 || status === 405 || status === 403) return NOT_HEARTH_MS;
        onFailure(met.error);
        return Math.max(everyMs, (retryAfterS ?? 0) * 1_000);
    }

    async #compare(): Promise<Result<"complete" | "partial", MailboxClientError>> {
        const { client, entropy } = this.#options;
        const nonce = new Uint8Array(NONCE_SIZE);
        entropy.fill(nonce);
        const begun = await client.ask(MEETING_PATH, { begin: toBase64(nonce) });
        if (!begun.ok) return begun;
        const { session, nonce: theirs } = begun.value;
        const answer = typeof theirs === "string" ? fromBase64(theirs) : undefined;
        if (typeof session !== "string" || answer?.length !== NONCE_SIZE) return err(NONSENSE);
        const ids = await this.#options.ids();
        const reconciler = makeReconciler({ ids, salt: meetingSalt(nonce, answer), hash: halfSipHash });
        const talked = await this.#talk(session, reconciler);
        if (!talked.ok) return talked;
        const { missingThere, outcome } = talked.value;
        if (missingThere.length > 0) {
            await this.#options.reoffer(missingThere);
            // Wakes whoever brings them out.
            this.#options.handlers.onState({ kind: "up", detail: `lacked ${missingThere.length} messages` });
        }
        const taken = await this.#take(session);
        return taken.ok ? ok(outcome) : taken;
    }

    async #talk(session: string, reconciler: Reconciler): Promise<Result<Talk, MailboxClientError>> {
        const missingThere: Uint8Array[] = [];
        let outcome: Talk["outcome"] | undefined;
        let say = reconciler.start();
        for (let turns = 0; say.length > 0 && turns < TURNS_MAX && !this.#paused; turns++) {
            const heard = await this.#options.client.ask(MEETING_PATH, { session, say: say.map(toBase64) });
            if (!heard.ok) return heard;
            const replies = bytesList(heard.value["say"]);
            if (!replies) return err(NONSENSE);
            const steps = replies.map((bytes) => reconciler.handle(bytes));
            for (const step of steps) {
                for (const id of step.missingThere) missingThere.push(id);
                outcome = step.outcome ?? outcome;
            }
            if (missingThere.length > MISSING_MAX) return err(NONSENSE);
            say = steps.flatMap((step) => step.replies);
        }
        return ok({ missingThere, outcome: outcome ?? "partial" });
    }

    /** Fetches what the other end found missing here. */
    async #take(session: string): Promise<Result<undefined, MailboxClientError>> {
        const { client, handlers } = this.#options;
        let from = 0;
        for (let gives = 0; gives < GIVES_MAX && !this.#paused; gives++) {
            const given = await client.ask(MEETING_PATH, { session, give: from });
            if (!given.ok) return given;
            const { next, more } = given.value;
            const payloads = bytesList(given.value["payloads"]);
            if (!payloads || !Number.isSafeInteger(next) || typeof more !== "boolean") return err(NONSENSE);
            await Promise.all(payloads.map((payload) => handlers.onPayload(payload)));
            if (!more) break;
            if (Number(next) <= from) return err(NONSENSE);
            from = Number(next);
        }
        return ok(undefined);
    }
}

interface Talk {
    readonly missingThere: readonly Uint8Array[];
    readonly outcome: "complete" | "partial";
}

const NONSENSE = failed("protocol", "The peer's part of a meeting makes no sense");

function bytesList(value: unknown): readonly Uint8Array[] | undefined {
    if (!Array.isArray(value)) return undefined;
    const list = value.map((each) => (typeof each === "string" ? fromBase64(each) : undefined));
    const known = list.filter((each) => each !== undefined);
    return known.length === list.length ? known : undefined;
}
