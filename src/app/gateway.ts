import type { Clock, UnixSeconds } from "../base/time.ts";
import type { Arrival, Carrier, CarrierId, CarrierState, Parcel, SendOutcome } from "../carriers/carrier.ts";
import { DepotBusy } from "../depot/errors.ts";
import type { Depot } from "../depot/store.ts";
import { type DeliveryRules, type Expired, expire, refresh } from "../relay/delivery.ts";
import { ingest } from "../relay/ingest.ts";
import { Interest } from "../relay/interest.ts";
import { type RelayLimits, SWEEP_ROWS_MAX } from "../relay/limits.ts";
import { catchUp } from "../relay/offers.ts";
import type { QuorumStrategy } from "../relay/quorum.ts";
import type { Way } from "../relay/rules.ts";
import { Sender } from "./sender.ts";

/** How often expired rows are swept out, in milliseconds. */
const SWEEP_MS = 60_000;

/** First byte of a tombstone's WirePayload. */
const TOMBSTONE = 0x02;

/** What a gateway tells its owner; a log, a demo or a test listens. */
export type GatewayEvent =
    | { readonly kind: "state"; readonly carrier: CarrierId; readonly state: CarrierState }
    | {
          readonly kind: "arrival";
          readonly carrier: CarrierId;
          readonly size: number;
          readonly arrival: Arrival;
      }
    | { readonly kind: "sent"; readonly carrier: CarrierId; readonly parcel: Parcel; readonly outcome: SendOutcome }
    /** The recipient's own node or a quorum has it now. */
    | { readonly kind: "distributed"; readonly messageId: string }
    | ({ readonly kind: "expired" } & Expired)
    | { readonly kind: "depot_error"; readonly detail: string };

export interface GatewayParts {
    readonly depot: Depot;
    readonly carriers: readonly Carrier[];
    readonly clock: Clock;
    readonly limits: RelayLimits;
    /** How many peers must have a message; any one if left out. */
    readonly quorum?: QuorumStrategy;
    /** Carriers whose peers get once more, after so many seconds, what they confirmed. */
    readonly refreshS?: ReadonlyMap<CarrierId, number>;
    readonly onEvent: (event: GatewayEvent) => void;
}

/** Joins depot, relay and carriers: every change goes through one transaction, every answer waits for its fsync. */
export class Gateway {
    readonly #parts: GatewayParts;
    readonly #ways: readonly Way[];
    readonly #rules: DeliveryRules;
    readonly #senders = new Map<CarrierId, Sender>();
    readonly #interests = new Map<CarrierId, Interest>();
    #wallFloor: UnixSeconds;
    #cancelSweep: (() => void) | undefined;
    #stopped = false;

    constructor(parts: GatewayParts) {
        this.#parts = parts;
        this.#ways = parts.carriers.map((carrier) => this.#wayOf(carrier));
        this.#rules = { ways: this.#ways, quorum: parts.quorum ?? { kind: "any" } };
        this.#wallFloor = parts.depot.store.latestReceipt() ?? 0;
        for (const carrier of parts.carriers) {
            if (carrier.traits.offers) this.#senders.set(carrier.id, this.#makeSender(carrier));
        }
    }

