import { blake3 } from "@noble/hashes/blake3.js";
import type { LoraParams, Modem, ModemError, ReceivedFrame } from "../../../hw/modem.ts";
import { makePrng } from "../../base/prng.ts";
import type { Clock, Entropy, Millis, UnixSeconds } from "../../base/time.ts";
import { FRAME_SIZE_MAX } from "../../link/frame/limits.ts";
import type { AirLaw, AirtimeEntry } from "../../link/ledger.ts";
import type { Link, LinkCount, LinkEffect, LinkEvent } from "../../link/link.ts";
import { frameKind, makeLink } from "../../link/machine/machine.ts";
import type {
    Arrival,
    Carrier,
    CarrierHandlers,
    CarrierId,
    CarrierState,
    CarrierTraits,
    Parcel,
    SendOutcome,
} from "../carrier.ts";
import { type Fit, fitChannel, fitForListening } from "./fit.ts";
import { Transmitter } from "./transmitter.ts";

/** Parcels under way at once: small ones share frames, and one answer serves many. */
const IN_FLIGHT_MAX = 32;

/** A modem that is away for longer than this fails what is in flight, in milliseconds. */
const DOWN_GRACE_MS = 5_000;

/** News of the link are written down this late at most, in milliseconds. */
const KEEP_MS = 15_000;

/** A wall clock before this was never set: 2025-01-01. */
const CLOCK_SET_FROM: UnixSeconds = 1_735_689_600;

/** What happens on the air, for logs, figures and the demo. */
export type AirEvent =
    | {
          readonly kind: "sent" | "heard";
          readonly frame: "data" | "ack" | "other";
          readonly size: number;
          readonly airtimeMs: Millis;
          readonly rssiDbm: number | undefined;
          readonly snrDb: number | undefined;
      }
    | { readonly kind: "count"; readonly what: LinkCount };

export interface LoraCarrierOptions {
    readonly id: CarrierId;
    readonly modem: Modem;
    /** What the modem is set to; the law judges by it. */
    readonly params: LoraParams;
    /** With what earlier lives of this gateway spent already restored. */
    readonly law: AirLaw;
    readonly clock: Clock;
    /** Gives the link its number and its jitter. */
    readonly entropy: Entropy;
    /** Writes airtime down before it is spent: resolves once that is durable. */
    readonly record: (entry: AirtimeEntry) => Promise<void>;
    /** This gateway's number on the air, the same at every start; 0..16383. */
    readonly node: number;
    /** What the link keeps over a restart. */
    readonly linkState?: LinkStateKeeper;
    readonly onAir?: (event: AirEvent) => void;
}

export interface LinkStateKeeper {
    load(): Uint8Array | undefined;
    /** Never rejects: what is not kept costs airtime and nothing else. */
    save(state: Uint8Array): Promise<void>;
}

export function makeLoraCarrier(options: LoraCarrierOptions): Carrier {
    return new LoraCarrier(options);
}

/** Joins modem, link, law and relay. Whoever may not send, for want of a region, still listens. */
class LoraCarrier implements Carrier {
    readonly id: CarrierId;
    readonly traits: CarrierTraits;
    readonly #options: LoraCarrierOptions;
    readonly #fit: Fit;
    /** Why nothing may ever be sent. */
    readonly #forbidden: string | undefined;
    readonly #link: Link;
    readonly #transmitter: Transmitter;
    readonly #offers = new Map<number, (outcome: SendOutcome) => void>();
    #offerCount = 0;
    #handlers: CarrierHandlers | undefined;
    #stopped = false;
    /** What the modem said when it came up; undefined while it is away. */
    #upDetail: string | undefined;
    /** Events that came while another was handled, in order. */
    readonly #events: LinkEvent[] = [];
    #pumping = false;
    #cancelTick: (() => void) | undefined;
    #cancelGrace: (() => void) | undefined;
    #cancelKeep: (() => void) | undefined;

