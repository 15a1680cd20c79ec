import { err, ok, type Result } from "../../src/base/result.ts";
import type { Clock, Millis } from "../../src/base/time.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import type { TransmitPermit } from "../../src/link/law.ts";
import type { Modem, ModemError, ModemHandlers, ModemTraits } from "../modem.ts";
import type { BytePortFactory } from "../port/byte-port.ts";
import {
    AIR_OVERHEAD_BYTES,
    commandBytes,
    type Rylr998Settings,
    sendBytes,
    settingLines,
    settingProblems,
} from "./commands.ts";
import type { Said } from "./dialogue.ts";
import { type Answer, Exchange, type Question } from "./exchange.ts";
import { BASE64_TEXT, BINARY_TEXT, type PayloadText } from "./payload-text.ts";

/** The module answers within some milliseconds; this is for a busy USB adapter. */
const COMMAND_MS = 1_000;
const RESET_MS = 4_000;
/** Beyond the airtime, for the serial line and the module's own work. */
const SEND_MARGIN_MS = 2_000;
/** A module that says nothing for so long is asked whether it is there. */
const PROBE_MS = 30_000;
const RETRY_MS_FIRST = 1_000;
const RETRY_MS_MAX = 30_000;
/** How often a module may start again while it is set up before that is called a failure. */
const SETUP_ROUNDS_MAX = 3;

export interface Rylr998Options extends Rylr998Settings {
    readonly label: string;
    readonly port: BytePortFactory;
    readonly clock: Clock;
    /** Raw bytes instead of base64; not every firmware can. */
    readonly binary?: boolean;
}

/**
 * Drives one RYLR998 or RYLR498 for as long as it lives: finds it, sets it up and compares, and starts again after an
 * unplug, a reset or a silence. Throws on settings that the module cannot have: ask `settingProblems` beforehand.
 */
export function makeRylr998(options: Rylr998Options): Modem {
    const problems = settingProblems(options);
    if (problems.length > 0) throw new RangeError(`${options.label}: ${problems.join("; ")}`);
    return new Rylr998(options);
}

class Rylr998 implements Modem {
    readonly label: string;
    readonly traits: ModemTraits;
    readonly #options: Rylr998Options;
    readonly #text: PayloadText;
    #handlers: ModemHandlers | undefined;
    #exchange: Exchange | undefined;
    #isUp = false;
    #sending = false;
    /** Ends when the module has answered the last question; questions queue behind it. */
    #line: Promise<unknown> = Promise.resolve();
    #cancelTimer: () => void = () => undefined;
    #retryMs = RETRY_MS_FIRST;
    /** Starts of the module that nobody asked for. */
    #restarts = 0;
    /** The last bad news that was told; the same again at each retry is no news. */
    #toldDown: string | undefined;

    constructor(options: Rylr998Options) {
        this.label = options.label;
        this.#options = options;
        this.#text = options.binary ? BINARY_TEXT : BASE64_TEXT;
        this.traits = {
            frameSizeMax: this.#text.frameSizeMax,
            reportsRssi: true,
            detectsChannelActivity: false,
            confirmsTransmission: true,
        };
    }

