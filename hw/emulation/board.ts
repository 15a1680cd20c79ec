import type { Clock, Millis } from "../../src/base/time.ts";
import type { Air, AirRadio, Transmission } from "../air/air.ts";
import type { BytePort } from "../port/byte-port.ts";
import { type Misbehaviour, WELL_BEHAVED } from "./misbehaviour.ts";
import { PacedLine } from "./paced-line.ts";

/** The module's side of its serial line: cuts what the host writes into commands. */
export interface CommandReader<Line> {
    push(chunk: Uint8Array): readonly Line[];
    /** Whether a command has begun whose end is still missing. */
    readonly isInside: boolean;
    forget(): void;
}

/** What makes one kind of module different from the others. */
export interface Firmware<Line> {
    readonly radio: AirRadio;
    /** From power to the first word. */
    readonly bootMs: Millis;
    /** To work on a command. */
    readonly workMs: Millis;
    /** Silence inside a command after which the module gives up waiting for its end. */
    readonly lineSilenceMs: Millis;
    baudRate(): number;
    /** Power is there: everything volatile is forgotten. */
    powerUp(): CommandReader<Line>;
    ready(): void;
    obey(line: Line): void;
    /** The end of a command did not come in time. */
    giveUpLine(): void;
}

export interface BoardOptions {
    readonly air: Air;
    readonly clock: Clock;
}

/**
 * What every emulated UART module has: a plug, power, a serial line as slow as its baud rate, a place on the air, and
 * faults on request.
 */
export class Board<Line> {
    readonly #options: BoardOptions;
    readonly #firmware: Firmware<Line>;
    readonly #fromHost: PacedLine;
    readonly #toHost: PacedLine;
    #misbehaviour: Misbehaviour = WELL_BEHAVED;
    #port: BytePort | undefined;
    #hostBaudRate: number | undefined;
    #reader: CommandReader<Line> | undefined;
    #isReady = false;
    #isSending = false;
    #cancelSilence: () => void = () => undefined;
    #leaveAir: () => void = () => undefined;
    /** Grows with each power cycle and reset: what was begun before is forgotten. */
    #life = 0;

    constructor(options: BoardOptions, firmware: Firmware<Line>) {
        this.#options = options;
        this.#firmware = firmware;
        this.#fromHost = new PacedLine(options.clock, (bytes) => this.#takeBytes(bytes));
        this.#toHost = new PacedLine(options.clock, (bytes) => {
            // A host that is gone hears nothing; the module cannot know.
            this.#port?.write(this.#received(bytes)).catch(() => undefined);
        });
    }

    get isReady(): boolean {
        return this.#isReady;
    }

    get isSending(): boolean {
        return this.#isSending;
    }

    get misbehaviour(): Misbehaviour {
        return this.#misbehaviour;
    }

    misbehave(misbehaviour: Partial<Misbehaviour>): void {
        this.#misbehaviour = { ...WELL_BEHAVED, ...misbehaviour };
    }

    /** `port` is the module's end of the line. Without the host's baud rate the host has the right one. */
    async plug(port: BytePort, hostBaudRate?: number): Promise<void> {
        this.#port = port;
        this.#hostBaudRate = hostBaudRate;
        await port.open({
            onBytes: (chunk) => this.#fromHost.push(this.#received(chunk), { baudRate: this.#firmware.baudRate() }),
            onClose: () => this.#powerOff(port),
        });
        this.boot();
    }

    /** Pulls the plug: the host sees its port close. */
    async unplug(): Promise<void> {
        const port = this.#port;
        if (!port) return;
        this.#powerOff(port);
        await port.close();
    }

    boot(): void {
        this.#begin();
        this.#isReady = false;
        // A packet that is on the air now has lost its beginning.
        this.#leaveAir = this.#options.air.join(this.#firmware.radio);
        this.#reader = this.#firmware.powerUp();
        this.after(this.#firmware.bootMs, () => {
            this.#isReady = true;
            this.#firmware.ready();
        });
    }

    /** An answer: a line with its end, with whatever misbehaviour does to it. */
    say(text: string): void {
        const { answersLost, garbage, answerBytesMax } = this.#misbehaviour;
        if (answersLost > 0) {
            this.#misbehaviour = { ...this.#misbehaviour, answersLost: answersLost - 1 };
            return;
        }
        this.emit(join(garbage ?? new Uint8Array(0), bytesOf(`${text}\r\n`).subarray(0, answerBytesMax)));
    }

    /** Bytes as they are. The host has them when the last of them went over the line. */
    emit(bytes: Uint8Array): void {
        if (!this.#port || this.#misbehaviour.isSilent) return;
        this.#toHost.push(bytes, { baudRate: this.#firmware.baudRate(), extraMs: this.#misbehaviour.extraMs });
    }

    /** Runs `task` unless the module has started again meanwhile. */
    after(ms: Millis, task: () => void): () => void {
        const life = this.#life;
        const { clock } = this.#options;
        return clock.schedule(clock.now().monotonic + ms, () => {
            if (life === this.#life) task();
        });
    }

    transmit(transmission: Transmission, done: () => void): void {
        const { feignsSending, brownOutMs } = this.#misbehaviour;
        if (feignsSending) {
            done();
            return;
        }
        const life = this.#life;
        this.#isSending = true;
        this.#options.air.transmit(this.#firmware.radio, transmission, () => {
            if (life !== this.#life) return;
            this.#isSending = false;
            done();
        });
        if (brownOutMs !== undefined) this.after(brownOutMs, () => this.boot());
    }

    /** The command is there when its last byte is. */
    #takeBytes(bytes: Uint8Array): void {
        const reader = this.#reader;
        if (!reader || !this.#isReady || this.#misbehaviour.isSilent) return;
        this.#cancelSilence();
        for (const line of reader.push(bytes)) {
            this.after(this.#firmware.workMs, () => {
                if (this.#isReady) this.#firmware.obey(line);
            });
        }
        if (reader.isInside) this.#awaitRest(reader);
    }

    #awaitRest(reader: CommandReader<Line>): void {
        this.#cancelSilence = this.after(this.#firmware.lineSilenceMs, () => {
            // Bytes are on the line this moment; what they leave open is waited for anew.
            if (this.#fromHost.isBusy) return;
            reader.forget();
            this.#firmware.giveUpLine();
        });
    }

    #powerOff(port: BytePort): void {
        if (this.#port !== port) return;
        this.#port = undefined;
        this.#begin();
        this.#isReady = false;
        this.#toHost.clear();
    }

    #begin(): void {
        this.#life++;
        this.#isSending = false;
        this.#leaveAir();
        this.#fromHost.clear();
        this.#cancelSilence();
    }

    /** At another baud rate other bits are read: none of it is ASCII. */
    #received(bytes: Uint8Array): Uint8Array {
        const isRight = this.#hostBaudRate === undefined || this.#hostBaudRate === this.#firmware.baudRate();
        return isRight ? bytes : bytes.map((byte) => (byte ^ 0x5a) | 0x80);
    }
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
    return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export function bytesOf(text: string): Uint8Array {
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
