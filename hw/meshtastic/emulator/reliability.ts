import type { Clock, Millis } from "../../../src/base/time.ts";
import type { AirFrame } from "./air-frame.ts";
import { TRIES_MAX } from "./firmware.ts";
import type { Transmitter } from "./transmitter.ts";

/** Processing time that firmware grants the other side. */
const PROCESSING_MS = 4_500;
/** Slots beside the sender's own window: 2 * 8 and 2^5. */
const OTHER_SLOTS = 48;

interface Pending {
    readonly frame: AirFrame;
    readonly priority: number;
    triesLeft: number;
    until: Millis;
    cancel: () => void;
}

export interface ReliabilityParts {
    readonly clock: Clock;
    readonly transmitter: Transmitter;
    /** Every try was in vain. */
    onFailure(frame: AirFrame): void;
}

/** Packets of this node that want an acknowledgment: sent again until one comes, three times in all. */
export class Reliability {
    readonly #parts: ReliabilityParts;
    readonly #pending = new Map<number, Pending>();

    constructor(parts: ReliabilityParts) {
        this.#parts = parts;
    }

    expect(frame: AirFrame, priority: number): void {
        this.settle(frame.id);
        const pending = { frame, priority, triesLeft: TRIES_MAX - 1, until: 0, cancel: () => undefined };
        this.#pending.set(frame.id, pending);
        this.#wait(pending);
    }

    /** Tells whether something was waiting for that. */
    settle(id: number): boolean {
        const pending = this.#pending.get(id);
        if (!pending) return false;
        pending.cancel();
        this.#pending.delete(id);
        this.#parts.transmitter.cancelOwn(id);
        return true;
    }

    /** While the air was busy no acknowledgment could come. */
    delayAll(ms: Millis, exceptId: number): void {
        for (const pending of this.#pending.values()) if (pending.frame.id !== exceptId) pending.until += ms;
    }

    clear(): void {
        for (const { cancel } of this.#pending.values()) cancel();
        this.#pending.clear();
    }

    #wait(pending: Pending): void {
        const { clock, transmitter } = this.#parts;
        const slots = transmitter.windowByUse() + OTHER_SLOTS;
        const waitMs = 2 * transmitter.airtimeMs(pending.frame) + slots * transmitter.slotMs() + PROCESSING_MS;
        pending.until = clock.now().monotonic + waitMs;
        this.#arm(pending);
    }

    #arm(pending: Pending): void {
        pending.cancel = this.#parts.clock.schedule(pending.until, () => this.#due(pending));
    }

    #due(pending: Pending): void {
        const { clock, transmitter, onFailure } = this.#parts;
        if (clock.now().monotonic < pending.until) {
            this.#arm(pending);
            return;
        }
        if (pending.triesLeft === 0) {
            this.#pending.delete(pending.frame.id);
            onFailure(pending.frame);
            return;
        }
        pending.triesLeft--;
        transmitter.enqueue(pending.frame, pending.priority);
        this.#wait(pending);
    }
}