    /** What was asked for beyond this gateway's carriers: worth fetching where there is Internet. */
    askedKeys(): readonly Uint8Array[] {
        return [...this.#interests.values()].flatMap((interest) => interest.keys(this.wall()));
    }

    /** The wall clock, but never before the latest receipt in the depot: a board without a battery boots in the past. */
    wall(): UnixSeconds {
        this.#wallFloor = Math.max(this.#wallFloor, this.#parts.clock.now().wall);
        return this.#wallFloor;
    }

    async start(): Promise<void> {
        const { depot, carriers } = this.#parts;
        await depot.commit(() => depot.store.resumeOffers(carriers.map(({ id }) => id)));
        for (const way of this.#ways) while (await depot.commit(() => catchUp(depot.store, way, this.wall())));
        await this.#sweep();
        for (const [index, carrier] of carriers.entries()) await this.#startCarrier(carrier, this.#ways[index]);
    }

    async stop(): Promise<void> {
        this.#stopped = true;
        this.#cancelSweep?.();
        for (const sender of this.#senders.values()) sender.stop();
        await Promise.all(this.#parts.carriers.map((carrier) => carrier.stop()));
    }

    async #startCarrier(carrier: Carrier, way: Way | undefined): Promise<void> {
        if (!way) return;
        await carrier.start({
            onPayload: (payload, via) => this.#arrive(this.#ways.find(({ id }) => id === via) ?? way, payload),
            onState: (state) => {
                this.#parts.onEvent({ kind: "state", carrier: carrier.id, state });
                this.#senders.get(carrier.id)?.setState(state);
            },
            onAsked: (routingKeys) => void this.#hearAsked(carrier.id, routingKeys),
        });
    }

    #wayOf({ id, traits }: Carrier): Way {
        if (!traits.onlyAsked) return { id, traits };
        const { depot, carriers } = this.#parts;
        const interest = new Interest(depot.links.load(`${id} asked`));
        const internet = new Set(carriers.filter((each) => each.traits.isInternet).map((each) => each.id));
        this.#interests.set(id, interest);
        const asked = {
            isInternet: (ingress: CarrierId) => internet.has(ingress),
            isAsked: (routingKey: Uint8Array) => interest.has(routingKey, this.wall()),
        };
        return { id, traits, asked };
    }

    async #hearAsked(carrier: CarrierId, routingKeys: readonly Uint8Array[]): Promise<void> {
        const interest = this.#interests.get(carrier);
        if (!interest || this.#stopped) return;
        const { depot } = this.#parts;
        interest.ask(routingKeys, this.wall());
        await depot
            .commit(() => {
                for (const routingKey of routingKeys) depot.store.releaseOffers(carrier, routingKey);
                depot.links.save(`${carrier} asked`, interest.snapshot());
            })
            .catch((cause: unknown) => this.#refuse(cause));
        this.#wakeSenders(false);
    }

    async #arrive(from: Way, payload: Uint8Array): Promise<Arrival> {
        const { depot, limits, clock } = this.#parts;
        const { store } = depot;
        const moment = (): { now: UnixSeconds; monotonic: number } => ({
            now: this.wall(),
            monotonic: clock.now().monotonic,
        });
        const arrival = await depot
            .commit(() => ingest({ store, ...moment(), limits, ways: this.#ways, from }, payload))
            .catch((cause: unknown) => this.#refuse(cause));
        if (arrival.kind === "stored") this.#wakeSenders(payload[0] === TOMBSTONE);
        else if (arrival.kind === "duplicate") this.#senders.get(from.id)?.pokeSoon();
        this.#parts.onEvent({ kind: "arrival", carrier: from.id, size: payload.length, arrival });
        return arrival;
    }

    #refuse(cause: unknown): Arrival {
        if (cause instanceof DepotBusy)
            return { kind: "refused", reason: "busy", text: "Gateway busy, try again later" };
        const detail = cause instanceof Error ? cause.message : String(cause);
        this.#parts.onEvent({ kind: "depot_error", detail });
        return { kind: "refused", reason: "storage", text: "Storage failed, nothing was kept: try again later" };
    }

    #wakeSenders(isTombstone: boolean): void {
        for (const sender of this.#senders.values()) {
            if (isTombstone) sender.dropGone();
            sender.pokeSoon();
        }
    }

    #makeSender(carrier: Carrier): Sender {
        const { depot, clock, onEvent } = this.#parts;
        return new Sender({
            depot,
            carrier,
            clock,
            wall: () => this.wall(),
            rules: this.#rules,
            onSettled: (parcel, outcome, settled) => {
                onEvent({ kind: "sent", carrier: carrier.id, parcel, outcome });
                if (!settled?.nowDistributed) return;
                onEvent({ kind: "distributed", messageId: parcel.messageId });
                for (const sender of this.#senders.values()) sender.dropEnded();
            },
        });
    }

    async #sweep(): Promise<void> {
        const { clock, onEvent } = this.#parts;
        try {
            // One bounded step per commit, so that submits get their turn in between.
            while (!this.#stopped && (await this.#expireSome())) {}
            await this.#refresh();
        } catch (cause) {
            onEvent({ kind: "depot_error", detail: cause instanceof Error ? cause.message : String(cause) });
        }
        if (this.#stopped) return;
        this.#cancelSweep = clock.schedule(clock.now().monotonic + SWEEP_MS, () => void this.#sweep());
    }

    async #expireSome(): Promise<boolean> {
        const { depot, onEvent } = this.#parts;
        const bounds = (): { now: UnixSeconds; limit: number } => ({ now: this.wall(), limit: SWEEP_ROWS_MAX });
        const { removed, told } = await depot.commit(() => expire(depot.store, this.#rules, bounds()));
        for (const each of told) onEvent({ kind: "expired", ...each });
        return removed > 0;
    }

    async #refresh(): Promise<void> {
        const { depot, refreshS = new Map() } = this.#parts;
        for (const [carrier, ageS] of refreshS) {
            await depot.commit(() => refresh(depot.store, carrier, this.wall() - ageS));
            this.#senders.get(carrier)?.poke();
        }
    }
}
