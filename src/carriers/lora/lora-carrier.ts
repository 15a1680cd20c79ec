import { blake3 } from "@noble/hashes/blake3.js";
import type { ModemError, ReceivedFrame } from "../../../hw/modem.ts";
import type { Millis } from "../../base/time.ts";
import { decodeAsking, encodeAsking } from "../../link/asking.ts";
import { ChunkShelf } from "../../link/chunks.ts";
import type { Link, LinkEffect, LinkEvent } from "../../link/link.ts";
import { frameKind } from "../../link/machine/machine.ts";
import type {
    Carrier,
    CarrierHandlers,
    CarrierId,
    CarrierState,
    CarrierTraits,
    Parcel,
    SendOutcome,
} from "../carrier.ts";
import { ChunkSender } from "./chunk-sender.ts";
import { estimateOf } from "./estimate-of.ts";
import { type Fit, fitChannel, fitForListening } from "./fit.ts";
import { type KeyedFrames, withoutTrailer } from "./keyed-frames.ts";
import { keyedFrames, linkOf, makeRandom } from "./link-of.ts";
import type { LoraCarrierOptions } from "./options.ts";
import { Transmitter, type Wish } from "./transmitter.ts";
import { verdictOf } from "./verdict.ts";

/** Parcels under way at once: small ones share frames, and one answer serves many. */
const IN_FLIGHT_MAX = 32;

/** A modem that is away for longer than this fails what is in flight, in milliseconds. */
const DOWN_GRACE_MS = 5_000;

/** News of the link are written down this late at most, in milliseconds. */
const KEEP_MS = 15_000;

