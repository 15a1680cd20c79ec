import type { Clock, Millis, UnixSeconds } from "../../../base/time.ts";
import type { Carrier, CarrierHandlers, CarrierTraits, DeliveryTraits, Parcel, SendOutcome } from "../../carrier.ts";
import type { MailboxClientError } from "../client-http.ts";
import { FETCHABLE_SIZE_MAX } from "../limits.ts";
import type { MailboxClient } from "../mailbox-client.ts";
import { Batcher, PARCELS_MAX } from "./batcher.ts";
import { Breaker, FAILURES_MAX } from "./breaker.ts";
import { type Cursors, Fetcher } from "./fetcher.ts";
import { type MeetingParts, Meetings } from "./meetings.ts";
import type { Proof } from "./verdict.ts";

export interface PeerOptions {
    readonly id: string;
    readonly client: MailboxClient;
    readonly clock: Clock;
    readonly wall: () => UnixSeconds;
    /** A number from 0 up to 1. */
    readonly chance: () => number;
    readonly proof: Proof;
    /** False: nothing is sent there. */
    readonly sends: boolean;
    readonly delivery: DeliveryTraits;
    /** Mailboxes of the peer that are read here. */
    readonly fetch?:
        | { readonly routingKeys: readonly Uint8Array[]; readonly cursors: Cursors; readonly everyMs: Millis }
        | undefined;
    /** What is held is compared with another Hearth's from time to time. */
    readonly meetings?: MeetingParts | undefined;
}

/** One HTTP mailbox somewhere else, Ember's or Hearth's: gives what is stored here to it, and fetches from it. */
export function makePeer(options: PeerOptions): Carrier {
    return new Peer(options);
}

class Peer implements Carrier {
    readonly id: string;
    readonly traits: CarrierTraits;
    readonly #options: PeerOptions;
    readonly #batcher: Batcher;
    readonly #breaker = new Breaker();
    #fetcher: Fetcher | undefined;
    #meetings: Meetings | undefined;
    #handlers: CarrierHandlers | undefined;
    #cancelProbe: (() => void) | undefined;
    #isUp = false;

    constructor(options: PeerOptions) {
        this.id = options.id;
        this.#options = options;
        this.traits = {
            offers: options.sends,
            payloadSizeMax: FETCHABLE_SIZE_MAX,
            inFlightMax: PARCELS_MAX,
            unknownTombstone: "refuse",
            // A replica that missed a tombstone would bring the dead back for ever.
            revives: false,
            isInternet: true,
            delivery: options.delivery,
        };
        const { client, clock, proof } = options;
        this.#batcher = new Batcher({
            client,
            clock,
            proof,
            onFailure: (error) => this.#failed(error),
            onSuccess: () => this.#breaker.succeeded(),
        });
    }

    async start(handlers: CarrierHandlers): Promise<void> {
        this.#handlers = handlers;
        const { client, clock, wall, fetch, meetings } = this.#options;
        const onFailure = (error: MailboxClientError): void => this.#failed(error);
        if (fetch) {
            const onPayload = (payload: Uint8Array) => handlers.onPayload(payload);
            this.#fetcher = new Fetcher({ ...fetch, client, clock, wall, onPayload, onFailure });
        }
        if (meetings) this.#meetings = new Meetings({ ...meetings, client, clock, handlers, onFailure });
        handlers.onState({ kind: "starting" });
        void this.#probe();
    }

    send(parcel: Parcel, signal: AbortSignal): Promise<SendOutcome> {
        return this.#batcher.send(parcel, signal);
    }

    async stop(): Promise<void> {
        this.#handlers = undefined;
        this.#cancelProbe?.();
        this.#batcher.stop();
        await Promise.all([this.#fetcher?.stop(), this.#meetings?.stop()]);
    }

    /** Health needs no login and has no rate limit, so it may be asked at any time. */
    async #probe(): Promise<void> {
        const healthy = await this.#options.client.health();
        if (!this.#handlers) return;
        if (!healthy.ok) {
            this.#failed(healthy.error, FAILURES_MAX);
            return;
        }
        this.#isUp = true;
        this.#handlers.onState({ kind: "up", detail: "healthy" });
        this.#fetcher?.resume();
        this.#meetings?.resume();
    }

    #failed(error: MailboxClientError, weight = 1): void {
        // A peer that is busy is alive.
        if (error.kind === "busy" && weight === 1) return;
        const isHopeless = error.kind === "unauthorized" || error.kind === "bad_url";
        const restMs = this.#breaker.failed(this.#options.chance(), isHopeless ? FAILURES_MAX : weight);
        if (restMs === undefined || !this.#handlers) return;
        if (weight === 1 && !this.#isUp) return;
        this.#isUp = false;
        this.#fetcher?.pause();
        this.#meetings?.pause();
        this.#handlers.onState({ kind: "down", reason: error.detail });
        const { clock } = this.#options;
        this.#cancelProbe?.();
        this.#cancelProbe = clock.schedule(clock.now().monotonic + restMs, () => void this.#probe());
    }
}