    constructor(options: LoraCarrierOptions) {
        const { id, modem, law, params } = options;
        this.id = id;
        this.#options = options;
        const fit = fitChannel(modem, law, params);
        this.#forbidden = fit.ok ? undefined : fit.error;
        this.#fit = fit.ok ? fit.value : fitForListening(modem);
        this.traits = {
            offers: true,
            payloadSizeMax: this.#fit.payloadSizeMax,
            inFlightMax: IN_FLIGHT_MAX,
            unknownTombstone: "remember",
            revives: false,
        };
        this.#link = linkOf(options, this.#fit);
        this.#transmitter = new Transmitter({
            ...options,
            random: makeRandom(options.entropy),
            onHindered: (why) => this.#tellHindered(why),
        });
    }

    async start(handlers: CarrierHandlers): Promise<void> {
        this.#handlers = handlers;
        this.#tell({ kind: "starting" });
        this.#options.modem.start({
            onFrame: (frame) => this.#onFrame(frame),
            onUp: (detail) => this.#onUp(detail),
            onDown: (error) => this.#onDown(error),
        });
    }

    send(parcel: Parcel, signal: AbortSignal): Promise<SendOutcome> {
        const refusal = this.#refusal(signal);
        if (refusal !== undefined) return Promise.resolve({ kind: "failed", detail: refusal });
        return new Promise((resolve) => {
            const offer = ++this.#offerCount;
            const onAbort = (): void => this.#withdraw(offer, "called back");
            this.#offers.set(offer, (outcome) => {
                signal.removeEventListener("abort", onAbort);
                resolve(outcome);
            });
            signal.addEventListener("abort", onAbort);
            this.#pump({ kind: "offer", offer, payload: parcel.payload });
        });
    }

    async stop(): Promise<void> {
        if (this.#stopped) return;
        this.#stopped = true;
        this.#handlers = undefined;
        this.#cancelTick?.();
        this.#cancelGrace?.();
        this.#transmitter.cancel();
        this.#cancelKeep?.();
        await this.#options.linkState?.save(this.#link.snapshot());
        this.#failAll("the gateway stops");
        await this.#options.modem.stop();
    }

    #refusal(signal: AbortSignal): string | undefined {
        if (signal.aborted) return "called back";
        if (this.#stopped) return "the gateway stops";
        return this.#forbidden ?? (this.#upDetail === undefined ? "the radio module is away" : undefined);
    }

    #onFrame({ bytes, rssiDbm, snrDb }: ReceivedFrame): void {
        if (this.#stopped) return;
        this.#transmitter.heard(this.#options.modem.airtimeMs(bytes.length));
        this.#tellAir("heard", bytes, { rssiDbm, snrDb });
        this.#pump({ kind: "frame", bytes });
    }

    #onUp(detail: string): void {
        this.#upDetail = detail;
        this.#cancelGrace?.();
        this.#tell({ kind: "up", detail });
        this.#pump({ kind: "tick" });
    }

    #onDown(error: ModemError): void {
        this.#upDetail = undefined;
        this.#transmitter.cancel();
        this.#cancelGrace?.();
        this.#tell({ kind: "down", reason: error.detail });
        const { clock } = this.#options;
        this.#cancelGrace = clock.schedule(clock.now().monotonic + DOWN_GRACE_MS, () => this.#failAll(error.detail));
    }

    /** Hands one event to the link and does what it says, one event after the other. */
    #pump(event: LinkEvent): void {
        if (event.kind === "frame" || event.kind === "settled") this.#transmitter.makeWay();
        this.#events.push(event);
        if (this.#pumping) return;
        this.#pumping = true;
        for (let next = this.#events.shift(); next && !this.#stopped; next = this.#events.shift()) {
            for (const effect of this.#link.handle(next, this.#now())) this.#perform(effect);
        }
        this.#pumping = false;
        this.#rest();
    }

    /** Sleeps until the link wants its tick. */
    #rest(): void {
        this.#cancelTick?.();
        const at = this.#link.deadline();
        if (at === undefined || this.#stopped) return;
        this.#cancelTick = this.#options.clock.schedule(at, () => this.#pump({ kind: "tick" }));
    }

    #perform(effect: LinkEffect): void {
        switch (effect.kind) {
            case "transmit":
                void this.#transmit(effect);
                return;
            case "deliver":
                void this.#deliver(effect.delivery, effect.payload);
                return;
            case "acknowledged":
                this.#settle(effect.offer, { kind: "peer_stored" });
                return;
            case "rejected":
                this.#settle(effect.offer, { kind: "rejected", detail: "a neighbour refused it for good" });
                return;
            case "failed":
                this.#settle(effect.offer, { kind: "failed", detail: effect.detail });
                return;
            case "keep":
                this.#keepLater();
                return;
            case "count":
                this.#options.onAir?.(effect);
        }
    }

    async #transmit({ frame, purpose }: Extract<LinkEffect, { readonly kind: "transmit" }>): Promise<void> {
        const isData = purpose === "data";
        // What is left of a turn whose parcels were all called back is of no use to anybody.
        const isWanted = !isData || this.#offers.size > 0;
        const mayTry = isWanted && this.#forbidden === undefined && this.#upDetail !== undefined;
        const wish = { frame, reserve: isData ? this.#fit.reserve : undefined, isPolite: isData };
        const sent = mayTry && (await this.#transmitter.transmit(wish));
        if (this.#stopped) return;
        if (sent) this.#tellAir("sent", frame);
        this.#pump({ kind: "transmitted", sent });
    }

    async #deliver(delivery: number, payload: Uint8Array): Promise<void> {
        const arrival = await this.#handlers?.onPayload(payload);
        if (arrival && !this.#stopped) this.#pump({ kind: "settled", delivery, verdict: verdictOf(arrival) });
    }

    /** The card wears out by being written: one write for all that happens in a while. */
    #keepLater(): void {
        const { clock, linkState } = this.#options;
        if (!linkState || this.#cancelKeep) return;
        this.#cancelKeep = clock.schedule(clock.now().monotonic + KEEP_MS, () => {
            this.#cancelKeep = undefined;
            void linkState.save(this.#link.snapshot());
        });
    }

    #settle(offer: number, outcome: SendOutcome): void {
        const settle = this.#offers.get(offer);
        this.#offers.delete(offer);
        settle?.(outcome);
    }

    #withdraw(offer: number, detail: string): void {
        this.#pump({ kind: "withdraw", offer });
        this.#settle(offer, { kind: "failed", detail });
    }

    #failAll(detail: string): void {
        for (const offer of [...this.#offers.keys()]) this.#withdraw(offer, detail);
    }

    #tell(state: CarrierState): void {
        const forbidden = this.#forbidden;
        this.#handlers?.onState(forbidden === undefined ? state : { kind: "disabled", reason: forbidden });
    }

    #tellHindered(why: string | undefined): void {
        if (this.#upDetail === undefined) return;
        this.#tell({ kind: "up", detail: why === undefined ? this.#upDetail : `${this.#upDetail}; ${why}` });
    }

    #tellAir(
        kind: "sent" | "heard",
        bytes: Uint8Array,
        signal: Pick<ReceivedFrame, "rssiDbm" | "snrDb"> = { rssiDbm: undefined, snrDb: undefined },
    ): void {
        const { onAir, modem } = this.#options;
        const [size, airtimeMs] = [bytes.length, modem.airtimeMs(bytes.length)];
        onAir?.({ kind, frame: frameKind(bytes), size, airtimeMs, ...signal });
    }

    #now(): Millis {
        return this.#options.clock.now().monotonic;
    }
}

