import { concatBytes } from "../../src/base/bytes.ts";
import { err, ok, type Result } from "../../src/base/result.ts";
import type { Millis } from "../../src/base/time.ts";
import type { TransmitPermit } from "../../src/link/law.ts";
import type { CarrierSense, Modem, ModemError, ModemHandlers, ModemTraits } from "../modem.ts";
import { PROBE_MS, Recovery } from "../supervision/recovery.ts";
import { airtimeBoundMs } from "./airtime.ts";
import { AMBIENT_QUERY } from "./commands.ts";
import { configure, verify, type Wanted } from "./configure.ts";
import { Deframer, encodeFrame, FRAMING_BYTES, type Heard } from "./frame.ts";
import { E22, E220, type EbyteKind } from "./kind.ts";
import { type EbyteOptions, problemsOf } from "./options.ts";
import { AUX_LOW_MS_MAX, Pins } from "./pins.ts";
import { Session } from "./session.ts";
import { channelOf, describe, type FullSettings, filledIn, registersOf } from "./settings.ts";
import { type Outgoing, transmit } from "./transmit.ts";

/** The same where the question makes the module deaf for a moment. */
const DEAF_PROBE_MS = 300_000;
const AMBIENT_ANSWER_MS_MAX = 500;
/** So many questions in a row may go unanswered by a module whose registers are right; then it is not asked again. */
const AMBIENT_MISSES_MAX = 3;
/** After so much silence what was begun is given up; inside a packet the module makes no pause. */
const FRAME_SILENCE_MS = 200;
/** After AUX rose, bytes that it announced must have come by now. */
const ANNOUNCED_MS = 100;
const FIXED_PREFIX_BYTES = 3;
/** Where no law says otherwise. */
const BUSY_DBM = -90;
/** The rest of the 3 s that a permit lives goes to the UART and to a module that listens before it talks. */
const BEFORE_SENDING_MS_MAX = 500;
const BITS_PER_BYTE = 10;

/**
 * Drives one EBYTE E22 for as long as it lives: sets it up, compares, and starts again after an unplug, a reset or a
 * silence. Throws on settings that the module cannot have: ask `e22SettingProblems` beforehand.
 */
export function makeE22(options: EbyteOptions): Modem {
    return make(E22, options);
}

/** As `makeE22`, for the E220. */
export function makeE220(options: EbyteOptions): Modem {
    return make(E220, options);
}

function make(kind: EbyteKind, options: EbyteOptions): Modem {
    const problems = problemsOf(kind, options);
    if (problems.length > 0) throw new RangeError(`${options.label}: ${problems.join("; ")}`);
    return new Ebyte(kind, options);
}

class Ebyte implements Modem {
    readonly label: string;
    readonly traits: ModemTraits;
    readonly channelIsFree?: (demand?: CarrierSense) => Promise<boolean | undefined>;
    readonly #kind: EbyteKind;
    readonly #options: EbyteOptions;
    readonly #settings: FullSettings;
    readonly #wanted: Wanted;
    readonly #recovery: Recovery;
    #handlers: ModemHandlers | undefined;
    #use: { readonly session: Session; pins: Pins | undefined; hears: Deframer } | undefined;
    #isUp = false;
    #isSending = false;
    /** Ends when the module is free for the next thing to do. */
    #line: Promise<unknown> = Promise.resolve();
    /** Ends when everything of the last use is let go. */
    #closing: Promise<unknown> = Promise.resolve();
    #ambientMisses = 0;
    /** The last answer about the noise; undefined while one is waited for. */
    #noiseDbm: number | undefined;
    #bytesHeard = 0;
    #cancelSilence: () => void = () => undefined;

