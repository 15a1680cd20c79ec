import type { Clock, Millis, UnixSeconds } from "../../base/time.ts";
import type { CarrierState } from "../../carriers/carrier.ts";
import type { AirEvent } from "../../carriers/lora/air-event.ts";
import type { Depot } from "../../depot/store.ts";
import { makeAirLaw } from "../../link/ledger.ts";
import { findRegion } from "../../link/region.ts";
import type { Config, RadioConfig } from "../config/config.ts";
import type { GatewayEvent } from "../gateway.ts";
import { choiceOf, paramsForLaw } from "../radio-kinds/choice.ts";
import { type CarrierStatus, type GatewayStatus, QUEUE_SHOWN_MAX, type RadioStatus } from "./status.ts";

const HOUR_S = 3_600;
const SOME_ADDRESS = 1;
const MAILBOX_CARRIER = "http";

interface CarrierNotes {
    state: CarrierState | undefined;
    stateAt: Millis;
    downs: number;
    stored: number;
    delivered: number;
    sentFrames: number;
    heardFrames: number;
    lastHeard:
        | { readonly at: Millis; readonly rssiDbm: number | undefined; readonly snrDb: number | undefined }
        | undefined;
}

/** Remembers what a gateway told since its start, a fixed amount for each carrier. */
export class StatusBook {
    readonly #config: Config;
    readonly #clock: Clock;
    readonly #startedAt: Millis;
    readonly #notes = new Map<string, CarrierNotes>();

    constructor(config: Config, clock: Clock) {
        this.#config = config;
        this.#clock = clock;
        this.#startedAt = clock.now().monotonic;
    }

    onEvent(event: GatewayEvent): void {
        if (event.kind === "depot_error") return;
        const notes = this.#notesOf(event.carrier);
        if (event.kind === "state") {
            if (event.state.kind === "down" && notes.state?.kind === "up") notes.downs++;
            notes.state = event.state;
            notes.stateAt = this.#now();
        } else if (event.kind === "arrival" && event.arrival.kind === "stored") notes.stored++;
        else if (event.kind === "sent" && event.outcome.kind === "peer_stored") notes.delivered++;
    }

    onAir(carrier: string, event: AirEvent): void {
        if (event.kind !== "sent" && event.kind !== "heard") return;
        const notes = this.#notesOf(carrier);
        if (event.kind === "sent") notes.sentFrames++;
        else {
            notes.heardFrames++;
            notes.lastHeard = { at: this.#now(), rssiDbm: event.rssiDbm, snrDb: event.snrDb };
        }
    }

    status(depot: Depot, mailboxUrl: string, wall: UnixSeconds): GatewayStatus {
        const { name, region, radios } = this.#config;
        const ids = new Set([MAILBOX_CARRIER, ...radios.map(({ id }) => id), ...this.#notes.keys()]);
        return {
            name,
            region,
            mailboxUrl,
            upMs: this.#now() - this.#startedAt,
            wall,
            store: depot.store.totalFill(),
            carriers: [...ids].map((id) => this.#carrier(id, depot, wall)),
        };
    }

    #carrier(id: string, depot: Depot, wall: UnixSeconds): CarrierStatus {
        const notes = this.#notesOf(id);
        const { state, stateAt, downs, stored, delivered } = notes;
        const radio = this.#config.radios.find((each) => each.id === id);
        return {
            id,
            state,
            stateAgoMs: state ? this.#now() - stateAt : undefined,
            downs,
            queue: depot.store.dueOffers(id, Number.MAX_SAFE_INTEGER, QUEUE_SHOWN_MAX).length,
            stored,
            delivered,
            ...(radio ? { radio: this.#radio(radio, notes, depot, wall) } : {}),
        };
    }

    #radio(radio: RadioConfig, notes: CarrierNotes, depot: Depot, wall: UnixSeconds): RadioStatus {
        const region = this.#config.region === undefined ? undefined : findRegion(this.#config.region);
        const params = paramsForLaw(choiceOf(radio, region, SOME_ADDRESS));
        const { frequencyHz, spreadingFactor, bandwidthHz, powerDbm } = params;
        const station = { antennaGainDbi: radio.antennaGainDbi, listensBeforeTalk: true };
        const allowed = makeAirLaw({ region, station }).allowance(params);
        const spent = depot.airtime.spent(radio.id, wall - HOUR_S);
        const { lastHeard, sentFrames, heardFrames } = notes;
        return {
            kind: radio.kind,
            port: radio.port,
            channel: `${frequencyHz / 1e6} MHz, SF${spreadingFactor}, ${bandwidthHz / 1000} kHz, ${powerDbm} dBm`,
            sentFrames,
            heardFrames,
            airtimeMs: spent.reduce((sum, { airtimeMs }) => sum + airtimeMs, 0),
            airtimeMaxMs: allowed.ok ? allowed.value.hourBudgetMs : undefined,
            lastHeard: lastHeard && {
                agoMs: this.#now() - lastHeard.at,
                rssiDbm: lastHeard.rssiDbm,
                snrDb: lastHeard.snrDb,
            },
        };
    }

    #notesOf(carrier: string): CarrierNotes {
        const known = this.#notes.get(carrier);
        if (known) return known;
        const fresh: CarrierNotes = {
            state: undefined,
            stateAt: 0,
            downs: 0,
            stored: 0,
            delivered: 0,
            sentFrames: 0,
            heardFrames: 0,
            lastHeard: undefined,
        };
        this.#notes.set(carrier, fresh);
        return fresh;
    }

    #now(): Millis {
        return this.#clock.now().monotonic;
    }
}
