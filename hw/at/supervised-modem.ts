import { err, ok, type Result } from "../../src/base/result.ts";
import type { Clock, Millis } from "../../src/base/time.ts";
import type { TransmitPermit } from "../../src/link/law.ts";
import type { Modem, ModemError, ModemHandlers, ModemTraits } from "../modem.ts";
import type { BytePortFactory } from "../port/byte-port.ts";
import { PROBE_MS, Recovery } from "../supervision/recovery.ts";
import type { Dialect, Step } from "./dialect.ts";
import { type Ask, Exchange } from "./exchange.ts";
import type { Said } from "./said.ts";

/** How often a module may start again while it is set up before that is called a failure. */
const SETUP_ROUNDS_MAX = 3;

export interface SupervisedOptions {
    readonly label: string;
    /** Tried in turn until the module answers on one, e.g. the same device at other baud rates. Never empty. */
    readonly ports: readonly BytePortFactory[];
    readonly clock: Clock;
    readonly dialect: Dialect;
}

/**
 * Drives one AT module for as long as it lives: finds it, sets it up and compares, and starts again after an unplug, a
 * reset or a silence.
 */
export class SupervisedModem implements Modem {
    readonly label: string;
    readonly traits: ModemTraits;
    readonly #options: SupervisedOptions;
    readonly #dialect: Dialect;
    readonly #recovery: Recovery;
    #handlers: ModemHandlers | undefined;
    #exchange: Exchange | undefined;
    #isUp = false;
    #sending = false;
    /** Ends when the module has answered the last question; questions queue behind it. */
    #line: Promise<unknown> = Promise.resolve();
    #portIndex = 0;
    /** Ports in a row on which the module said nothing. */
    #silentPorts = 0;
    /** Starts of the module that nobody asked for. */
    #restarts = 0;

    constructor(options: SupervisedOptions) {
        this.label = options.label;
        this.traits = options.dialect.traits;
        this.#options = options;
        this.#dialect = options.dialect;
        this.#recovery = new Recovery(options.clock);
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
        this.#handlers = undefined;
        this.#recovery.cancel();
        this.#isUp = false;
        await this.#exchange?.close();
        this.#exchange = undefined;
    }