/** Whom the guard heard is written down this late at most where nothing else is, in milliseconds. */
const KEEP_PEERS_MS = 600_000;

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
    readonly #keyed: KeyedFrames | undefined;
    readonly #transmitter: Transmitter;
    /** The frame on its way to the modem, and those behind it. */
    #lastFrame: Promise<unknown> = Promise.resolve();
    readonly #shelf = new ChunkShelf(blake3);
    readonly #chunkSender: ChunkSender | undefined;
    /** Ends what goes out in chunks. */
    #chunksEnd = new AbortController();
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
    #keepAt: Millis = Number.POSITIVE_INFINITY;

    constructor(options: LoraCarrierOptions) {
        const { id, modem, law, params } = options;
        this.id = id;
        this.#options = options;
        const fit = fitChannel(modem, law, params);
        this.#forbidden = fit.ok ? undefined : fit.error;
        this.#fit = fit.ok ? fit.value : fitForListening(modem);
        this.traits = {
            offers: true,
            payloadSizeMax: Math.min(this.#fit.payloadSizeMax, options.payloadSizeMax ?? Number.POSITIVE_INFINITY),
            inFlightMax: IN_FLIGHT_MAX,
            unknownTombstone: "remember",
            revives: false,
            ...(options.onlyAsked ? { onlyAsked: true } : {}),
        };
        this.#keyed = options.network && keyedFrames(options, options.network);
        this.#link = linkOf(options, this.#fit, this.#keyed?.guard);
        if (options.emberChunks) this.#chunkSender = this.#makeChunkSender();
        this.#transmitter = new Transmitter({
            ...options,
            random: makeRandom(options.entropy),
            onHindered: (why) => this.#tellHindered(why),
        });
    }

    async start(handlers: CarrierHandlers): Promise<void> {
        this.#handlers = handlers;
        this.#tell({ kind: "starting" });
        // The first frame need not wait for the disk then.
        void this.#keyed?.mayTransmit();
        this.#options.modem.start({
            onFrame: (frame) => this.#onFrame(frame),
            onUp: (detail) => this.#onUp(detail),
            onDown: (error) => this.#onDown(error),
        });
    }

    send(parcel: Parcel, signal: AbortSignal): Promise<SendOutcome> {
        const refusal = this.#refusal(signal);
        if (refusal !== undefined) return Promise.resolve({ kind: "failed", detail: refusal });
        if (parcel.attempts === 0) this.#tellEstimate(parcel);
        if (this.#chunkSender && parcel.kind === "message")
            return this.#chunkSender.send(parcel, AbortSignal.any([signal, this.#chunksEnd.signal]));
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

    async ask(routingKeys: readonly Uint8Array[]): Promise<boolean> {
        if (this.#refusal(new AbortController().signal) !== undefined) return false;
        const outcome = await new Promise<SendOutcome>((resolve) => {
            const offer = ++this.#offerCount;
            this.#offers.set(offer, resolve);
            this.#pump({ kind: "offer", offer, payload: encodeAsking(routingKeys) });
        });
        return outcome.kind === "peer_stored";
    }

    async stop(): Promise<void> {
        if (this.#stopped) return;
        this.#stopped = true;
        this.#handlers = undefined;
        this.#cancelTick?.();
        this.#cancelGrace?.();
        this.#transmitter.cancel();
        this.#cancelKeep?.();
        await this.#keep();
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
            const effects = this.#link.handle(next, this.#now());
            for (const effect of effects) this.#perform(effect);
            if (next.kind === "frame") this.#hearFrame(next.bytes, effects);
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
                this.#keepLater(KEEP_MS);
                return;
            case "count":
                this.#options.onAir?.(effect);
        }
    }

    async #transmit({ frame, purpose }: Extract<LinkEffect, { readonly kind: "transmit" }>): Promise<void> {
        const isData = purpose === "data";
        // What is left of a turn whose parcels were all called back is of no use to anybody.
        const isWanted = !isData || this.#offers.size > 0;
        const isCounted = (await this.#keyed?.mayTransmit()) ?? true;
        const wish = { frame, reserve: isData ? this.#fit.reserve : undefined, isPolite: isData };
        const sent = isWanted && isCounted && (await this.#put(wish));
        if (this.#stopped) return;
        if (sent) this.#tellAir("sent", frame);
        this.#pump({ kind: "transmitted", sent });
    }

    /** Link and chunks share one modem. */
    #put(wish: Wish): Promise<boolean> {
        if (!wish.reserve) this.#transmitter.makeWay();
        const sent = this.#lastFrame.then(() => {
            const mayTry = !this.#stopped && this.#forbidden === undefined && this.#upDetail !== undefined;
            return mayTry && this.#transmitter.transmit(wish);
        });
        this.#lastFrame = sent;
        return sent;
    }

    #makeChunkSender(): ChunkSender {
        return new ChunkSender({
            clock: this.#options.clock,
            frameSizeMax: this.#fit.frameSizeMax,
            transmit: async (frame) => {
                const sent = await this.#put({ frame, reserve: this.#fit.reserve, isPolite: true });
                if (sent) this.#tellAir("sent", frame, undefined, "chunk");
                return sent;
            },
            giveUp: () => this.#transmitter.makeWay(),
        });
    }

    /** A frame of nobody's link may be a chunk. Without a key any may: some chunks look like the link's. */
    #hearFrame(bytes: Uint8Array, effects: readonly LinkEffect[]): void {
        const isStrange = effects.some((effect) => effect.kind === "count" && effect.what === "frame_stranger");
        if (this.#keyed && !isStrange) {
            this.#keepLater(KEEP_PEERS_MS);
            return;
        }
        const payload = this.#shelf.add(bytes, this.#now());
        if (payload) void this.#handlers?.onPayload(payload);
    }

    async #deliver(delivery: number, payload: Uint8Array): Promise<void> {
        const asked = decodeAsking(payload);
        if (asked) this.#handlers?.onAsked?.(asked);
        const arrival = asked ? ({ kind: "stored" } as const) : await this.#handlers?.onPayload(payload);
        if (arrival && !this.#stopped) this.#pump({ kind: "settled", delivery, verdict: verdictOf(arrival) });
    }

    /** The card wears out by being written: one write for all that happens in a while. */
    #keepLater(ms: Millis): void {
        const at = this.#now() + ms;
        if (at >= this.#keepAt) return;
        this.#cancelKeep?.();
        this.#keepAt = at;
        this.#cancelKeep = this.#options.clock.schedule(at, () => {
            this.#keepAt = Number.POSITIVE_INFINITY;
            void this.#keep();
        });
    }

    async #keep(): Promise<void> {
        await Promise.all([this.#options.linkState?.save(this.#link.snapshot()), this.#keyed?.keepPeers()]);
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
        this.#chunksEnd.abort(detail);
        this.#chunksEnd = new AbortController();
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
        as?: "chunk",
    ): void {
        const { onAir, modem } = this.#options;
        const [size, airtimeMs] = [bytes.length, modem.airtimeMs(bytes.length)];
        const plain = this.#keyed ? withoutTrailer(bytes, this.#keyed.guard) : bytes;
        onAir?.({ kind, frame: as ?? frameKind(plain), size, airtimeMs, ...signal });
    }

    #tellEstimate(parcel: Parcel): void {
        const { onAir } = this.#options;
        if (!onAir) return;
        const isChunked = this.#chunkSender !== undefined && parcel.kind === "message";
        const trailer = this.#keyed?.guard.overhead ?? 0;
        const estimate = estimateOf(parcel, { ...this.#options, fit: this.#fit, isChunked, trailer, now: this.#now() });
        if (estimate) onAir({ kind: "estimate", messageId: parcel.messageId, estimate });
    }

    #now(): Millis {
        return this.#options.clock.now().monotonic;
    }
}
