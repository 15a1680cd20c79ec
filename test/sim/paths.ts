import type { LoraParams } from "../../hw/modem.ts";
import { makePrng } from "../../src/base/prng.ts";
import type { Millis } from "../../src/base/time.ts";

export interface Position {
    readonly xM: number;
    readonly yM: number;
}

/** Two kinds of weather that take turns (Gilbert and Elliott), in continuous time. */
export interface Bursts {
    /** Mean time that the good, and the bad, weather lasts. */
    readonly goodMs: Millis;
    readonly badMs: Millis;
    /** Share of frames lost in each. */
    readonly lossInGood: number;
    readonly lossInBad: number;
}

/** How one station's transmissions arrive at another. */
export interface Path {
    /** Received power in dBm; decides who can be heard, and who survives a collision. */
    readonly powerDbm: number;
    /** Share of frames lost for no other reason, 0 to 1. */
    readonly loss: number;
    readonly bursts?: Bursts;
}

/** One end of a path, as the air knows it. */
export interface PathEnd {
    readonly id: number;
    readonly position: Position | undefined;
    readonly params: LoraParams;
}

/** The path from one station to another; undefined where nothing at all arrives. */
export type Paths = (from: PathEnd, to: PathEnd) => Path | undefined;

/** Everybody is received as strongly as this where only a loss is given: no frame survives a collision. */
const PLAIN_POWER_DBM = -80;

/** Everybody hears everybody, with this loss from each to each; undefined means out of reach. */
export function givenLoss(lossOf: (from: number, to: number) => number | undefined, bursts?: Bursts): Paths {
    return (from, to) => {
        const loss = lossOf(from.id, to.id);
        if (loss === undefined) return undefined;
        return { powerDbm: PLAIN_POWER_DBM, loss, ...(bursts ? { bursts } : {}) };
    };
}

export interface LogDistanceOptions {
    readonly seed: number;
    /** 2 in free space, 2.7 to 3.5 over land, more in a town. */
    readonly exponent: number;
    /** Loss at one metre in dB; that of free space at the stations' frequency where nothing is said. */
    readonly lossAtOneMetreDb?: number;
    /** Standard deviation of what lies between two stations, in dB; the same both ways, for ever. */
    readonly shadowingDb?: number;
    readonly loss?: number;
    readonly bursts?: Bursts;
}

/** Loss that grows with the logarithm of the distance, with shadowing from a seed for each pair. */
export function logDistance(options: LogDistanceOptions): Paths {
    const { seed, exponent, lossAtOneMetreDb, shadowingDb = 0, loss = 0, bursts } = options;
    return (from, to) => {
        if (!from.position || !to.position) throw new Error("path loss needs the position of every station");
        const distanceM = Math.max(1, Math.hypot(from.position.xM - to.position.xM, from.position.yM - to.position.yM));
        const atOneMetreDb = lossAtOneMetreDb ?? freeSpaceLossAtOneMetreDb(from.params.frequencyHz);
        const shadowDb = shadowingDb * normalOf(seed, Math.min(from.id, to.id), Math.max(from.id, to.id));
        const pathLossDb = atOneMetreDb + 10 * exponent * Math.log10(distanceM) + shadowDb;
        return { powerDbm: from.params.powerDbm - pathLossDb, loss, ...(bursts ? { bursts } : {}) };
    };
}

/** Friis: 20 log10(4 pi f / c). */
function freeSpaceLossAtOneMetreDb(frequencyHz: number): number {
    return 20 * Math.log10((4 * Math.PI * frequencyHz) / 299_792_458);
}

/** A number of the normal distribution that depends on the pair and the seed only. */
function normalOf(seed: number, low: number, high: number): number {
    const random = makePrng(
        Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) ^ Math.imul(low + 1, 0x85ebca6b) ^ (high * 0x27d4eb2f),
    );
    return normal(random);
}

/** Box and Muller. */
export function normal(random: () => number): number {
    return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Thermal noise at 290 K in 1 Hz, and what a receiver adds to it. */
const NOISE_DBM_PER_HZ = -174;
const NOISE_FIGURE_DB = 6;

/** Down to this SNR a frame can be read: SX126x data sheet, 2.5 dB for each spreading factor, -7.5 dB at SF7. */
const SNR_MIN_AT_SF7_DB = -7.5;
const SNR_STEP_DB = 2.5;

export function noiseDbm({ bandwidthHz }: LoraParams): number {
    return NOISE_DBM_PER_HZ + 10 * Math.log10(bandwidthHz) + NOISE_FIGURE_DB;
}

/** The weakest frame that can be read. */
export function sensitivityDbm(params: LoraParams): number {
    return noiseDbm(params) + SNR_MIN_AT_SF7_DB - SNR_STEP_DB * (params.spreadingFactor - 7);
}

/** The weather of one path from frame to frame. */
export class BurstState {
    readonly #bursts: Bursts;
    #at: Millis = 0;
    /** Undefined until the first frame draws it. */
    #isBad: boolean | undefined;

    constructor(bursts: Bursts) {
        this.#bursts = bursts;
    }

    /** Share of frames lost at `now`; draws one number. */
    lossAt(now: Millis, random: () => number): number {
        const { goodMs, badMs, lossInGood, lossInBad } = this.#bursts;
        const badShare = badMs / (goodMs + badMs);
        const memory = this.#isBad === undefined ? 0 : Math.exp(-(now - this.#at) * (1 / goodMs + 1 / badMs));
        const badNow = badShare + ((this.#isBad ? 1 : 0) - badShare) * memory;
        this.#isBad = random() < badNow;
        this.#at = now;
        return this.#isBad ? lossInBad : lossInGood;
    }
}
