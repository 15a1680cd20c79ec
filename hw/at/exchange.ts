import { err, ok, type Result } from "../../src/base/result.ts";
import type { Clock, Millis } from "../../src/base/time.ts";
import type { ModemError } from "../modem.ts";
import type { BytePort } from "../port/byte-port.ts";
import type { Answer, Reader, Said } from "./said.ts";

/** What is begun is forgotten when the line was silent for so long: the rest is lost, and must not spoil what comes. */
export const LINE_SILENCE_MS = 2_000;

const STOPPED: ModemError = { kind: "stopped", detail: "the driver was stopped" };

export interface Question {
    /** For people, without data. */
    readonly name: string;
    readonly bytes: Uint8Array;
    /** Whether this answers the question; anything else is left to `onOther`. */
    readonly isAnswer: (said: Answer) => boolean;
    readonly withinMs: Millis;
}

export type Ask = (question: Question) => Promise<Result<Answer, ModemError>>;

export interface ExchangeHandlers {
    onReceived(packet: Extract<Said, { readonly kind: "received" }>): void;
    /** What came unasked. */
    onOther(said: Said): void;
    onClose(cause: Error | undefined): void;
}

/** One command at a time over one use of a port, each with its answer or its time. */
export class Exchange {
    readonly #port: BytePort;
    readonly #clock: Clock;
    readonly #reader: Reader;
    readonly #handlers: ExchangeHandlers;
    #heardAt: Millis = 0;
    #asked: { readonly question: Question; settle(result: Result<Answer, ModemError>): void } | undefined;
    /** Why no more questions can be asked. */
    #ended: ModemError | undefined;

    constructor(
        parts: { readonly port: BytePort; readonly clock: Clock; readonly reader: Reader },
        handlers: ExchangeHandlers,
    ) {
        this.#port = parts.port;
        this.#clock = parts.clock;
        this.#reader = parts.reader;
        this.#handlers = handlers;
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
    ask(question: Question): Promise<Result<Answer, ModemError>> {
        if (this.#asked) throw new Error(`${question.name} was asked while ${this.#asked.question.name} waits`);
        if (this.#ended) return Promise.resolve(err(this.#ended));
        return new Promise((resolve) => {
            const cancel = this.#clock.schedule(this.#clock.now().monotonic + question.withinMs, () => {
                this.#reader.forget();
                settle(err({ kind: "silent", detail: `no answer to ${question.name} from ${this.#port.label}` }));
            });
            const settle = (result: Result<Answer, ModemError>): void => {
                cancel();
                if (this.#asked?.settle === settle) this.#asked = undefined;
                resolve(result);
            };
            this.#asked = { question, settle };
            this.#port.write(question.bytes).catch(() => settle(err(unplugged(this.#port.label))));
        });
    }

    /** Whoever waits for an answer is told why there will be none. */
    async close(why: ModemError = STOPPED): Promise<void> {
        this.#end(why);
        await this.#port.close();
    }

    #end(why: ModemError): void {
        this.#ended ??= why;
        this.#asked?.settle(err(this.#ended));
    }

    #hear(chunk: Uint8Array): void {
        const now = this.#clock.now().monotonic;
        if (now - this.#heardAt > LINE_SILENCE_MS) this.#reader.forget();
        this.#heardAt = now;
        for (const said of this.#reader.push(chunk)) this.#take(said);
    }

    #take(said: Said): void {
        const asked = this.#asked;
        if (said.kind === "received") this.#handlers.onReceived(said);
        else if (said.kind === "failure" && asked) {
            asked.settle(err({ kind: said.error, detail: `${asked.question.name}: ${said.detail}` }));
        } else if ((said.kind === "value" || said.kind === "started") && asked?.question.isAnswer(said)) {
            asked.settle(ok(said));
        } else {
            // A module that starts again has forgotten the question.
            if (said.kind === "started") asked?.settle(err(restarted(this.#port.label, asked.question.name)));
            this.#handlers.onOther(said);
        }
    }
}

function restarted(label: string, name: string): ModemError {
    return { kind: "silent", detail: `the module on ${label} started again instead of answering ${name}` };
}

function unplugged(label: string): ModemError {
    return { kind: "unplugged", detail: `${label} is gone: plug the module in again` };
}
