import { concatBytes } from "../../src/base/bytes.ts";
import { err, ok, type Result } from "../../src/base/result.ts";
import type { Clock, Millis } from "../../src/base/time.ts";
import type { ModemError } from "../modem.ts";
import type { BytePort } from "../port/byte-port.ts";
import { KissDeframer, type KissFrame, kissBytes } from "./framing.ts";

/** What is said on the way out may take so long; a device that hangs does not keep the driver from ending. */
const LAST_WORDS_MS = 500;

export interface Question<T> {
    /** For people, without data. */
    readonly name: string;
    /** Written together, in this order. */
    readonly frames: readonly KissFrame[];
    /** Undefined for a frame that says nothing about this question; that one is left to `onFrame`. */
    readonly answerOf: (frame: KissFrame) => Result<T, ModemError> | undefined;
    readonly withinMs: Millis;
}

export interface ExchangeHandlers {
    /** What came unasked. */
    onFrame(frame: KissFrame): void;
    onClose(cause: Error | undefined): void;
}

interface Asked {
    /** False for a mere pause, which a device that starts again does not disturb. */
    readonly isQuestion: boolean;
    hear(frame: KissFrame): boolean;
    fail(error: ModemError): void;
}

interface Wait<T> {
    readonly isQuestion: boolean;
    readonly ms: Millis;
    readonly late: () => Result<T, ModemError>;
    readonly answerOf: Question<T>["answerOf"];
    readonly frames: readonly KissFrame[];
}

/** One question at a time over one use of a port, each with its answer or its time. */
export class KissExchange {
    readonly #port: BytePort;
    readonly #clock: Clock;
    readonly #handlers: ExchangeHandlers;
    readonly #deframer: KissDeframer;
    #asked: Asked | undefined;
    #hasNoise = false;
    /** Why no more questions can be asked. */
    #ended: ModemError | undefined;

    constructor(port: BytePort, clock: Clock, frameSizeMax: number, handlers: ExchangeHandlers) {
        this.#port = port;
        this.#clock = clock;
        this.#handlers = handlers;
        this.#deframer = new KissDeframer(frameSizeMax);
    }

    async open(): Promise<void> {
        await this.#port.open({
            onBytes: (chunk) => this.#hear(chunk),
            onClose: (cause) => {
                this.#end(unplugged(this.#port.label));
                this.#handlers.onClose(cause);
            },
        });
    }

    /** A second question before the first is answered is a bug of the driver. */
    ask<T>({ name, frames, answerOf, withinMs }: Question<T>): Promise<Result<T, ModemError>> {
        const late = (): Result<T, ModemError> => err(this.#silent(name));
        return this.#wait({ isQuestion: true, ms: withinMs, late, answerOf, frames });
    }

    /** Says something that has no answer. */
    say(...frames: readonly KissFrame[]): void {
        // A port that is gone says so by itself.
        if (!this.#ended) this.#port.write(concatBytes(...frames.map(kissBytes))).catch(() => undefined);
    }

    /** Lets time pass in place of a question; fails at once when the port is gone. */
    pause(ms: Millis): Promise<Result<void, ModemError>> {
        const late = (): Result<void, ModemError> => ok(undefined);
        return this.#wait({ isQuestion: false, ms, late, answerOf: () => undefined, frames: [] });
    }

    /** The device has forgotten what it was asked. */
    interrupt(error: ModemError): void {
        if (this.#asked?.isQuestion) this.#asked.fail(error);
    }

    async close(lastWords: readonly KissFrame[] = []): Promise<void> {
        if (!this.#ended && lastWords.length > 0) {
            const said = this.#port.write(concatBytes(...lastWords.map(kissBytes))).catch(() => undefined);
            this.#end({ kind: "stopped", detail: "the driver was stopped" });
            await this.#atMost(LAST_WORDS_MS, said);
        }
        this.#end({ kind: "stopped", detail: "the driver was stopped" });
        await this.#port.close();
    }

    /** Whoever waits for an answer is told why there will be none. */
    async abandon(why: ModemError): Promise<void> {
        this.#end(why);
        await this.#port.close();
    }

    #wait<T>({ isQuestion, ms, late, answerOf, frames }: Wait<T>): Promise<Result<T, ModemError>> {
        if (this.#asked) throw new Error(`${this.#port.label}: a question while another one waits`);
        if (this.#ended) return Promise.resolve(err(this.#ended));
        this.#hasNoise = false;
        return new Promise((resolve) => {
            const cancel = this.#clock.schedule(this.#clock.now().monotonic + ms, () => settle(late()));
            const settle = (result: Result<T, ModemError>): void => {
                cancel();
                if (this.#asked === asked) this.#asked = undefined;
                resolve(result);
            };
            const asked: Asked = {
                isQuestion,
                hear(frame) {
                    const answer = answerOf(frame);
                    if (answer) settle(answer);
                    return answer !== undefined;
                },
                fail: (error) => settle(err(error)),
            };
            this.#asked = asked;
            if (frames.length === 0) return;
            const bytes = concatBytes(...frames.map(kissBytes));
            this.#port.write(bytes).catch(() => settle(err(unplugged(this.#port.label))));
        });
    }

    #atMost(ms: Millis, task: Promise<void>): Promise<void> {
        return new Promise((resolve) => {
            const cancel = this.#clock.schedule(this.#clock.now().monotonic + ms, resolve);
            void task.finally(() => {
                cancel();
                resolve();
            });
        });
    }

    #silent(name: string): ModemError {
        const noise = this.#hasNoise ? ", only bytes that are no frames" : "";
        return { kind: "silent", detail: `no answer to "${name}" from ${this.#port.label}${noise}` };
    }

    #end(why: ModemError): void {
        this.#ended ??= why;
        this.#asked?.fail(this.#ended);
    }

    #hear(chunk: Uint8Array): void {
        for (const said of this.#deframer.push(chunk)) {
            if (said.kind === "noise") this.#hasNoise = true;
            else if (!this.#asked?.hear(said.frame) && !this.#ended) this.#handlers.onFrame(said.frame);
        }
    }
}

function unplugged(label: string): ModemError {
    return { kind: "unplugged", detail: `${label} is gone: plug the module in again` };
}