    async send(frame: Uint8Array, permit: TransmitPermit): Promise<Result<void, ModemError>> {
        const exchange = this.#exchange;
        const objection = this.#objectionTo(frame, permit);
        if (objection || !exchange) return err(objection ?? notReady(this.label));
        this.#sending = true;
        const problem = await this.#transmit(exchange, Uint8Array.from(frame));
        if (!problem) this.#recovery.works();
        const isLost = problem?.kind === "silent" || problem?.kind === "mismatch";
        // A module that swallows a packet without a word has lost its way. One that restarted is being set up already.
        if (this.#isUp && isLost) this.#lose(exchange, problem);
        else if (this.#isUp && this.#exchange === exchange) await this.#listen(exchange);
        this.#sending = false;
        return problem ? err(problem) : ok(undefined);
    }

    #objectionTo(frame: Uint8Array, permit: TransmitPermit): ModemError | undefined {
        const { frameSizeMax } = this.traits;
        if (frame.length > frameSizeMax) {
            return { kind: "too_large", detail: `${frame.length} bytes do not fit a frame of ${frameSizeMax}` };
        }
        if (!this.#handlers) return { kind: "stopped", detail: "the driver is stopped" };
        if (!this.#isUp) return notReady(this.label);
        if (this.#sending) return { kind: "busy", detail: "a frame is being sent already" };
        if (permit.airtimeMs >= this.airtimeMs(frame.length)) return undefined;
        return { kind: "refused", detail: "the permit is for a shorter frame than this one" };
    }

    async #transmit(exchange: Exchange, frame: Uint8Array): Promise<ModemError | undefined> {
        const before = this.#now();
        const problem = await this.#dialect.send(this.#askOn(exchange), frame);
        if (problem) return problem;
        const airtimeMs = this.airtimeMs(frame.length);
        const tookMs = this.#now() - before;
        if (tookMs >= airtimeMs * this.#dialect.doneShareMin) return undefined;
        const detail = `the module says it sent within ${Math.round(tookMs)} ms what takes ${Math.round(airtimeMs)} ms`;
        return { kind: "mismatch", detail };
    }

    async #listen(exchange: Exchange): Promise<void> {
        const problem = await this.#dialect.listen(this.#askOn(exchange));
        if (problem && this.#isUp) this.#lose(exchange, problem);
    }

    async #connect(): Promise<void> {
        const { ports, clock } = this.#options;
        const port = ports[this.#portIndex % ports.length];
        if (!port) throw new Error(`${this.label} has no port`);
        const parts = { port: port(), clock, reader: this.#dialect.makeReader() };
        const exchange = new Exchange(parts, {
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
        await this.#setUp(exchange, [this.#dialect.reset]);
    }

    async #setUp(exchange: Exchange, first: readonly Step[]): Promise<void> {
        const unreached = await this.#run(exchange, first);
        const problem = unreached ?? (await this.#configureSteadily(exchange));
        if (this.#exchange !== exchange || !this.#handlers) return;
        if (unreached?.kind === "silent" && this.#isAnotherPortLeft()) {
            await this.#tryNextPort(exchange);
            return;
        }
        if (problem) {
            this.#lose(exchange, problem);
            return;
        }
        this.#isUp = true;
        this.#silentPorts = 0;
        this.#recovery.cameUp();
        this.#probeLater(exchange);
        this.#handlers.onUp(`${this.label}: ${this.#dialect.summary()}`);
    }

    /** A module that does not answer may answer on the next port; silence on all of them is bad news. */
    #isAnotherPortLeft(): boolean {
        this.#portIndex++;
        this.#silentPorts = (this.#silentPorts + 1) % this.#options.ports.length;
        return this.#silentPorts !== 0;
    }

    async #tryNextPort(exchange: Exchange): Promise<void> {
        this.#exchange = undefined;
        await exchange.close();
        if (this.#handlers && !this.#exchange) await this.#connect();
    }

    /** Settings hold only if the module did not start again between the first of them and the last look at them. */
    async #configureSteadily(exchange: Exchange): Promise<ModemError | undefined> {
        for (let round = 0; round < SETUP_ROUNDS_MAX; round++) {
            const restarts = this.#restarts;
            const problem = await this.#run(exchange, [this.#dialect.configure, this.#dialect.listen]);
            if (this.#restarts === restarts) return problem;
        }
        return { kind: "silent", detail: `${this.label} starts again and again: check its power supply` };
    }

    async #run(exchange: Exchange, steps: readonly Step[]): Promise<ModemError | undefined> {
        for (const step of steps) {
            const problem = await step(this.#askOn(exchange));
            if (problem) return problem;
        }
        return undefined;
    }

    /** Questions wait for each other; sending waits at most for a probe. */
    #askOn(exchange: Exchange): Ask {
        return (question) => {
            const answer = this.#line.then(() => exchange.ask(question));
            this.#line = answer;
            return answer;
        };
    }

    #receive(packet: Extract<Said, { readonly kind: "received" }>): void {
        if (!this.#isUp) return;
        const bytes = this.#dialect.frameOf(packet.data);
        // Other programs may use the same channel in a form of their own.
        if (bytes) this.#handlers?.onFrame({ bytes, rssiDbm: packet.rssiDbm, snrDb: packet.snrDb });
    }

    #hearUnasked(exchange: Exchange, said: Said): void {
        if (this.#exchange !== exchange) return;
        if (said.kind === "deaf" && this.#isUp && !this.#sending) void this.#listen(exchange);
        if (said.kind === "started") this.#restarted(exchange);
    }

    /** A module that starts by itself has lost its settings. */
    #restarted(exchange: Exchange): void {
        this.#restarts++;
        if (!this.#isUp) return;
        const error: ModemError = { kind: "silent", detail: `${this.label} started again by itself; setting it up` };
        if (this.#recovery.hasFailed) {
            this.#lose(exchange, error);
            return;
        }
        this.#isUp = false;
        this.#recovery.cancel();
        this.#recovery.failed();
        this.#tellDown(error);
        void this.#setUp(exchange, []);
    }

    #probeLater(exchange: Exchange): void {
        this.#recovery.later(PROBE_MS, async () => {
            if (this.#exchange !== exchange || !this.#isUp) return;
            const problem = this.#sending ? undefined : await this.#dialect.probe(this.#askOn(exchange));
            if (this.#exchange !== exchange || !this.#isUp) return;
            if (problem) {
                this.#lose(exchange, problem);
                return;
            }
            this.#recovery.works();
            this.#probeLater(exchange);
        });
    }

    /** Gives this use of the port up and tries again after a pause that grows. */
    #lose(exchange: Exchange, error: ModemError): void {
        if (this.#exchange !== exchange || !this.#handlers) return;
        this.#exchange = undefined;
        this.#isUp = false;
        void exchange.close(error);
        this.#tellDown(error);
        this.#recovery.later(this.#recovery.failed(), () => this.#connect());
    }

    #tellDown(error: ModemError): void {
        if (this.#recovery.isNews(error)) this.#handlers?.onDown(error);
    }

    #now(): Millis {
        return this.#options.clock.now().monotonic;
    }
}

function notReady(label: string): ModemError {
    return { kind: "unplugged", detail: `${label} is not ready` };
}
