import { toHex } from "../../src/base/encoding.ts";
import type { Millis } from "../../src/base/time.ts";
import type { Link, LinkCount, LinkEffect, LinkEvent } from "../../src/link/link.ts";
import type { SimAir } from "./sim-air.ts";
import type { SimStation, StationOptions } from "./sim-station.ts";

/** What a depot says to a payload. */
export type Verdict = "stored" | "rejected" | "later";

/** What became of an offer. */
export type Outcome = Extract<LinkEffect, { readonly offer: number }>;

export interface LinkStationOptions extends Omit<StationOptions, "onFrame"> {
    readonly air: SimAir;
    /** A new link, as a process that starts makes one; `random` is for its seed and number. */
    readonly makeLink: (station: SimStation, random: () => number, snapshot?: Uint8Array) => Link;
    /** Asked when the fsync is done; "stored" where nothing is said. */
    readonly verdict?: (payload: Uint8Array) => Verdict;
    /** From a delivery to its verdict; a crash in between stores nothing. Drawn evenly between the two. */
    readonly fsyncMs?: { readonly least: Millis; readonly most: Millis };
    /** Time from the link's wish to the first symbol: the serial line. */
    readonly sendDelayMs?: Millis;
    /**
     * How long the shell keeps a frame waiting, for the law or for a free channel; asked again after each wait. Zero
     * where nothing is said.
     */
    readonly holdMs?: (frame: Uint8Array, station: SimStation) => Millis;
    /** Sees every effect before it is performed. */
    readonly onEffect?: (effect: LinkEffect) => void;
}

/** A link that wants so many ticks in one moment would never let time go on. */
const TICKS_AT_ONCE_MAX = 10_000;

const USUAL_FSYNC_MS = { least: 5, most: 205 };

/** One gateway on a simulated air: any `Link`, the depot's verdicts, and a process that can die. */
export class LinkStation {
    readonly station: SimStation;
    link: Link;
    /** Answers of the link's present life, by offer. */
    readonly outcomes = new Map<number, Outcome>();
    readonly counts = new Map<LinkCount, number>();
    /** What this depot holds, and how often the link delivered it; in hex, outlives restarts. */
    readonly stored = new Map<string, number>();
    deliveries = 0;
    readonly #options: LinkStationOptions;
    #life = 0;
    /** What the link last wished to keep; outlives restarts. */
    #snapshot: Uint8Array | undefined;
    #wakeAt: Millis = Number.POSITIVE_INFINITY;
    #cancelWake: () => void = () => {};
    #tickedAt: Millis = Number.NEGATIVE_INFINITY;
    #ticksAtOnce = 0;

    constructor(options: LinkStationOptions) {
        this.#options = options;
        const { air, makeLink } = options;
        this.station = air.addStation({ ...options, onFrame: ({ bytes }) => this.give({ kind: "frame", bytes }) });
        this.link = makeLink(this.station, air.random);
    }

    offer(offer: number, payload: Uint8Array): void {
        this.give({ kind: "offer", offer, payload });
    }

    has(payload: Uint8Array): boolean {
        return this.stored.has(toHex(payload));
    }

    /** The process dies and starts again after `awayMs`: the link has its last snapshot, the depot everything. */
    restart(awayMs: Millis = 0): void {
        const { air, makeLink } = this.#options;
        this.#life++;
        this.#cancelWake();
        this.#wakeAt = Number.POSITIVE_INFINITY;
        this.outcomes.clear();
        this.station.stop();
        const life = this.#life;
        air.schedule(air.now + awayMs, () => {
            if (life !== this.#life) return;
            this.link = makeLink(this.station, air.random, this.#snapshot);
            this.station.start();
            this.#rest();
        });
    }

    /** Hands one event to the link and performs what it says; nothing while the process is dead. */
    give(event: LinkEvent): void {
        if (!this.station.isOn) return;
        for (const effect of this.link.handle(event, this.#options.air.now)) this.#perform(effect);
        this.#rest();
    }

    #perform(effect: LinkEffect): void {
        this.#options.onEffect?.(effect);
        switch (effect.kind) {
            case "transmit":
                this.#transmit(effect.frame);
                return;
            case "deliver":
                this.#deliver(effect.delivery, effect.payload);
                return;
            case "count":
                this.counts.set(effect.what, (this.counts.get(effect.what) ?? 0) + 1);
                return;
            case "keep":
                this.#snapshot = this.link.snapshot();
                return;
            default:
                if (this.outcomes.has(effect.offer)) throw new Error(`offer ${effect.offer} was answered twice`);
                this.outcomes.set(effect.offer, effect);
        }
    }

    #transmit(frame: Uint8Array): void {
        const { sendDelayMs = 0, holdMs } = this.#options;
        const wait = holdMs?.(frame, this.station) ?? 0;
        if (wait > 0) {
            this.#inThisLife(wait, () => this.#transmit(frame));
            return;
        }
        const send = (): void => this.station.transmit(frame, () => this.give({ kind: "transmitted", sent: true }));
        if (sendDelayMs === 0) send();
        else this.#inThisLife(sendDelayMs, send);
    }

    #deliver(delivery: number, payload: Uint8Array): void {
        const { air, verdict, fsyncMs = USUAL_FSYNC_MS } = this.#options;
        this.deliveries++;
        this.#inThisLife(fsyncMs.least + air.random() * (fsyncMs.most - fsyncMs.least), () => {
            const said = verdict?.(payload) ?? "stored";
            const name = toHex(payload);
            if (said === "stored") this.stored.set(name, (this.stored.get(name) ?? 0) + 1);
            this.give({ kind: "settled", delivery, verdict: said });
        });
    }

    #inThisLife(ms: Millis, task: () => void): void {
        const { air } = this.#options;
        const life = this.#life;
        air.schedule(air.now + ms, () => {
            if (life === this.#life) task();
        });
    }

    /** Sleeps until the link wants its tick. A tick that was put off wakes once for nothing, which is cheaper than to cancel. */
    #rest(): void {
        const at = this.link.deadline();
        if (at === undefined || at >= this.#wakeAt) return;
        this.#cancelWake();
        this.#wakeAt = at;
        this.#cancelWake = this.#options.air.schedule(at, () => this.#wake());
    }

    #wake(): void {
        this.#wakeAt = Number.POSITIVE_INFINITY;
        const at = this.link.deadline();
        const { now } = this.#options.air;
        if (at === undefined || at > now) {
            this.#rest();
            return;
        }
        this.#ticksAtOnce = this.#tickedAt === now ? this.#ticksAtOnce + 1 : 0;
        this.#tickedAt = now;
        if (this.#ticksAtOnce > TICKS_AT_ONCE_MAX) throw new Error(`the link wants ticks without end at ${now} ms`);
        this.give({ kind: "tick" });
    }
}
