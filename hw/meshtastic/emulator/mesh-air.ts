import { makePrng } from "../../../src/base/prng.ts";
import type { Clock, Millis } from "../../../src/base/time.ts";
import type { AirFrame } from "./air-frame.ts";

/** An emulated radio on a mesh. */
export interface MeshRadio {
    /** What must be equal to hear each other; undefined while it is off. */
    tuning(): string | undefined;
    hear(frame: AirFrame, signal: Signal): void;
}

export interface Signal {
    readonly rssiDbm: number;
    readonly snrDb: number;
}

export interface Link {
    /** Share of packets that are lost on this way, from 0 to 1. */
    readonly loss: number;
    readonly snrDb: number;
}

const LINK: Link = { loss: 0, snrDb: 6 };
const NOISE_FLOOR_DBM = -105;
const SNR_SPREAD_DB = 3;

export interface MeshAirStatistics {
    readonly transmissions: number;
    readonly bytes: number;
    readonly airtimeMs: Millis;
    readonly lost: number;
    readonly collided: number;
}

interface OnAir {
    readonly sender: MeshRadio;
    readonly tuning: string;
    readonly frame: AirFrame;
    readonly ears: Map<MeshRadio, Link>;
    /** Receivers for which another transmission, or their own, came in between. */
    readonly ruined: Set<MeshRadio>;
}

/** Who hears whom: half-duplex, with collisions at each receiver and with loss from a seed on each link. */
export class MeshAir {
    readonly #clock: Clock;
    readonly #random: () => number;
    readonly #links = new Map<MeshRadio, Map<MeshRadio, Link>>();
    readonly #onAir = new Set<OnAir>();
    readonly #counts = { transmissions: 0, bytes: 0, airtimeMs: 0, lost: 0, collided: 0 };
    #observer: ((frame: AirFrame, airtimeMs: Millis) => void) | undefined;

    constructor({ clock, seed }: { readonly clock: Clock; readonly seed: number }) {
        this.#clock = clock;
        this.#random = makePrng(seed);
    }

    get statistics(): MeshAirStatistics {
        return { ...this.#counts };
    }

    /** In [0, 1), from the seed of this air. */
    random(): number {
        return this.#random();
    }

    onTransmission(observer: (frame: AirFrame, airtimeMs: Millis) => void): void {
        this.#observer = observer;
    }

    /** The two hear each other from now on; what is not named is as on a good link. */
    connect(a: MeshRadio, b: MeshRadio, link: Partial<Link> = {}): void {
        this.#linksOf(a).set(b, { ...LINK, ...link });
        this.#linksOf(b).set(a, { ...LINK, ...link });
    }

    disconnect(a: MeshRadio, b: MeshRadio): void {
        this.#linksOf(a).delete(b);
        this.#linksOf(b).delete(a);
    }

    /** What a channel activity detection at this place would find. */
    isBusyFor(radio: MeshRadio): boolean {
        return [...this.#onAir].some(({ ears, sender }) => sender === radio || ears.has(radio));
    }

    /** The radio lost its power: what it sends and hears now is cut off. */
    cut(radio: MeshRadio): void {
        for (const sent of this.#onAir) {
            sent.ears.delete(radio);
            if (sent.sender === radio) this.#onAir.delete(sent);
        }
    }

    /** Calls `done` when the last symbol is sent; the others hear the frame then. */
    transmit(sender: MeshRadio, frame: AirFrame, airtimeMs: Millis, done: () => void): void {
        const tuning = sender.tuning() ?? "";
        const ears = new Map([...this.#linksOf(sender)].filter(([radio]) => radio.tuning() === tuning));
        const current: OnAir = { sender, tuning, frame, ears, ruined: new Set() };
        for (const other of this.#onAir) {
            other.ruined.add(sender);
            current.ruined.add(other.sender);
            for (const radio of other.ears.keys()) {
                if (!ears.has(radio)) continue;
                other.ruined.add(radio);
                current.ruined.add(radio);
            }
        }
        this.#onAir.add(current);
        this.#counts.transmissions++;
        this.#counts.bytes += frame.airBytes;
        this.#counts.airtimeMs += airtimeMs;
        this.#observer?.(frame, airtimeMs);
        this.#clock.schedule(this.#clock.now().monotonic + airtimeMs, () => {
            if (!this.#onAir.delete(current)) return;
            for (const [radio, link] of current.ears) this.#deliver(current, radio, link);
            done();
        });
    }

    #deliver({ frame, ruined, tuning }: OnAir, radio: MeshRadio, link: Link): void {
        if (radio.tuning() !== tuning) return;
        if (ruined.has(radio)) this.#counts.collided++;
        else if (this.#random() < link.loss) this.#counts.lost++;
        else {
            const snrDb = link.snrDb + (this.#random() - 0.5) * SNR_SPREAD_DB;
            radio.hear(frame, { snrDb: Math.round(snrDb * 4) / 4, rssiDbm: Math.round(NOISE_FLOOR_DBM + snrDb) });
        }
    }

    #linksOf(radio: MeshRadio): Map<MeshRadio, Link> {
        const links = this.#links.get(radio) ?? new Map<MeshRadio, Link>();
        this.#links.set(radio, links);
        return links;
    }
}
