import { err, type Result } from "../../src/base/result.ts";
import type { Clock, Millis } from "../../src/base/time.ts";
import type { TransmitPermit } from "../../src/link/law.ts";
import type { CarrierSense, Modem, ModemError, ModemHandlers, ModemTraits } from "../modem.ts";
import type { BytePortFactory } from "../port/byte-port.ts";
import { PROBE_MS, Recovery } from "../supervision/recovery.ts";
import type { Deliver, Dialect } from "./dialect.ts";
import { KissExchange } from "./exchange.ts";
import type { KissFrame } from "./framing.ts";

/** How often a device may start again while it is set up before that is called a failure. */
const SETUP_ROUNDS_MAX = 3;

export interface KissModemOptions {
    readonly label: string;
    readonly port: BytePortFactory;
    readonly clock: Clock;
    readonly dialect: (deliver: Deliver) => Dialect;
}

/**
 * Drives one KISS device for as long as it lives, whatever its dialect: opens, sets up, watches, and starts again with
 * a growing pause after an unplug, a silence, nonsense or a restart.
 */
export class KissModem implements Modem {
    readonly label: string;
    readonly traits: ModemTraits;
    readonly channelIsFree?: (demand?: CarrierSense) => Promise<boolean | undefined>;
    readonly #options: KissModemOptions;
    readonly #dialect: Dialect;
    readonly #recovery: Recovery;
    #handlers: ModemHandlers | undefined;
    #exchange: KissExchange | undefined;
    #isUp = false;
    #sending = false;
    /** Ends when the last conversation is over; the next one waits for it. */
    #turn: Promise<unknown> = Promise.resolve();
    /** The last use of the port ended because the device made no sense. */
    #afterFault = false;
    /** Starts of the device that nobody asked for. */
    #restarts = 0;

