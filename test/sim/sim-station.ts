import type { LoraParams } from "../../hw/modem.ts";
import type { Millis } from "../../src/base/time.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import { type BurstState, type Path, type Position, sensitivityDbm } from "./paths.ts";

export interface HeardFrame {
    /** The receiver's own copy. */
    readonly bytes: Uint8Array;
    readonly rssiDbm: number;
    readonly snrDb: number;
    /** When its first symbol was sent. */
    readonly startAt: Millis;
}

export interface StationOptions {
    readonly onFrame: (frame: HeardFrame) => void;
    readonly position?: Position;
    /** Those of the air where nothing is said. Stations on another frequency, SF or bandwidth are deaf to each other. */
    readonly params?: LoraParams;
    /** Carrier sense finds the channel busy from this power on; that of the weakest readable frame where nothing is said. */
    readonly senseDbm?: number;
}

/** What the air does for a station. */
export interface StationAir {
    begin(station: SimStation, bytes: Uint8Array, done: () => void): void;
    isBusyAt(station: SimStation): boolean;
    leave(station: SimStation): void;
    join(station: SimStation): void;
}

/** One transmission while it is on the air. */
export interface OnAir {
    readonly sender: SimStation;
    readonly audience: readonly Listener[];
    readonly bytes: Uint8Array;
    readonly startAt: Millis;
    readonly preambleEndAt: Millis;
    readonly endAt: Millis;
    isCut: boolean;
}

/** Somebody whom a station's transmissions reach. */
export interface Listener {
    readonly station: SimStation;
    readonly path: Path;
    readonly weather: BurstState | undefined;
}

/** What a receiver is reading. */
export interface Lock {
    readonly sent: OnAir;
    readonly powerDbm: number;
    isSpoilt: boolean;
}

/** One half-duplex radio with an antenna somewhere. */
export class SimStation {
    readonly id: number;
    readonly params: LoraParams;
    readonly position: Position | undefined;
    readonly senseDbm: number;
    readonly sensitivityDbm: number;
    readonly onFrame: (frame: HeardFrame) => void;
    readonly #air: StationAir;
    /** The air's own notes about this station. */
    lock: Lock | undefined;
    sending: OnAir | undefined;
    /** Counts restarts: what was under way in an earlier life is void. */
    life = 0;
    isOn = true;

    constructor(air: StationAir, parts: { readonly id: number; readonly params: LoraParams } & StationOptions) {
        this.#air = air;
        this.id = parts.id;
        this.params = parts.params;
        this.position = parts.position;
        this.onFrame = parts.onFrame;
        this.sensitivityDbm = sensitivityDbm(parts.params);
        this.senseDbm = parts.senseDbm ?? this.sensitivityDbm;
    }

    airtimeMs(size: number): Millis {
        return loraAirtimeMs(this.params, size);
    }

    /** Sends now, whatever else is on the air; `done` comes after the last symbol. One frame at a time. */
    transmit(bytes: Uint8Array, done: () => void = () => {}): void {
        if (!this.isOn) throw new Error(`station ${this.id} is off`);
        if (this.sending) throw new Error(`station ${this.id} sends two frames at once`);
        this.#air.begin(this, bytes, done);
    }

    /** Whether this station sends, or hears somebody send, right now. */
    isBusy(): boolean {
        return this.#air.isBusyAt(this);
    }

    /** Power off: half a frame is none, for whoever sends it and for whoever hears it. */
    stop(): void {
        if (!this.isOn) return;
        this.#air.leave(this);
        this.isOn = false;
        this.life++;
    }

    start(): void {
        if (this.isOn) return;
        this.isOn = true;
        this.#air.join(this);
    }
}
