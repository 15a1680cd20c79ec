import type { Clock, Millis } from "../../../src/base/time.ts";
import { type MeshModulation, meshAirtimeMs } from "../lora.ts";
import type { AirFrame } from "./air-frame.ts";
import type { AirtimeMeter } from "./airtime-meter.ts";
import { TX_QUEUE_MAX } from "./firmware.ts";
import type { MeshAir, MeshRadio } from "./mesh-air.ts";

/** Bits of the contention window, by signal or by use of the channel. */
const WINDOW_MIN = 3;
const WINDOW_MAX = 8;
const SNR_MIN_DB = -20;
const SNR_MAX_DB = 10;
/** Of a slot: symbols of channel activity detection, and turning around in milliseconds. */
const SLOT_SYMBOLS = 2.25;
const SLOT_TURNAROUND_MS = 7.6;

interface Queued {
    readonly frame: AirFrame;
    readonly priority: number;
    readonly isRelay: boolean;
    readonly readyAt: Millis;
}

export interface TransmitterParts {
    readonly clock: Clock;
    readonly air: MeshAir;
    readonly radio: MeshRadio;
    readonly meter: AirtimeMeter;
    /** Undefined for a radio that is set to what the emulation does not know. */
    modulation(): MeshModulation | undefined;
    onSent(frame: AirFrame, airtimeMs: Millis): void;
}

/** The queue to the air: 16 places, urgent packets first, listening before each, as slow as the modulation. */
export class Transmitter {
    readonly #parts: TransmitterParts;
    #queue: Queued[] = [];
    #isSending = false;
    #life = 0;
    #cancelTimer: () => void = () => undefined;

    constructor(parts: TransmitterParts) {
        this.#parts = parts;
    }

    get free(): number {
        return TX_QUEUE_MAX - this.#queue.length;
    }

    slotMs(): Millis {
        const modulation = this.#parts.modulation();
        if (!modulation) return SLOT_TURNAROUND_MS;
        return (SLOT_SYMBOLS * 2 ** modulation.spreadingFactor * 1000) / modulation.bandwidthHz + SLOT_TURNAROUND_MS;
    }

    airtimeMs(frame: AirFrame): Millis {
        const modulation = this.#parts.modulation();
        return modulation ? meshAirtimeMs(modulation, frame.airBytes) : 0;
    }

    /** Slots of the window for own packets: a busy channel makes it wider. */
    windowByUse(): number {
        return 2 ** scaled(this.#parts.meter.channelUsePercent(), 0, 100);
    }

    /** False: no place is left, and nothing less urgent that could make way. */
    enqueue(frame: AirFrame, priority: number): boolean {
        return this.#add({ frame, priority, isRelay: false, readyAt: this.#now() + this.#backOff(this.windowByUse()) });
    }

    /** Who heard it worse is farther away and passes it on first. */
    relay(frame: AirFrame, priority: number, snrDb: number): void {
        const window = 2 ** scaled(snrDb, SNR_MIN_DB, SNR_MAX_DB);
        const waitMs = 2 * WINDOW_MAX * this.slotMs() + this.#backOff(window);
        this.#add({ frame, priority, isRelay: true, readyAt: this.#now() + waitMs });
    }

    /** Somebody else passed it on first. */
    cancelRelay(from: number, id: number): void {
        this.#queue = this.#queue.filter(({ frame, isRelay }) => !(isRelay && frame.from === from && frame.id === id));
    }

    /** An acknowledgment makes waiting copies needless. */
    cancelOwn(id: number): void {
        this.#queue = this.#queue.filter(({ frame, isRelay }) => isRelay || frame.id !== id);
    }

    reset(): void {
        this.#life++;
        this.#queue = [];
        this.#isSending = false;
        this.#cancelTimer();
        this.#parts.air.cut(this.#parts.radio);
    }

    #add(queued: Queued): boolean {
        if (this.#queue.length >= TX_QUEUE_MAX) {
            const last = this.#queue.findLastIndex(({ priority }) => priority < queued.priority);
            if (last === -1) return false;
            this.#queue.splice(last, 1);
        }
        const index = this.#queue.findIndex(({ priority }) => priority < queued.priority);
        this.#queue.splice(index === -1 ? this.#queue.length : index, 0, queued);
        this.#arm();
        return true;
    }

    #arm(): void {
        this.#cancelTimer();
        const readyAt = Math.min(...this.#queue.map((queued) => queued.readyAt));
        if (this.#isSending || !Number.isFinite(readyAt)) return;
        this.#cancelTimer = this.#parts.clock.schedule(readyAt, () => this.#send());
    }

    #send(): void {
        const { air, radio, meter, clock } = this.#parts;
        if (air.isBusyFor(radio)) {
            const waitMs = this.slotMs() + this.#backOff(this.windowByUse());
            this.#cancelTimer = clock.schedule(this.#now() + waitMs, () => this.#send());
            return;
        }
        // One timer for the queue: whoever made it run out, the most urgent goes.
        const next = this.#queue.shift();
        if (!next) return;
        const life = this.#life;
        const airtimeMs = this.airtimeMs(next.frame);
        this.#isSending = true;
        air.transmit(radio, next.frame, airtimeMs, () => {
            if (life !== this.#life) return;
            this.#isSending = false;
            meter.note(airtimeMs, true);
            this.#parts.onSent(next.frame, airtimeMs);
            this.#arm();
        });
    }

    #backOff(window: number): Millis {
        return Math.floor(this.#parts.air.random() * window) * this.slotMs();
    }

    #now(): Millis {
        return this.#parts.clock.now().monotonic;
    }
}

function scaled(value: number, low: number, high: number): number {
    const share = Math.min(Math.max((value - low) / (high - low), 0), 1);
    return Math.round(WINDOW_MIN + share * (WINDOW_MAX - WINDOW_MIN));
}
