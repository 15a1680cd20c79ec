import { makePrng } from "../../src/base/prng.ts";
import type { Clock, Millis } from "../../src/base/time.ts";

/** What two radios must share to hear each other. */
export interface AirChannel {
    readonly frequencyHz: number;
    readonly spreadingFactor: number;
    readonly bandwidthHz: number;
    readonly codingRate: number;
    /** The sync word, or what stands for it, e.g. a network id. */
    readonly network: number;
}

/** An emulated receiver. */
export interface AirRadio {
    /** Where it listens now; undefined while it cannot (asleep, resetting). */
    listensOn(): AirChannel | undefined;
    hear(heard: Heard): void;
}

export interface Heard {
    readonly bytes: Uint8Array;
    /** False: the packet came through damaged and the receiver's own check notices. */
    readonly intact: boolean;
    readonly rssiDbm: number;
    readonly snrDb: number;
}

/** How the air misbehaves; each share is from 0 to 1 and counts for every receiver by itself. */
export interface Weather {
    readonly loss: number;
    /** Damage that the receiver's check notices. */
    readonly corruption: number;
    /** Damage that slips through the check. */
    readonly garbling: number;
    readonly duplication: number;
    /** Longest extra time before a packet is handed over, in milliseconds. */
    readonly delayMs: Millis;
}

const FAIR: Weather = { loss: 0, corruption: 0, garbling: 0, duplication: 0, delayMs: 0 };

const RSSI_DBM = -60;
const RSSI_SPREAD_DB = 30;
const SNR_DB = 10;
const SNR_SPREAD_DB = 14;

export interface AirStatistics {
    readonly transmissions: number;
    readonly bytes: number;
    readonly airtimeMs: Millis;
    readonly received: number;
    readonly lost: number;
    readonly collided: number;
}

type Counts = { -readonly [Name in keyof AirStatistics]: AirStatistics[Name] };

export interface Transmission {
    readonly bytes: Uint8Array;
    readonly channel: AirChannel;
    readonly airtimeMs: Millis;
}

interface OnAir extends Transmission {
    readonly sender: AirRadio;
    /** Radios that listened here from its first symbol on, and have neither talked nor left since. */
    readonly ears: Set<AirRadio>;
    /** By another transmission, or because its sender went away in the middle. */
    ruined: boolean;
}

/**
 * The medium that emulated radios share: half-duplex, with collisions, and with weather from a seed. The same seed and
 * the same events give the same air.
 */
export class Air {
    readonly #clock: Clock;
    readonly #random: () => number;
    readonly #radios = new Set<AirRadio>();
    readonly #onAir = new Set<OnAir>();
    #weather: Weather = FAIR;
    readonly #counts: Counts = { transmissions: 0, bytes: 0, airtimeMs: 0, received: 0, lost: 0, collided: 0 };
    #observer: ((transmission: Transmission) => void) | undefined;

    constructor(options: { readonly clock: Clock; readonly seed: number; readonly weather?: Partial<Weather> }) {
        this.#clock = options.clock;
        this.#random = makePrng(options.seed);
        this.setWeather(options.weather ?? {});
    }

    /** What is not named becomes fair. */
    setWeather(weather: Partial<Weather>): void {
        this.#weather = { ...FAIR, ...weather };
    }

    get statistics(): AirStatistics {
        return { ...this.#counts };
    }

    onTransmission(observer: (transmission: Transmission) => void): void {
        this.#observer = observer;
    }

    /** The returned function takes the radio off the air again. */
    join(radio: AirRadio): () => void {
        this.#radios.add(radio);
        return () => {
            this.#radios.delete(radio);
            for (const sent of this.#onAir) {
                sent.ears.delete(radio);
                if (sent.sender !== radio) continue;
                // Half a packet is none, and from now on it is in nobody's way.
                sent.ruined = true;
                this.#onAir.delete(sent);
            }
        };
    }

    /** What a radio that listens before it talks finds out. */
    isBusyFor(radio: AirRadio): boolean {
        const own = radio.listensOn();
        return (
            own !== undefined && [...this.#onAir].some((sent) => sent.sender !== radio && overlaps(own, sent.channel))
        );
    }

    /** Whether somebody transmits there now: what a channel activity detection would find. */
    isBusy(channel: AirChannel): boolean {
        return [...this.#onAir].some((sent) => overlaps(sent.channel, channel));
    }

    /** Calls `done` when the last symbol is sent; the receivers hear it then. */
    transmit(sender: AirRadio, transmission: Transmission, done: () => void): void {
        const { airtimeMs, bytes } = transmission;
        const ears = [...this.#radios].filter((radio) => radio !== sender && isOn(radio, transmission.channel));
        const current: OnAir = { ...transmission, sender, ears: new Set(ears), ruined: false };
        for (const other of this.#onAir) {
            other.ears.delete(sender);
            current.ears.delete(other.sender);
            if (overlaps(other.channel, current.channel)) {
                other.ruined = true;
                current.ruined = true;
            }
        }
        this.#onAir.add(current);
        this.#counts.transmissions++;
        this.#counts.bytes += bytes.length;
        this.#counts.airtimeMs += airtimeMs;
        this.#observer?.(transmission);
        this.#clock.schedule(this.#clock.now().monotonic + airtimeMs, () => {
            this.#onAir.delete(current);
            this.#deliver(current);
            done();
        });
    }

    #deliver(sent: OnAir): void {
        if (sent.ruined) this.#counts.collided++;
        for (const radio of sent.ears) {
            if (!isOn(radio, sent.channel)) continue;
            if (sent.ruined || this.#random() < this.#weather.loss) {
                this.#counts.lost++;
                continue;
            }
            const copies = this.#random() < this.#weather.duplication ? 2 : 1;
            for (let copy = 0; copy < copies; copy++) this.#handOver(radio, sent.bytes);
        }
    }

    #handOver(radio: AirRadio, bytes: Uint8Array): void {
        const garbled = this.#random() < this.#weather.garbling;
        const heard: Heard = {
            bytes: garbled ? this.#garble(bytes) : Uint8Array.from(bytes),
            intact: this.#random() >= this.#weather.corruption,
            rssiDbm: Math.round(RSSI_DBM - this.#random() * RSSI_SPREAD_DB),
            snrDb: Math.round(SNR_DB - this.#random() * SNR_SPREAD_DB),
        };
        this.#counts.received++;
        const wait = this.#random() * this.#weather.delayMs;
        if (wait === 0) radio.hear(heard);
        else this.#clock.schedule(this.#clock.now().monotonic + wait, () => radio.hear(heard));
    }

    #garble(bytes: Uint8Array): Uint8Array {
        const copy = Uint8Array.from(bytes);
        const index = Math.floor(this.#random() * copy.length);
        if (copy.length > 0) copy[index] = (copy[index] ?? 0) ^ (1 + Math.floor(this.#random() * 255));
        return copy;
    }
}

function isOn(radio: AirRadio, channel: AirChannel): boolean {
    const own = radio.listensOn();
    return (
        own !== undefined &&
        own.codingRate === channel.codingRate &&
        own.network === channel.network &&
        overlaps(own, channel)
    );
}

/** Transmissions on other spreading factors or frequencies pass each other by. */
function overlaps(a: AirChannel, b: AirChannel): boolean {
    return (
        a.frequencyHz === b.frequencyHz && a.spreadingFactor === b.spreadingFactor && a.bandwidthHz === b.bandwidthHz
    );
}
