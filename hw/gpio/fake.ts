import { err, ok, type Result } from "../../src/base/result.ts";
import type { Clock, Millis } from "../../src/base/time.ts";
import { type GpioError, type GpioLine, type LineRequest, lineTaken, noRight, type OpenLine } from "./gpio.ts";
import { LevelListeners } from "./listeners.ts";

export interface RecordedLevel {
    readonly line: number;
    readonly isHigh: boolean;
    readonly at: Millis;
}

/** "stuck": the wire stays as it is, whoever drives it. */
export type LineFault = "taken" | "forbidden" | "stuck";

/** So many changes are kept; older ones are forgotten. */
export const RECORDED_LEVELS_MAX = 10_000;

interface Wire {
    readonly level: LevelListeners;
    isHeld: boolean;
    fault: LineFault | undefined;
}

/** A device's end of a wire. */
export interface FakePin {
    readonly isHigh: boolean;
    drive(isHigh: boolean): void;
    watch(listener: (isHigh: boolean) => void): () => void;
}

/** Wires between a host and an emulated device. Every change is recorded; a wire that nobody drives is low. */
export class FakeGpio {
    readonly records: RecordedLevel[] = [];
    readonly #clock: Clock;
    readonly #wires = new Map<number, Wire>();

    constructor(clock: Clock) {
        this.#clock = clock;
    }

    readonly open: OpenLine = async (request) => this.#open(request);

    pin(line: number): FakePin {
        const { level } = this.#wire(line);
        return {
            get isHigh() {
                return level.isHigh;
            },
            drive: (isHigh) => this.#drive(line, isHigh),
            watch: (listener) => level.watch(listener),
        };
    }

    /** Undefined heals the line. */
    misbehave(line: number, fault: LineFault | undefined): void {
        this.#wire(line).fault = fault;
    }

    #open(request: LineRequest): Result<GpioLine, GpioError> {
        const wire = this.#wire(request.line);
        const label = `fake line ${request.line}`;
        if (wire.fault === "forbidden") return err(noRight(label));
        if (wire.fault === "taken" || wire.isHeld) return err(lineTaken(label, wire.isHeld ? "hearth" : "somebody"));
        wire.isHeld = true;
        let isOpen = true;
        if (request.direction === "out") this.#drive(request.line, request.isHigh);
        return ok({
            label,
            get isHigh() {
                return wire.level.isHigh;
            },
            set: async (isHigh) => {
                if (!isOpen) return err({ kind: "failed", detail: `${label} is closed` });
                this.#drive(request.line, isHigh);
                return ok(undefined);
            },
            watch: (listener) => wire.level.watch(listener),
            close: async () => {
                if (isOpen) wire.isHeld = false;
                isOpen = false;
            },
        });
    }

    #drive(line: number, isHigh: boolean): void {
        const { fault, level } = this.#wire(line);
        if (fault === "stuck" || level.isHigh === isHigh) return;
        if (this.records.length >= RECORDED_LEVELS_MAX) this.records.shift();
        this.records.push({ line, isHigh, at: this.#clock.now().monotonic });
        level.update(isHigh);
    }

    #wire(line: number): Wire {
        const known = this.#wires.get(line);
        if (known) return known;
        const made: Wire = { level: new LevelListeners(false), isHeld: false, fault: undefined };
        this.#wires.set(line, made);
        return made;
    }
}
