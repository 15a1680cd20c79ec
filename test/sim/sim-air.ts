import type { LoraParams } from "../../hw/modem.ts";
import { makePrng } from "../../src/base/prng.ts";
import type { Millis } from "../../src/base/time.ts";
import { EventQueue } from "./event-queue.ts";
import { garble } from "./garble.ts";
import { BurstState, givenLoss, noiseDbm, type Paths } from "./paths.ts";
import { type HeardFrame, type Listener, type OnAir, SimStation, type StationOptions } from "./sim-station.ts";
import { HAPPENINGS, type Happening, Trace } from "./trace.ts";

/** A frame survives another that is weaker by so much: SX127x data sheet and field tests, same spreading factor. */
const CAPTURE_DB = 6;

/** Symbols of start-of-frame and sync word; until they are over a receiver may turn to a stronger frame. */
const SYNC_SYMBOLS = 4.25;

const STATIONS_MAX = 10_000;

/** `run` with a predicate gives up this long after it began, unless told otherwise. */
const RUN_MAX_MS = 30 * 24 * 3_600_000;

/** SF9 with 125 kHz, as common modules come. */
export const USUAL_PARAMS: LoraParams = {
    frequencyHz: 868_100_000,
    spreadingFactor: 9,
    bandwidthHz: 125_000,
    codingRate: 1,
    preambleSymbols: 12,
    powerDbm: 14,
};

/** How the whole air misbehaves; each share is from 0 to 1 and counts for every receiver by itself. */
export interface SimWeather {
    readonly loss: number;
    /** Damage that the receiver's check notices. */
    readonly corruption: number;
    /** Damage that passes it. */
    readonly garbling: number;
    readonly duplication: number;
    /** Longest extra time before a frame is handed over; frames may overtake each other. */
    readonly delayMaxMs: Millis;
}

const FAIR: SimWeather = { loss: 0, corruption: 0, garbling: 0, duplication: 0, delayMaxMs: 0 };

export interface SimAirOptions {
    readonly seed: number;
    readonly params?: LoraParams;
    /** Where nothing is said everybody hears everybody without loss. */
    readonly paths?: Paths;
    readonly weather?: Partial<SimWeather>;
    /** Sees everything that goes into the trace; `whom` is the receiver, or the station itself. */
    readonly onHappening?: (what: Happening, who: SimStation, whom: SimStation, at: Millis) => void;
}

/** Whom a station reaches; those it does not reach hear nothing and are not disturbed. */
interface Audience {
    readonly listeners: readonly Listener[];
    readonly powers: ReadonlyMap<SimStation, number>;
}

/** LoRa stations on one air, in virtual time, from a seed: the same seed and the same calls give the same trace. */
export class SimAir {
    readonly params: LoraParams;
    readonly stations: SimStation[] = [];
    readonly trace = new Trace();
    /** How often each thing happened; `lost`, `heard` and their like count for each receiver. */
    readonly counts: Record<Happening, number>;
    bytesSent = 0;
    airtimeSentMs: Millis = 0;
    /** For scenarios that want chance of their own from the same seed. */
    readonly random: () => number;
    readonly #options: SimAirOptions;
    readonly #queue = new EventQueue();
    readonly #onAir = new Set<OnAir>();
    readonly #audiences = new Map<SimStation, Audience>();
    #weather: SimWeather;

    constructor(options: SimAirOptions) {
        this.#options = options;
        this.params = options.params ?? USUAL_PARAMS;
        this.random = makePrng(options.seed);
        this.counts = Object.fromEntries(Object.keys(HAPPENINGS).map((what) => [what, 0])) as Record<Happening, number>;
        this.#weather = { ...FAIR, ...options.weather };
    }

    get now(): Millis {
        return this.#queue.now;
    }

    addStation(options: StationOptions): SimStation {
        if (this.stations.length >= STATIONS_MAX) throw new Error(`more than ${STATIONS_MAX} stations`);
        const station = new SimStation(this, { params: this.params, ...options, id: this.stations.length });
        this.stations.push(station);
        this.forgetPaths();
        return station;
    }

