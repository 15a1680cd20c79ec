import { concatBytes } from "../../src/base/bytes.ts";
import type { Clock, Millis } from "../../src/base/time.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import type { Air, AirChannel, AirRadio } from "../air/air.ts";
import { HEADER_BYTES, LORA_BYTES_MAX, loraSizesOf } from "./commands.ts";
import { AirtimeBins } from "./emulated-airtime.ts";
import { headerOf } from "./emulated-assembly.ts";
import { bpsOf, paramsOf, type RnodeState, slotMsOf } from "./emulated-settings.ts";

/** Of the boards with the most memory. */
export const QUEUE_PACKETS_MAX = 200;
export const QUEUE_BYTES_MAX = 6_144;

const DIFS_SLOTS = 2;
const WINDOW_SLOTS = 15;
const BANDS = 4;
const LOCK_LOOK_MS = 100;
/** Up to this rate everything that waits is sent in one go. */
const FLUSH_BPS_MAX = 14_000;
const SEQUENCES = 16;

export interface TransmitterParts {
    readonly clock: Clock;
    readonly air: Air;
    readonly radio: AirRadio;
    /** In [0, 1). */
    readonly random: () => number;
    readonly state: () => RnodeState;
    readonly channel: () => AirChannel;
    /** The first symbol is about to leave. */
    readonly onStart: (airtimeMs: Millis) => void;
    /** The firmware works again. */
    readonly onDone: () => void;
    readonly onBand: (band: number) => void;
}

/** The firmware's queue and its way to the air: it waits for a free channel, then a random time, then sends. */
export class EmulatedTransmitter {
    readonly #parts: TransmitterParts;
    readonly bins = new AirtimeBins();
    #queue: Uint8Array[] = [];
    #queuedBytes = 0;
    #difsSlots = DIFS_SLOTS;
    /** Undefined until it is drawn for the next transmission. */
    #windowSlots: number | undefined;
    #band = 1;
    #isSending = false;
    #cancel: (() => void) | undefined;
    /** Grows when everything is forgotten. */
    #life = 0;

    constructor(parts: TransmitterParts) {
        this.#parts = parts;
    }

    /** Nothing else is done meanwhile. */
    get isSending(): boolean {
        return this.#isSending;
    }

    get isFull(): boolean {
        return this.#queue.length >= QUEUE_PACKETS_MAX || this.#queuedBytes >= QUEUE_BYTES_MAX;
    }

    forget(): void {
        this.#life++;
        this.#queue = [];
        this.#queuedBytes = 0;
        this.#isSending = false;
        this.#windowSlots = undefined;
        this.#cancel?.();
        this.#cancel = undefined;
    }

    /** What does not fit is dropped, and nobody is told. */
    enqueue(packet: Uint8Array): void {
        if (this.isFull || this.#queuedBytes + packet.length > QUEUE_BYTES_MAX) return;
        this.#queue.push(packet);
        this.#queuedBytes += packet.length;
        this.wake();
    }

    /** Looks after the queue again, e.g. because the radio was switched on. */
    wake(): void {
        if (!this.#cancel && !this.#isSending) this.#look();
    }

    #look(): void {
        this.#cancel = undefined;
        const { air, radio, random, state } = this.#parts;
        if (this.#queue.length === 0 || !state().isOn) return;
        if (this.#isLocked()) {
            this.#later(LOCK_LOOK_MS, () => this.#look());
            return;
        }
        // One slot less than the window is wide is the longest that the firmware draws.
        this.#windowSlots ??= (this.#band - 1) * WINDOW_SLOTS + Math.floor(random() * (WINDOW_SLOTS - 1));
        if (air.isBusyFor(radio)) this.#difsSlots = DIFS_SLOTS;
        else if (this.#difsSlots > 0) this.#difsSlots--;
        else if (this.#windowSlots > 0) this.#windowSlots--;
        else {
            this.#sendNext(bpsOf(state()) <= FLUSH_BPS_MAX);
            return;
        }
        this.#later(slotMsOf(state()), () => this.#look());
    }

    #isLocked(): boolean {
        const { clock, state } = this.#parts;
        const now = clock.now().monotonic;
        const { shortLock, longLock } = state();
        const isOver = (lock: number, share: number): boolean => lock > 0 && share * 10_000 >= lock;
        return isOver(shortLock, this.bins.shortShare(now)) || isOver(longLock, this.bins.longShare(now));
    }

    /** Nothing can be added meanwhile, because the firmware does not read its serial line. */
    #sendNext(isFlush: boolean): void {
        const packet = this.#queue.shift();
        if (!packet) {
            this.#end();
            return;
        }
        this.#isSending = true;
        this.#queuedBytes -= packet.length;
        this.#sendParts(this.#partsOf(packet), () => (isFlush ? this.#sendNext(true) : this.#end()));
    }

    #partsOf(packet: Uint8Array): readonly Uint8Array[] {
        const { isPromiscuous } = this.#parts.state();
        if (isPromiscuous) return [packet.subarray(0, LORA_BYTES_MAX)];
        const sizes = loraSizesOf(packet.length);
        const header = headerOf(Math.floor(this.#parts.random() * SEQUENCES), sizes.length > 1);
        let at = 0;
        return sizes.map((size) => {
            const part = packet.subarray(at, at + size - HEADER_BYTES);
            at += part.length;
            return concatBytes(Uint8Array.of(header), part);
        });
    }

    #sendParts(parts: readonly Uint8Array[], done: () => void): void {
        const [bytes, ...rest] = parts;
        if (!bytes) {
            done();
            return;
        }
        const life = this.#life;
        const { air, radio, state, channel, clock, onStart } = this.#parts;
        const airtimeMs = loraAirtimeMs(paramsOf(state()), bytes.length);
        air.transmit(radio, { bytes, airtimeMs, channel: channel() }, () => {
            if (life !== this.#life) return;
            this.bins.add(clock.now().monotonic, airtimeMs);
            this.#sendParts(rest, done);
        });
        onStart(airtimeMs);
    }

    #end(): void {
        this.#isSending = false;
        this.#windowSlots = undefined;
        this.#difsSlots = DIFS_SLOTS;
        this.#chooseBand();
        this.#parts.onDone();
        this.wake();
    }

    /** The busier it was itself, the longer it waits. */
    #chooseBand(): void {
        const percent = Math.floor(this.bins.shortShare(this.#parts.clock.now().monotonic) * 100);
        const band = percent <= 7 ? 1 : Math.min(BANDS, 2 + Math.floor((percent * 2) / 78));
        if (band === this.#band) return;
        this.#band = band;
        this.#parts.onBand(band);
    }

    #later(ms: Millis, task: () => void): void {
        const { clock } = this.#parts;
        this.#cancel = clock.schedule(clock.now().monotonic + ms, task);
    }
}
