import type { Clock, Millis } from "../../src/base/time.ts";
import type { GpioLine, LineRef, OpenLine } from "../gpio/gpio.ts";
import type { Modem, ModemError, ModemHandlers } from "../modem.ts";

/** By then its driver has opened the port anew and reset the module five times, at 1, 2, 4, 8 and 16 s and what they took. */
const DOWN_MS_FIRST = 60_000;
const DOWN_MS_MAX = 3_600_000;
/** Long enough for the capacitors of a module. */
const OFF_MS = 3_000;

export interface PowerSwitch {
    readonly openLine: OpenLine;
    readonly line: LineRef;
    /** The level at which the module has no power. */
    readonly isOffHigh: boolean;
    readonly clock: Clock;
}

/**
 * A modem whose power hangs on a line of the board. When it stays down although its driver does what it can, the power
 * is cut and given back, with a growing pause, for ever. The line is held while the modem is started.
 */
export function withPowerCycle(modem: Modem, power: PowerSwitch): Modem {
    const supply = new Supply(modem, power);
    const { channelIsFree } = modem;
    return {
        label: modem.label,
        traits: modem.traits,
        airtimeMs: (size) => modem.airtimeMs(size),
        start: (handlers) => supply.start(handlers),
        send: (frame, permit) => modem.send(frame, permit),
        stop: () => supply.stop(),
        ...(channelIsFree ? { channelIsFree: (demand) => channelIsFree.call(modem, demand) } : {}),
    };
}

class Supply {
    readonly #modem: Modem;
    readonly #power: PowerSwitch;
    #handlers: ModemHandlers | undefined;
    #line: GpioLine | undefined;
    #isUp = false;
    #waitMs = DOWN_MS_FIRST;
    #cycles = 0;
    /** The last thing that was told, so that every line of it is news. */
    #down: ModemError | undefined;
    #cancel: () => void = () => undefined;
    #endPause: () => void = () => undefined;
    /** Ends when the line is as it shall be. */
    #switching: Promise<unknown> = Promise.resolve();

    constructor(modem: Modem, power: PowerSwitch) {
        this.#modem = modem;
        this.#power = power;
    }

    start(handlers: ModemHandlers): void {
        this.#handlers = handlers;
        this.#switching = this.#give();
        this.#modem.start({
            onFrame: (frame) => handlers.onFrame(frame),
            onUp: (detail) => this.#onUp(detail),
            onDown: (error) => this.#onDown(error),
        });
        this.#cycleLater();
    }

    async stop(): Promise<void> {
        this.#handlers = undefined;
        this.#cancel();
        this.#endPause();
        await this.#modem.stop();
        await this.#switching;
        await this.#line?.close();
        this.#line = undefined;
    }

    #onUp(detail: string): void {
        this.#isUp = true;
        this.#cancel();
        this.#waitMs = DOWN_MS_FIRST;
        this.#cycles = 0;
        this.#down = undefined;
        this.#handlers?.onUp(detail);
    }

    #onDown(error: ModemError): void {
        this.#down = error;
        this.#handlers?.onDown(error);
        if (!this.#isUp) return;
        this.#isUp = false;
        this.#cycleLater();
    }

    #cycleLater(): void {
        this.#later(this.#waitMs, () => {
            this.#switching = this.#cycle();
        });
    }

    async #cycle(): Promise<void> {
        this.#waitMs = Math.min(DOWN_MS_MAX, this.#waitMs * 2);
        const line = this.#line ?? (await this.#give());
        if (line && this.#handlers && !this.#isUp) {
            this.#cycles++;
            await this.#set(line, this.#power.isOffHigh);
            await this.#pause();
            await this.#set(line, !this.#power.isOffHigh);
            const times = this.#cycles === 1 ? "" : `, for the ${this.#cycles}th time`;
            this.#tell(
                `${this.#modem.label}: its power was off for ${OFF_MS / 1000} s${times}, because: ${this.#reason()}`,
            );
        }
        if (this.#handlers && !this.#isUp) this.#cycleLater();
    }

    /** Nothing but the end of this modem cuts it short: the power must come back. */
    async #pause(): Promise<void> {
        const { clock } = this.#power;
        await new Promise<void>((resolve) => {
            const cancel = clock.schedule(clock.now().monotonic + OFF_MS, resolve);
            this.#endPause = () => {
                cancel();
                resolve();
            };
        });
    }

    #reason(): string {
        return this.#down?.detail ?? "it did not come up";
    }

    /** Takes the line with the power on. */
    async #give(): Promise<GpioLine | undefined> {
        const { openLine, line, isOffHigh } = this.#power;
        const opened = await openLine({ ...line, direction: "out", isHigh: !isOffHigh });
        if (opened.ok) {
            this.#line = opened.value;
            return opened.value;
        }
        this.#tell(`the power of ${this.#modem.label} cannot be switched: ${opened.error.detail}`);
        return undefined;
    }

    async #set(line: GpioLine, isHigh: boolean): Promise<void> {
        const set = await line.set(isHigh);
        if (!set.ok) this.#tell(`the power of ${this.#modem.label} cannot be switched: ${set.error.detail}`);
    }

    /** While the modem works there is nothing to tell. */
    #tell(detail: string): void {
        if (!this.#isUp) this.#handlers?.onDown({ kind: this.#down?.kind ?? "silent", detail });
    }

    #later(ms: Millis, task: () => void): void {
        const { clock } = this.#power;
        this.#cancel();
        this.#cancel = clock.schedule(clock.now().monotonic + ms, task);
    }
}