    /** What is not named becomes fair. */
    setWeather(weather: Partial<SimWeather>): void {
        this.#weather = { ...FAIR, ...weather };
    }

    /** Asks `paths` anew for whatever is sent from now on: after the world changed. Bursts begin anew too. */
    forgetPaths(): void {
        this.#audiences.clear();
    }

    /** Runs `task` once at that moment; the returned function cancels it. */
    schedule(at: Millis, task: () => void): () => void {
        return this.#queue.schedule(at, task);
    }

    /**
     * With a moment: lets everything up to it happen. With a predicate: runs until it holds, and tells whether it did
     * before the moment `latest` and before nothing was left to happen.
     */
    run(until: Millis | (() => boolean), latest: Millis = this.now + RUN_MAX_MS): boolean {
        if (typeof until === "number") {
            while (this.#queue.runNext(until));
            this.#queue.passTo(until);
            return true;
        }
        for (;;) {
            if (until()) return true;
            if (!this.#queue.runNext(latest)) return false;
        }
    }

    /** For stations. */
    begin(sender: SimStation, bytes: Uint8Array, done: () => void): void {
        const { now } = this;
        const { preambleSymbols, spreadingFactor, bandwidthHz } = sender.params;
        const airtimeMs = sender.airtimeMs(bytes.length);
        const sent: OnAir = {
            sender,
            audience: this.#audienceOf(sender).listeners,
            bytes: bytes.slice(),
            startAt: now,
            preambleEndAt: now + ((preambleSymbols + SYNC_SYMBOLS) * 2 ** spreadingFactor * 1000) / bandwidthHz,
            endAt: now + airtimeMs,
            isCut: false,
        };
        this.#tell("sent", sender, sender);
        this.trace.addBytes(bytes);
        this.bytesSent += bytes.length;
        this.airtimeSentMs += airtimeMs;
        if (sender.lock) this.#dropLock(sender, "lost");
        for (const listener of sent.audience) this.#arrive(sent, listener);
        this.#onAir.add(sent);
        sender.sending = sent;
        this.#queue.schedule(sent.endAt, () => this.#end(sent, done), "end");
    }

    /** For stations. */
    isBusyAt(station: SimStation): boolean {
        if (station.sending) return true;
        for (const { sender } of this.#onAir) {
            if (this.#powerDbm(sender, station) >= station.senseDbm) return true;
        }
        return false;
    }

    /** For stations. */
    leave(station: SimStation): void {
        this.#tell("down", station, station);
        if (station.lock) this.#dropLock(station, "lost");
        const { sending } = station;
        if (!sending) return;
        sending.isCut = true;
        station.sending = undefined;
        this.#onAir.delete(sending);
        for (const { station: listener } of sending.audience) {
            if (listener.lock?.sent === sending) this.#dropLock(listener, "cut");
        }
    }

    /** For stations. */
    join(station: SimStation): void {
        this.#tell("up", station, station);
    }

    /** Half-duplex and locks: a receiver reads the first preamble it hears, unless a much stronger one comes during it. */
    #arrive(sent: OnAir, { station, path }: Listener): void {
        if (!station.isOn || station.sending) {
            this.#tell("lost", sent.sender, station);
            return;
        }
        const { powerDbm } = path;
        const { lock } = station;
        if (lock && lock.powerDbm < powerDbm + CAPTURE_DB) lock.isSpoilt = true;
        if (powerDbm < station.sensitivityDbm) this.#tell("weak", sent.sender, station);
        else if (powerDbm < this.#loudestAt(station) + CAPTURE_DB || (lock && this.now >= lock.sent.preambleEndAt)) {
            this.#tell("collided", sent.sender, station);
        } else {
            if (lock) this.#dropLock(station, "collided");
            station.lock = { sent, powerDbm, isSpoilt: false };
        }
    }

    #end(sent: OnAir, done: () => void): void {
        if (sent.isCut) return;
        this.#onAir.delete(sent);
        sent.sender.sending = undefined;
        const readers: Listener[] = [];
        for (const listener of sent.audience) {
            const { station } = listener;
            if (station.lock?.sent !== sent) continue;
            if (station.lock.isSpoilt) this.#dropLock(station, "collided");
            else {
                station.lock = undefined;
                readers.push(listener);
            }
        }
        // Only now, because whoever hears a frame may answer at once.
        for (const reader of readers) this.#deliver(sent, reader);
        done();
    }

    #deliver(sent: OnAir, { station, path, weather }: Listener): void {
        const { loss, corruption, duplication } = this.#weather;
        const burstLoss = weather?.lossAt(this.now, this.random) ?? 0;
        if (this.#happens(path.loss) || this.#happens(burstLoss) || this.#happens(loss)) {
            this.#tell("lost", sent.sender, station);
        } else if (this.#happens(corruption)) {
            this.#tell("damaged", sent.sender, station);
        } else {
            this.#handOver(sent, station, path.powerDbm);
            if (!this.#happens(duplication)) return;
            this.#tell("duplicated", sent.sender, station);
            this.#handOver(sent, station, path.powerDbm);
        }
    }

    #handOver(sent: OnAir, station: SimStation, rssiDbm: number): void {
        const { garbling, delayMaxMs } = this.#weather;
        const isGarbled = this.#happens(garbling);
        const frame: HeardFrame = {
            bytes: isGarbled ? garble(sent.bytes, this.random) : sent.bytes.slice(),
            rssiDbm,
            snrDb: rssiDbm - noiseDbm(station.params),
            startAt: sent.startAt,
        };
        const { life } = station;
        const hear = (): void => {
            if (!station.isOn || life !== station.life) return;
            this.#tell(isGarbled ? "garbled" : "heard", sent.sender, station);
            station.onFrame(frame);
        };
        if (delayMaxMs === 0) hear();
        else this.#queue.schedule(this.now + this.random() * delayMaxMs, hear);
    }