function linkOf({ entropy, modem, node, clock, linkState }: LoraCarrierOptions, { frameSizeMax }: Fit): Link {
    const chance = new Uint8Array(4);
    entropy.fill(chance);
    return makeLink({
        node,
        seed: new DataView(chance.buffer).getUint32(0),
        digest: blake3,
        frameSizeMax: Math.min(frameSizeMax, FRAME_SIZE_MAX),
        airtimeMs: (size) => modem.airtimeMs(size),
        hour: () => hourOf(clock.now().wall),
        snapshot: linkState?.load(),
    });
}

/** Undefined while the clock is where boards without a battery begin. */
function hourOf(wall: UnixSeconds): number | undefined {
    return wall < CLOCK_SET_FROM ? undefined : Math.floor(wall / 3600);
}

/** Jitter, not secrets. */
function makeRandom(entropy: Entropy): () => number {
    const seed = new Uint8Array(4);
    entropy.fill(seed);
    return makePrng(new DataView(seed.buffer).getUint32(0));
}

/** What the air is told about a payload that arrived. */
function verdictOf(arrival: Arrival): "stored" | "rejected" | "later" {
    if (arrival.kind !== "refused") return "stored";
    switch (arrival.reason) {
        case "mailbox_full":
        case "storage":
        case "busy":
            return "later";
        case "undecodable":
        case "too_large":
        case "conflict":
        case "wrong_secret":
        case "unknown_message":
            return "rejected";
    }
}