    constructor(kind: EbyteKind, options: EbyteOptions) {
        this.label = options.label;
        this.#kind = kind;
        this.#options = options;
        this.#recovery = new Recovery(options.clock);
        this.#settings = filledIn(kind, options);
        const { subPacketSize, rssiByte, fixedTo, baudRate } = this.#settings;
        const registers = registersOf(kind, this.#settings);
        this.#wanted = { kind, label: options.label, registers, isKept: options.keepsSettings ?? false, baudRate };
        this.traits = {
            frameSizeMax: subPacketSize - FRAMING_BYTES - (fixedTo ? FIXED_PREFIX_BYTES : 0),
            reportsRssi: rssiByte !== "none",
            detectsChannelActivity: options.wires?.mode !== undefined,
            confirmsTransmission: options.wires?.aux !== undefined,
        };
        if (this.traits.detectsChannelActivity) this.channelIsFree = (demand) => this.#isChannelFree(demand);
    }

    airtimeMs(size: number): Millis {
        return airtimeBoundMs(this.#settings, size + FRAMING_BYTES);
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
        this.#letGo({ kind: "stopped", detail: "the driver was stopped" });
        await this.#closing;
    }

    async send(frame: Uint8Array, permit: TransmitPermit): Promise<Result<void, ModemError>> {
        const size = frame.length;
        const sizeMax = this.traits.frameSizeMax;
        if (size > sizeMax) return err({ kind: "too_large", detail: `${size} bytes do not fit a frame of ${sizeMax}` });
        if (size === 0) return err({ kind: "refused", detail: "an empty frame cannot be sent" });
        const use = this.#use;
        if (!this.#handlers) return err({ kind: "stopped", detail: "the driver is stopped" });
        if (!use?.pins || !this.#isUp) return err({ kind: "unplugged", detail: `${this.label} is not ready` });
        if (this.#isSending) return err({ kind: "busy", detail: "a frame is being sent already" });
        if (permit.airtimeMs < this.airtimeMs(size)) {
            return err({ kind: "refused", detail: "the permit is for a shorter frame than this one" });
        }
        this.#isSending = true;
        const { session, pins } = use;
        const bytes = concatBytes(this.#prefix(), encodeFrame(frame));
        const startBy = this.#options.clock.now().monotonic + BEFORE_SENDING_MS_MAX;
        const out = { bytes, airtimeMs: this.airtimeMs(size), startBy };
        const sent = await this.#inTurn(() => this.#transmit(session, pins, out));
        this.#isSending = false;
        if (sent.ok) this.#recovery.works();
        else if (sent.error.kind !== "busy") this.#lose(session, sent.error);
        return sent;
    }

    /** By the strength that the module measures; a LoRa signal below the noise is not seen. */
    async #isChannelFree(demand?: CarrierSense): Promise<boolean | undefined> {
        const use = this.#use;
        if (!use?.pins || !this.#isUp || this.#isSending || !this.#asksAmbient(use.pins)) return undefined;
        const { session, pins } = use;
        const { clock } = this.#options;
        return this.#inTurn(async () => {
            const end = clock.now().monotonic + (demand?.minMs ?? 0);
            do {
                const noiseDbm = await this.#askNoise(session, pins);
                if (noiseDbm === undefined) return undefined;
                if (noiseDbm >= (demand?.thresholdDbm ?? BUSY_DBM)) return false;
            } while (clock.now().monotonic < end);
            return true;
        });
    }

    /** A module that starts again while it sends has lost its settings: the next frame must not find it so. */
    async #transmit(
        session: Session,
        pins: Pins,
        frame: Pick<Outgoing, "bytes" | "airtimeMs" | "startBy">,
    ): Promise<Result<void, ModemError>> {
        const { listenBeforeTalk, baudRate } = this.#settings;
        const uartMs = (frame.bytes.length * BITS_PER_BYTE * 1000) / baudRate;
        const out = { ...frame, label: this.label, uartMs, listensBefore: listenBeforeTalk };
        // Without AUX a start of the module goes unseen, and the frame would go out at settings of its own.
        const steady = pins.hasAux || !this.#asksAmbient(pins) ? ok(undefined) : await this.#check(session, pins);
        if (!steady.ok) return steady;
        const sent = await transmit(session, pins, out);
        return sent.ok && this.#asksAmbient(pins) ? this.#check(session, pins) : sent;
    }

    #prefix(): Uint8Array {
        const { fixedTo } = this.#settings;
        if (!fixedTo) return new Uint8Array(0);
        return Uint8Array.of(fixedTo.address >> 8, fixedTo.address & 0xff, channelOf(this.#settings));
    }

    async #connect(): Promise<void> {
        await this.#closing;
        if (!this.#handlers || this.#use) return;
        const { portAt, clock, wires } = this.#options;
        const session = new Session({
            label: this.label,
            portAt,
            clock,
            onEnd: (error) => this.#lose(session, error),
        });
        const use = { session, pins: undefined as Pins | undefined, hears: new Deframer(this.#settings.rssiByte) };
        this.#use = use;
        const pins = await Pins.open(this.#kind, wires);
        if (!pins.ok) {
            this.#lose(session, pins.error);
            return;
        }
        if (this.#use !== use) {
            await pins.value.close();
            return;
        }
        use.pins = pins.value;
        this.#watchAux(session, pins.value);
        await this.#inTurn(() => this.#setUp(session, pins.value));
    }

    async #setUp(session: Session, pins: Pins): Promise<void> {
        const begun = await pins.awaitStart(session);
        const opened = begun.ok ? await this.#settle(session, pins) : begun;
        const use = this.#use;
        if (use?.session !== session || !this.#handlers) return;
        use.hears = new Deframer(this.#settings.rssiByte);
        session.onBytes = (chunk) => this.#hear(chunk);
        this.#ambientMisses = 0;
        // A module that started again behind our back, on its way out of configuration, gives itself away here.
        const steady = opened.ok && pins.canConfigure ? await this.#check(session, pins) : opened;
        if (this.#use !== use || !this.#handlers) return;
        if (!steady.ok) {
            this.#lose(session, steady.error);
            return;
        }
        this.#isUp = true;
        this.#recovery.cameUp();
        this.#probeLater(session, pins);
        const trust = pins.canConfigure ? "" : ", settings trusted, not compared";
        this.#handlers.onUp(`${this.label}: ${describe(this.#kind, this.#settings)}${trust}`);
    }

    #settle(session: Session, pins: Pins): Promise<Result<void, ModemError>> {
        return pins.canConfigure ? configure(session, pins, this.#wanted) : session.openAt(this.#settings.baudRate);
    }

    #hear(chunk: Uint8Array): void {
        const use = this.#use;
        if (!use) return;
        this.#bytesHeard += chunk.length;
        this.#cancelSilence();
        for (const heard of use.hears.push(chunk)) this.#take(heard);
        if (use.hears.heldBytes === 0) return;
        this.#cancelSilence = this.#after(FRAME_SILENCE_MS, () => {
            for (const heard of use.hears.flush()) this.#take(heard);
        });
    }

    #take(heard: Heard): void {
        if (heard.kind === "ambient") this.#noiseDbm = heard.noiseDbm;
        else if (this.#isUp) this.#handlers?.onFrame({ bytes: heard.bytes, rssiDbm: heard.rssiDbm, snrDb: undefined });
    }

    /** AUX falls before bytes come and when the module starts again: without bytes it was a start. */
    #watchAux(session: Session, pins: Pins): void {
        let heardBefore = 0;
        // Also the end of a start-up that this driver came into.
        let isOurs = true;
        let cancelStuck: () => void = () => undefined;
        pins.onAux((isHigh) => {
            session.poke();
            if (!isHigh) {
                heardBefore = this.#bytesHeard;
                isOurs = this.#isSending || !this.#isUp;
                cancelStuck = this.#after(AUX_LOW_MS_MAX, () => {
                    if (this.#isUp) this.#lose(session, { kind: "silent", detail: pins.stuck(AUX_LOW_MS_MAX) });
                });
                return;
            }
            cancelStuck();
            const heard = heardBefore;
            if (isOurs || !this.#isUp) return;
            this.#after(ANNOUNCED_MS, () => {
                const isCurrent = this.#use?.session === session && this.#isUp && !this.#isSending;
                if (isCurrent && heard === this.#bytesHeard) this.#setUpAgain(session, pins);
            });
        });
    }

    #setUpAgain(session: Session, pins: Pins): void {
        if (!pins.canConfigure) return;
        const error: ModemError = { kind: "silent", detail: `${this.label} started again by itself; setting it up` };
        if (this.#recovery.hasFailed) {
            this.#lose(session, error);
            return;
        }
        this.#isUp = false;
        this.#recovery.failed();
        this.#tellDown(error);
        void this.#inTurn(() => this.#setUp(session, pins));
    }

    #probeLater(session: Session, pins: Pins): void {
        const ms = this.#asksAmbient(pins) ? PROBE_MS : DEAF_PROBE_MS;
        this.#recovery.later(ms, () => this.#probe(session, pins));
    }

    async #probe(session: Session, pins: Pins): Promise<void> {
        const found = this.#isSending ? ok(undefined) : await this.#inTurn(() => this.#check(session, pins));
        if (this.#use?.session !== session || !this.#isUp) return;
        if (!found.ok) {
            this.#lose(session, found.error);
            return;
        }
        this.#recovery.works();
        this.#probeLater(session, pins);
    }

    /** Whether the module is there and set as it was. */
    async #check(session: Session, pins: Pins): Promise<Result<void, ModemError>> {
        if (this.#asksAmbient(pins) && (await this.#askNoise(session, pins)) !== undefined) return ok(undefined);
        if (session.ended) return err(session.ended);
        if (!pins.canConfigure) return ok(undefined);
        const verified = await verify(session, pins, this.#wanted);
        if (!verified.ok) return verified;
        this.#ambientMisses++;
        session.onBytes = (chunk) => this.#hear(chunk);
        return verified;
    }

    /** Undefined when the module did not answer. */
    async #askNoise(session: Session, pins: Pins): Promise<number | undefined> {
        const hears = this.#use?.hears;
        if (!hears || !(await pins.untilIdle(session, AMBIENT_ANSWER_MS_MAX)).ok) return undefined;
        this.#noiseDbm = undefined;
        hears.awaitsAmbient = true;
        await session.write(AMBIENT_QUERY);
        await session.until(() => this.#noiseDbm !== undefined, AMBIENT_ANSWER_MS_MAX);
        hears.awaitsAmbient = false;
        if (this.#noiseDbm !== undefined) this.#ambientMisses = 0;
        return this.#noiseDbm;
    }

    /** Only where we switched it on ourselves: a module that does not know the question would send it. */
    #asksAmbient(pins: Pins): boolean {
        return pins.canConfigure && this.#ambientMisses < AMBIENT_MISSES_MAX;
    }

    #inTurn<T>(work: () => Promise<T>): Promise<T> {
        const done = this.#line.then(work);
        this.#line = done;
        return done;
    }

    /** Gives this use up and tries again after a pause that grows. */
    #lose(session: Session, error: ModemError): void {
        if (this.#use?.session !== session || !this.#handlers) return;
        this.#letGo(error);
        this.#tellDown(error);
        this.#recovery.later(this.#recovery.failed(), () => this.#connect());
    }

    #letGo(error: ModemError): void {
        const use = this.#use;
        this.#use = undefined;
        this.#isUp = false;
        this.#cancelSilence();
        if (use) this.#closing = Promise.all([use.session.close(error), use.pins?.close()]);
    }

    #tellDown(error: ModemError): void {
        if (this.#recovery.isNews(error)) this.#handlers?.onDown(error);
    }

    #after(ms: Millis, task: () => void): () => void {
        const { clock } = this.#options;
        return clock.schedule(clock.now().monotonic + ms, task);
    }
}