    #dropLock(station: SimStation, why: Happening): void {
        const { lock } = station;
        if (!lock) return;
        station.lock = undefined;
        this.#tell(why, lock.sent.sender, station);
    }

    #loudestAt(station: SimStation): number {
        let loudest = Number.NEGATIVE_INFINITY;
        for (const { sender } of this.#onAir) loudest = Math.max(loudest, this.#powerDbm(sender, station));
        return loudest;
    }

    #powerDbm(from: SimStation, to: SimStation): number {
        return this.#audienceOf(from).powers.get(to) ?? Number.NEGATIVE_INFINITY;
    }

    #audienceOf(sender: SimStation): Audience {
        const known = this.#audiences.get(sender);
        if (known) return known;
        const paths = this.#options.paths ?? givenLoss(() => 0);
        const listeners = this.stations.flatMap((station): readonly Listener[] => {
            const path = station === sender || !shareChannel(sender, station) ? undefined : paths(sender, station);
            if (!path) return [];
            return [{ station, path, weather: path.bursts ? new BurstState(path.bursts) : undefined }];
        });
        const powers = new Map(listeners.map(({ station, path }) => [station, path.powerDbm]));
        const audience = { listeners, powers };
        this.#audiences.set(sender, audience);
        return audience;
    }

    #happens(share: number): boolean {
        return share > 0 && this.random() < share;
    }

    #tell(what: Happening, who: SimStation, whom: SimStation): void {
        this.counts[what]++;
        this.trace.add(this.now, what, who.id, whom.id);
        this.#options.onHappening?.(what, who, whom, this.now);
    }
}

/** Transmissions on other spreading factors or frequencies pass each other by. */
function shareChannel({ params: a }: SimStation, { params: b }: SimStation): boolean {
    return (
        a.frequencyHz === b.frequencyHz && a.spreadingFactor === b.spreadingFactor && a.bandwidthHz === b.bandwidthHz
    );
}