    constructor(options: KissModemOptions) {
        this.label = options.label;
        this.#options = options;
        this.#recovery = new Recovery(options.clock);
        this.#dialect = options.dialect((frame) => {
            if (this.#isUp) this.#handlers?.onFrame(frame);
        });
        this.traits = this.#dialect.traits;
        if (this.traits.detectsChannelActivity) this.channelIsFree = (demand) => this.#listen(demand);
    }

    airtimeMs(size: number): Millis {
        return this.#dialect.airtimeMs(size);
    }

    start(handlers: ModemHandlers): void {
        if (this.#handlers) throw new Error(`${this.label} was started already`);
        this.#handlers = handlers;
        this.#recovery.cameUp();
        void this.#connect();
    }

    async stop(): Promise<void> {
        const exchange = this.#exchange;
        this.#handlers = undefined;
        this.#exchange = undefined;
        this.#isUp = false;
        this.#recovery.cancel();
        this.#dialect.reset();
        await exchange?.close(this.#dialect.lastWords);
    }

    async send(frame: Uint8Array, permit: TransmitPermit): Promise<Result<void, ModemError>> {
        const size = frame.length;
        const { frameSizeMax } = this.traits;
        if (size > frameSizeMax) {
            return err({ kind: "too_large", detail: `${size} bytes do not fit a frame of ${frameSizeMax}` });
        }
        if (size === 0) return err({ kind: "refused", detail: "a frame has at least one byte" });
        const exchange = this.#exchange;
        if (!this.#handlers) return err({ kind: "stopped", detail: "the driver is stopped" });
        if (!exchange || !this.#isUp) return err({ kind: "unplugged", detail: `${this.label} is not ready` });
        if (this.#sending) return err({ kind: "busy", detail: "a frame is being sent already" });
        if (permit.airtimeMs < this.airtimeMs(size)) {
            return err({ kind: "refused", detail: "the permit is for a shorter frame than this one" });
        }
        const copy = Uint8Array.from(frame);
        this.#sending = true;
        const sent = await this.#inTurn(() => this.#dialect.send(exchange, copy));
        this.#sending = false;
        if (sent.ok) {
            this.#recovery.works();
            return sent;
        }
        // A device that swallows a frame without a word has lost its way. One that restarted is being set up already.
        const { kind } = sent.error;
        if ((kind === "silent" || kind === "mismatch") && this.#isUp) this.#lose(exchange, sent.error);
        return sent;
    }

    #listen(demand: CarrierSense | undefined): Promise<boolean | undefined> {
        return this.#inTurn(async () => {
            const exchange = this.#exchange;
            return exchange && this.#isUp ? this.#dialect.channelIsFree?.(exchange, demand) : undefined;
        });
    }

    async #connect(): Promise<void> {
        const { port, clock } = this.#options;
        const exchange = new KissExchange(port(), clock, this.#dialect.kissSizeMax, {
            onFrame: (frame) => this.#hear(exchange, frame),
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
        await this.#setUp(exchange, this.#dialect.openWaitMs);
    }

    async #setUp(exchange: KissExchange, waitMs: Millis): Promise<void> {
        const done = await this.#inTurn(async () => {
            const waited = await exchange.pause(waitMs);
            return waited.ok ? this.#setUpSteadily(exchange) : waited;
        });
        if (this.#exchange !== exchange || !this.#handlers) return;
        if (!done.ok) {
            this.#lose(exchange, done.error);
            return;
        }
        this.#isUp = true;
        this.#afterFault = false;
        this.#recovery.cameUp();
        this.#probeLater(exchange);
        this.#handlers.onUp(`${this.label}: ${done.value}`);
    }

    /** Settings hold only if the device did not start again between the first of them and the last look at them. */
    async #setUpSteadily(exchange: KissExchange): Promise<Result<string, ModemError>> {
        for (let round = 0; round < SETUP_ROUNDS_MAX; round++) {
            const restarts = this.#restarts;
            const done = await this.#dialect.setUp(exchange, this.#afterFault);
            if (this.#restarts === restarts) return done;
            // It has started afresh by itself.
            this.#afterFault = false;
        }
        return err({ kind: "silent", detail: `${this.label} starts again and again: check its power supply` });
    }

    /** Conversations wait for each other; sending waits at most for a probe. */
    #inTurn<T>(task: () => Promise<T>): Promise<T> {
        const done = this.#turn.then(task);
        this.#turn = done;
        return done;
    }

    #hear(exchange: KissExchange, frame: KissFrame): void {
        if (this.#exchange !== exchange) return;
        const heard = this.#dialect.hear(frame);
        if (heard?.kind === "restarted") this.#restart(exchange);
        else if (heard?.kind === "broken" && this.#isUp) this.#lose(exchange, heard.error);
    }

    #restart(exchange: KissExchange): void {
        this.#restarts++;
        const wasUp = this.#isUp;
        const error: ModemError = {
            kind: "silent",
            detail: `${this.label} started again by itself; setting it up`,
        };
        if (wasUp && this.#recovery.hasFailed) {
            this.#lose(exchange, error);
            return;
        }
        this.#dialect.reset();
        this.#isUp = false;
        exchange.interrupt(error);
        // While it is set up, the one who does that sees to it.
        if (!wasUp) return;
        this.#recovery.cancel();
        this.#recovery.failed();
        this.#tellDown(error);
        void this.#setUp(exchange, 0);
    }

    #probeLater(exchange: KissExchange): void {
        this.#recovery.later(PROBE_MS, async () => {
            if (this.#exchange !== exchange || !this.#isUp) return;
            const answer = this.#sending ? undefined : await this.#inTurn(() => this.#dialect.probe(exchange));
            if (this.#exchange !== exchange || !this.#isUp) return;
            if (answer && !answer.ok) {
                this.#lose(exchange, answer.error);
                return;
            }
            this.#recovery.works();
            this.#probeLater(exchange);
        });
    }

    /** Gives this use of the port up and tries again after a pause that grows. */
    #lose(exchange: KissExchange, error: ModemError): void {
        if (this.#exchange !== exchange || !this.#handlers) return;
        this.#exchange = undefined;
        this.#isUp = false;
        // A device that goes away when it is told to start afresh must not be told again for ever.
        this.#afterFault = error.kind !== "unplugged" && !this.#afterFault;
        this.#dialect.reset();
        void exchange.abandon(error);
        this.#tellDown(error);
        this.#recovery.later(this.#recovery.failed(), () => this.#connect());
    }

    #tellDown(error: ModemError): void {
        if (this.#recovery.isNews(error)) this.#handlers?.onDown(error);
    }
}
