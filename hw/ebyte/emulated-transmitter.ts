import type { Clock, Millis } from "../../src/base/time.ts";
import type { Air, AirRadio, Transmission } from "../air/air.ts";

/** Listening before talking gives up after this and talks anyway. */
const LISTEN_MS_MAX = 2_000;
const LISTEN_STEP_MS = 20;

/** A packet that waits for the radio. */
export interface Waiting {
    /** Of the host's bytes, which occupy the module's buffer. */
    readonly size: number;
    /** The module's settings count at the moment of sending. */
    make(): Transmission;
}

export interface TransmitterOptions {
    readonly air: Air;
    readonly clock: Clock;
    readonly radio: AirRadio;
    listensBefore(): boolean;
    /** True: does as if it had sent. */
    sendsNothing(): boolean;
    /** A packet was given to the radio, or has left the antenna. */
    onChange(): void;
}

/** The module's radio and the packets that wait for it; one is on the air at a time. */
export class EmulatedTransmitter {
    readonly #options: TransmitterOptions;
    #queue: Waiting[] = [];
    #isOnAir = false;
    #isListening = false;
    #life = 0;

    constructor(options: TransmitterOptions) {
        this.#options = options;
    }

    get isOnAir(): boolean {
        return this.#isOnAir;
    }

    get queuedBytes(): number {
        return this.#queue.reduce((sum, { size }) => sum + size, 0);
    }

    get isWaiting(): boolean {
        return this.#queue.length > 0;
    }

    push(packet: Waiting): void {
        this.#queue.push(packet);
        this.#pump();
    }

    forget(): void {
        this.#life++;
        this.#queue = [];
        this.#isOnAir = false;
        this.#isListening = false;
    }

    #pump(): void {
        if (!this.isWaiting || this.#isOnAir || this.#isListening) return;
        if (this.#options.listensBefore()) this.#listen(this.#now() + LISTEN_MS_MAX);
        else this.#transmit();
    }

    #listen(until: Millis): void {
        const { air, radio } = this.#options;
        const channel = radio.listensOn();
        this.#isListening = channel !== undefined && air.isBusy(channel) && this.#now() < until;
        if (this.#isListening) this.#after(LISTEN_STEP_MS, () => this.#listen(until));
        else this.#transmit();
    }

    #transmit(): void {
        const transmission = this.#queue.shift()?.make();
        if (!transmission) return;
        const { air, radio, sendsNothing, onChange } = this.#options;
        const life = this.#life;
        const done = (): void => {
            if (life !== this.#life) return;
            this.#isOnAir = false;
            this.#pump();
            onChange();
        };
        this.#isOnAir = true;
        if (sendsNothing()) this.#after(transmission.airtimeMs, done);
        else air.transmit(radio, transmission, done);
        onChange();
    }

    #now(): Millis {
        return this.#options.clock.now().monotonic;
    }

    #after(ms: Millis, task: () => void): void {
        const life = this.#life;
        this.#options.clock.schedule(this.#now() + ms, () => {
            if (life === this.#life) task();
        });
    }
}
