import { Air, type AirStatistics, type Transmission, type Weather } from "../../../hw/air/air.ts";
import type { BytePort } from "../../../hw/port/byte-port.ts";
import type { Clock } from "../../base/time.ts";
import { type EmulatedRadio, emulatedRadio } from "../radio-kinds/emulated.ts";
import type { Fault, Habit } from "../radio-kinds/faults.ts";
import type { RadioChoice } from "../radio-kinds/kind.ts";

/** Emulated devices on one air, of this process and of those that joined. */
export const DEVICES_MAX = 64;

/** How often a device follows its habit, in milliseconds. */
export const HABIT_MS = 20_000;

const BANNER = "\r\nrst:0x1 (POWERON_RESET), boot:0x13\r\n+READY\r\n";

export interface DeviceWish {
    readonly choice: RadioChoice;
    readonly fault: Fault | undefined;
    readonly habit: Habit | undefined;
}

export interface HostedDevice {
    plug(port: BytePort): Promise<void>;
    end(): Promise<void>;
}

export interface AirHostOptions {
    readonly clock: Clock;
    readonly seed: number;
    readonly weather: Partial<Weather>;
}

/** The air and every emulated device on it. */
export class AirHost {
    readonly #options: AirHostOptions;
    readonly #air: Air;
    readonly #listeners = new Set<(frame: Transmission) => void>();
    #devices = 0;
    #made = 0;

    constructor(options: AirHostOptions) {
        this.#options = options;
        this.#air = new Air(options);
        this.#air.onTransmission((frame) => {
            for (const listener of this.#listeners) listener(frame);
        });
    }

    get statistics(): AirStatistics {
        return this.#air.statistics;
    }

    /** Undefined when the air is full. */
    makeDevice({ choice, fault, habit }: DeviceWish): HostedDevice | undefined {
        if (this.#devices === DEVICES_MAX) return undefined;
        this.#devices++;
        const { clock, seed } = this.#options;
        const parts = { air: this.#air, clock, seed: seed + ++this.#made, choice };
        const device = emulatedRadio(choice.radio.kind, parts);
        device.misbehave(fault);
        const cancelHabit = this.#follow(device, habit);
        let hasEnded = false;
        return {
            plug: (port) => device.plug(port),
            end: async () => {
                if (hasEnded) return;
                hasEnded = true;
                this.#devices--;
                cancelHabit();
                await device.unplug();
            },
        };
    }

    /** The returned function ends it. */
    onFrame(listener: (frame: Transmission) => void): () => void {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }

    #follow(device: EmulatedRadio, habit: Habit | undefined): () => void {
        if (habit === undefined || habit === "moves") return () => undefined;
        const { clock } = this.#options;
        let cancel = (): void => undefined;
        const again = (): void => {
            if (habit === "restarts") device.restart();
            else device.babble(Uint8Array.from(BANNER, (letter) => letter.charCodeAt(0)));
            cancel = clock.schedule(clock.now().monotonic + HABIT_MS, again);
        };
        cancel = clock.schedule(clock.now().monotonic + HABIT_MS, again);
        return () => cancel();
    }
}