    airtimeMs(size: number): Millis {
        return loraAirtimeMs(this.#options.params, this.#text.textSize(size) + AIR_OVERHEAD_BYTES);
    }

    start(handlers: ModemHandlers): void {
        if (this.#handlers) throw new Error(`${this.label} was started already`);
        this.#handlers = handlers;
        this.#toldDown = undefined;
        void this.#connect();
    }

    async stop(): Promise<void> {
        this.#handlers = undefined;
        this.#cancelTimer();
        this.#isUp = false;
        await this.#exchange?.close();
        this.#exchange = undefined;
    }

    async send(frame: Uint8Array, permit: TransmitPermit): Promise<Result<void, ModemError>> {
        const size = frame.length;
        if (size > this.traits.frameSizeMax) {
            return err({
                kind: "too_large",
                detail: `${size} bytes do not fit a frame of ${this.traits.frameSizeMax}`,
            });
        }
        const exchange = this.#exchange;
        if (!this.#handlers) return err({ kind: "stopped", detail: "the driver is stopped" });
        if (!exchange || !this.#isUp) return err({ kind: "unplugged", detail: `${this.label} is not ready` });
        if (this.#sending) return err({ kind: "busy", detail: "a frame is being sent already" });
        if (permit.airtimeMs < this.airtimeMs(size)) {
            return err({ kind: "refused", detail: "the permit is for a shorter frame than this one" });
        }
        this.#sending = true;
        const sent = await this.#ask(exchange, {
            name: "AT+SEND",
            bytes: sendBytes(this.#text.encode(frame)),
            isAnswer: isOk,
            withinMs: this.airtimeMs(size) + SEND_MARGIN_MS,
        });
        this.#sending = false;
        if (sent.ok) return ok(undefined);
        // A module that swallows a packet without a word has lost its way. One that restarted is being set up already.
        if (sent.error.kind === "silent" && this.#isUp) this.#lose(exchange, sent.error);
        return sent;
    }

    async #connect(): Promise<void> {
        const exchange = new Exchange(this.#options.port(), this.#options.clock, {
            onReceived: (packet) => this.#receive(packet),
            onOther: (said) => this.#hearUnasked(exchange, said),
            onClose: (cause) =>
                this.#lose(exchange, {
                    kind: "unplugged",
                    detail: `${this.label} is gone${cause ? ` (${cause.message})` : ""}: plug the module in again`,
                }),
        });
        this.#exchange = exchange;
        try {
            await exchange.open();
        } catch (cause) {
            this.#lose(exchange, { kind: "unplugged", detail: cause instanceof Error ? cause.message : String(cause) });
            return;
        }
        await this.#setUp(exchange, true);
    }

    async #setUp(exchange: Exchange, withReset: boolean): Promise<void> {
        let problem = withReset ? await this.#reset(exchange) : undefined;
        problem ??= await this.#configureSteadily(exchange);
        if (this.#exchange !== exchange || !this.#handlers) return;
        if (problem) {
            this.#lose(exchange, problem);
            return;
        }
        this.#isUp = true;
        this.#retryMs = RETRY_MS_FIRST;
        this.#toldDown = undefined;
        this.#probeLater(exchange);
        this.#handlers.onUp(`${this.label}: ${describe(this.#options)}`);
    }

    async #reset(exchange: Exchange): Promise<ModemError | undefined> {
        const answer = await this.#ask(exchange, {
            name: "AT+RESET",
            bytes: commandBytes("AT+RESET"),
            isAnswer: ({ kind }) => kind === "ready",
            withinMs: RESET_MS,
        });
        return answer.ok ? undefined : answer.error;
    }

    /** Settings hold only if the module did not start again between the first of them and the last look at them. */
    async #configureSteadily(exchange: Exchange): Promise<ModemError | undefined> {
        for (let round = 0; round < SETUP_ROUNDS_MAX; round++) {
            const restarts = this.#restarts;
            const problem = await this.#configure(exchange);
            if (this.#restarts === restarts) return problem;
        }
        return { kind: "silent", detail: `${this.label} starts again and again: check its power supply` };
    }

    /** Sets everything, then reads everything back: a module may take a command and do something else. */
    async #configure(exchange: Exchange): Promise<ModemError | undefined> {
        const lines = settingLines(this.#options);
        for (const [name, value] of lines) {
            const text = `AT+${name}=${value}`;
            const answer = await this.#ask(exchange, command(text, isOk));
            if (!answer.ok) return answer.error;
        }
        for (const [name, value] of lines) {
            const isValue = (said: Answer): boolean => said.kind === "value" && said.name === name;
            const answer = await this.#ask(exchange, command(`AT+${name}?`, isValue));
            if (!answer.ok) return answer.error;
            const found = answer.value.kind === "value" ? answer.value.value : "";
            if (found !== value) {
                return { kind: "mismatch", detail: `${name} was set to ${value}, but the module says ${found}` };
            }
        }
        return undefined;
    }

    /** Questions wait for each other; sending waits at most for a probe. */
    #ask(exchange: Exchange, question: Question): Promise<Result<Answer, ModemError>> {
        const answer = this.#line.then(() => exchange.ask(question));
        this.#line = answer;
        return answer;
    }

    #receive(packet: Extract<Said, { readonly kind: "received" }>): void {
        if (!this.#isUp) return;
        const bytes = this.#text.decode(packet.data);
        // Other programs may use the same network in a form of their own.
        if (bytes) this.#handlers?.onFrame({ bytes, rssiDbm: packet.rssiDbm, snrDb: packet.snrDb });
    }

    /** A module that starts by itself has lost its settings. */
    #hearUnasked(exchange: Exchange, said: Said): void {
        if (said.kind !== "ready" || this.#exchange !== exchange) return;
        this.#restarts++;
        if (!this.#isUp) return;
        this.#isUp = false;
        this.#cancelTimer();
        this.#tellDown({ kind: "silent", detail: `${this.label} started again by itself; setting it up` });
        void this.#setUp(exchange, false);
    }

    #probeLater(exchange: Exchange): void {
        this.#later(PROBE_MS, async () => {
            if (this.#exchange !== exchange || !this.#isUp) return;
            const answer = this.#sending ? undefined : await this.#ask(exchange, command("AT", isOk));
            if (this.#exchange !== exchange || !this.#isUp) return;
            if (answer && !answer.ok) this.#lose(exchange, answer.error);
            else this.#probeLater(exchange);
        });
    }

    /** Gives this use of the port up and tries again after a pause that grows. */
    #lose(exchange: Exchange, error: ModemError): void {
        if (this.#exchange !== exchange || !this.#handlers) return;
        this.#exchange = undefined;
        this.#isUp = false;
        void exchange.close();
        this.#tellDown(error);
        this.#later(this.#retryMs, () => this.#connect());
        this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2);
    }

    #tellDown(error: ModemError): void {
        const told = `${error.kind} ${error.detail}`;
        if (told === this.#toldDown) return;
        this.#toldDown = told;
        this.#handlers?.onDown(error);
    }

    #later(ms: Millis, task: () => Promise<void>): void {
        const { clock } = this.#options;
        this.#cancelTimer();
        this.#cancelTimer = clock.schedule(clock.now().monotonic + ms, () => void task());
    }
}

function command(text: string, isAnswer: Question["isAnswer"]): Question {
    return { name: text, bytes: commandBytes(text), isAnswer, withinMs: COMMAND_MS };
}

function isOk(said: Answer): boolean {
    return said.kind === "ok";
}

function describe({ params, address, networkId }: Rylr998Settings): string {
    const { frequencyHz, spreadingFactor, bandwidthHz, powerDbm } = params;
    return `${frequencyHz / 1e6} MHz, SF${spreadingFactor}, ${bandwidthHz / 1000} kHz, ${powerDbm} dBm, address ${address}, network ${networkId}`;
}
