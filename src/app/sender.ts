import { toHex } from "../base/encoding.ts";
import type { Clock, Millis, UnixSeconds } from "../base/time.ts";
import type { Carrier, CarrierState, Parcel, SendOutcome } from "../carriers/carrier.ts";
import type { Depot, Offer } from "../depot/store.ts";
import { type DeliveryRules, type Settled, settleOffer } from "../relay/delivery.ts";
import { offeredPayload } from "../relay/offers.ts";

/** While something is under way and a slot is free, deferred offers are looked at this often, in milliseconds. */
const RECHECK_MS = 1_000;

/** After the depot refused to write down an outcome, the next try waits this long, in milliseconds. */
const DEPOT_PAUSE_MS = 5_000;

export interface SenderParts {
    readonly depot: Depot;
    readonly carrier: Carrier;
    readonly clock: Clock;
    /** The wall clock as the gateway believes it. */
    readonly wall: () => UnixSeconds;
    readonly rules: DeliveryRules;
    readonly onSettled: (parcel: Parcel, outcome: SendOutcome, settled: Settled | undefined) => void;
}

/** Brings the offers of one carrier out: owns what is in flight there, and nothing else. */
export class Sender {
    readonly #parts: SenderParts;
    readonly #inFlight = new Map<string, { readonly offer: Offer; readonly controller: AbortController }>();
    #up = false;
    #poked = false;
    #stopped = false;
    #cancelTimer: (() => void) | undefined;

    constructor(parts: SenderParts) {
        this.#parts = parts;
    }

    /** A carrier that is not up is not asked to send: its offers keep their attempts for when it is. */
    setState(state: CarrierState): void {
        this.#up = state.kind === "up";
        this.poke();
    }

    /** Something may have become due. Cheap when nothing did. */
    poke(): void {
        this.#cancelTimer?.();
        this.#cancelTimer = undefined;
        if (this.#stopped || !this.#up) return;
        const { carrier, clock, depot } = this.#parts;
        const now = clock.now().monotonic;
        const slots = carrier.traits.inFlightMax - this.#inFlight.size;
        if (slots <= 0) return;
        const due = depot.store.dueOffers(carrier.id, now, carrier.traits.inFlightMax + this.#inFlight.size);
        const fresh = due.filter((offer) => !this.#inFlight.has(offerName(offer))).slice(0, slots);
        for (const offer of fresh) this.#launch(offer);
        if (fresh.length < slots) this.#sleep(now);
    }

    /** Calls back what is in flight although its message is gone, e.g. after a tombstone. */
    dropGone(): void {
        for (const { offer, controller } of this.#inFlight.values()) {
            if (offeredPayload(this.#parts.depot.store, offer, this.#parts.wall()) === undefined) controller.abort();
        }
    }

    /** Calls back what others made unneeded. */
    dropEnded(): void {
        const { depot, carrier } = this.#parts;
        for (const { offer, controller } of this.#inFlight.values()) {
            const open = depot.store.openOffers(offer.kind, offer.messageId);
            if (!open.some((each) => each.carrier === carrier.id)) controller.abort();
        }
    }

    stop(): void {
        this.#stopped = true;
        this.#cancelTimer?.();
        for (const { controller } of this.#inFlight.values()) controller.abort();
    }

    #sleep(now: Millis): void {
        const next = this.#parts.depot.store.nextOfferAt(this.#parts.carrier.id);
        if (next === undefined) return;
        // Offers in flight still count as due in the depot, so a time in the past says nothing about the others.
        const at = next > now ? next : now + RECHECK_MS;
        this.#wakeAt(this.#inFlight.size > 0 ? Math.min(at, now + RECHECK_MS) : at);
    }

    #wakeAt(at: Millis): void {
        this.#cancelTimer?.();
        this.#cancelTimer = this.#parts.clock.schedule(at, () => this.poke());
    }

    #launch(offer: Offer): void {
        const { carrier, depot, wall } = this.#parts;
        const name = offerName(offer);
        const controller = new AbortController();
        this.#inFlight.set(name, { offer, controller });
        const payload = offeredPayload(depot.store, offer, wall());
        if (payload === undefined) {
            void this.#settle(offer, () => depot.store.endOffer(offer));
            return;
        }
        const parcel: Parcel = {
            kind: offer.kind,
            messageId: toHex(offer.messageId),
            payload,
            attempts: offer.attempts,
            isRefresh: depot.store
                .deliveries(offer.messageId)
                .some((each) => each.carrier === carrier.id && each.kind === offer.kind && each.receipt !== undefined),
        };
        void carrier.send(parcel, controller.signal).then((outcome) => {
            if (this.#stopped) return undefined;
            return this.#settle(offer, () => this.#judge(offer, outcome)).then((settled) =>
                this.#parts.onSettled(parcel, outcome, settled),
            );
        });
    }

    #judge(offer: Offer, outcome: SendOutcome): Settled {
        const { carrier, depot, clock, wall, rules } = this.#parts;
        const way = { id: carrier.id, traits: carrier.traits };
        const { monotonic } = clock.now();
        return settleOffer({ ...rules, store: depot.store, way, monotonic, wall: wall() }, offer, outcome);
    }

    async #settle<T>(offer: Offer, write: () => T): Promise<T | undefined> {
        // Where the outcome cannot be written, the item goes out once more later: at least once, never lost.
        const written = await this.#parts.depot.commit(() => ({ value: write() })).catch(() => undefined);
        this.#inFlight.delete(offerName(offer));
        if (this.#stopped) return written?.value;
        if (written) this.pokeSoon();
        else this.#wakeAt(this.#parts.clock.now().monotonic + DEPOT_PAUSE_MS);
        return written?.value;
    }

    /** Once for all that came or settled in one commit. */
    pokeSoon(): void {
        if (this.#poked) return;
        this.#poked = true;
        queueMicrotask(() => {
            this.#poked = false;
            this.poke();
        });
    }
}

function offerName(offer: Offer): string {
    return `${offer.kind} ${toHex(offer.messageId)}`;
}
