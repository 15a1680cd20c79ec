import { err, ok, type Result } from "../../src/base/result.ts";
import type { Clock, Millis } from "../../src/base/time.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import type { Deliver, Dialect, Heard } from "../kiss/dialect.ts";
import { KissModem } from "../kiss/driver.ts";
import type { KissExchange } from "../kiss/exchange.ts";
import type { KissFrame } from "../kiss/framing.ts";
import type { CarrierSense, LoraParams, Modem, ModemError, ModemTraits } from "../modem.ts";
import type { BytePortFactory } from "../port/byte-port.ts";
import {
    ASK_BYTE,
    COMMAND,
    HEADER_BYTES,
    PACKET_BYTES_MAX,
    PART_BYTES_MAX,
    packetAirtimeMs,
    preambleSymbolsOf,
    type RnodeSettings,
    RSSI_OFFSET,
    rnodeSettingProblems,
} from "./commands.ts";
import { MEMORY_LOW, meaningOf, QUEUE_FULL, TRANSMIT_FAILED } from "./errors.ts";
import { askFrame, COMMAND_MS, setUpRnode, stateFrame } from "./set-up.ts";
import { type RnodeStatus, statusOf } from "./status.ts";

/** Many boards start again when their port is opened. */
const OPEN_WAIT_MS = 2_000;
/**
 * One byte less than the firmware takes: a packet that fills both LoRa frames is followed by a third with nothing but a
 * header, which the receiver takes for the beginning of the next packet if that has the same number, one time in 16.
 */
const FRAME_BYTES_MAX = PACKET_BYTES_MAX - 1;
/** Reports on the channel come every second, except while a packet is sent. */
const REPORT_MS = 1_200;
/** Without a demand the channel is free below so much over the noise, as the firmware has it. */
const FREE_OVER_NOISE_DB = 11;
/** On a free channel the firmware waits for two slots and then for some more; until it tells, for these at most. */
const DIFS_SLOTS = 2;
const WINDOW_SLOTS = 14;
const SLOT_MS_MAX = 100;
/** For its work, and for the line. */
const SPARE_MS = 200;
/** Of large packets, in the firmware's queue. */
const QUEUE_PACKETS = 13;
/** The part of the time in which a busy channel is taken to be free. */
const FREE_SHARE = 1 / 4;
/** A longer preamble than this is told by mistake, in symbols. */
const PREAMBLE_SYMBOLS_MAX = 512;
/** The longest thing it says is a picture of its display. */
const KISS_SIZE_MAX = 1_100;

export interface RnodeOptions extends RnodeSettings {
    readonly label: string;
    readonly port: BytePortFactory;
    readonly clock: Clock;
    /** Airtime, load of the channel and the like, as the firmware tells them. */
    readonly onStatus?: (status: RnodeStatus) => void;
}

/**
 * Drives one board with RNode firmware for as long as it lives. Throws on settings that no such board can have: ask
 * `rnodeSettingProblems` beforehand.
 */
export function makeRnode(options: RnodeOptions): Modem {
    const problems = rnodeSettingProblems(options);
    if (problems.length > 0) throw new RangeError(`${options.label}: ${problems.join("; ")}`);
    const { label, port, clock } = options;
    return new KissModem({ label, port, clock, dialect: (deliver) => new RnodeDialect(options, deliver) });
}

class RnodeDialect implements Dialect {
    readonly traits: ModemTraits = {
        frameSizeMax: FRAME_BYTES_MAX,
        // Not the whole part: see `airtimeMs`.
        pieceSizeMax: PART_BYTES_MAX - 1,
        reportsRssi: true,
        detectsChannelActivity: true,
        // By the firmware's own count of its airtime, as far as that goes: see `#awaitDeparture`.
        confirmsTransmission: true,
    };
    readonly kissSizeMax = KISS_SIZE_MAX;
    readonly openWaitMs = OPEN_WAIT_MS;
    /** The radio stays on, so that what was accepted still leaves on the channel that it was meant for. */
    readonly lastWords = [{ command: COMMAND.leave, data: Uint8Array.of(ASK_BYTE) }];
    readonly #options: RnodeOptions;
    readonly #deliver: Deliver;
    /** With the preamble that the firmware chooses. */
    #params: LoraParams;
    /** Airtime of packets that may still wait in the firmware's queue, as it was at a moment. */
    #owedMs: Millis = 0;
    #owedAt: Millis = 0;
    #report: { readonly at: Millis; readonly status: Extract<RnodeStatus, { readonly kind: "channel" }> } | undefined;
    #windowSlots = WINDOW_SLOTS;
    #slotMs: Millis = SLOT_MS_MAX;
    #rssiDbm: number | undefined;
    #snrDb: number | undefined;

    constructor(options: RnodeOptions, deliver: Deliver) {
        this.#options = options;
        this.#deliver = deliver;
        this.#params = { ...options.params, preambleSymbols: preambleSymbolsOf(options.params) };
    }

    airtimeMs(size: number): Millis {
        const airtimeMs = packetAirtimeMs(this.#params, size);
        // Older firmware adds a frame with nothing but a header here too.
        return size === PART_BYTES_MAX ? airtimeMs + loraAirtimeMs(this.#params, HEADER_BYTES) : airtimeMs;
    }

    async setUp(line: KissExchange, afterFault: boolean): Promise<Result<string, ModemError>> {
        const done = await setUpRnode(line, this.#options, afterFault);
        return done.ok ? ok(`${describe(this.#options.params)}, ${done.value}`) : done;
    }

    async send(line: KissExchange, frame: Uint8Array): Promise<Result<void, ModemError>> {
        const ready = { command: COMMAND.ready, data: Uint8Array.of(0) };
        const before = await this.#askWhenFree(line, "have you room for a packet", ready);
        if (!before.ok) return before;
        if (before.value[0] !== 1) return err({ kind: "busy", detail: meaningOf(QUEUE_FULL) });
        const name = "send a packet";
        // Data has no answer, but the question that follows it is only read after it.
        const state = await line.ask<number>({
            name,
            frames: [{ command: COMMAND.data, data: frame }, stateFrame(ASK_BYTE)],
            answerOf: ({ command, data }) =>
                command === COMMAND.radioState ? ok(data[0] ?? 0) : sendError(name, { command, data }),
            withinMs: this.#patienceMs(),
        });
        if (!state.ok) return state;
        if (state.value !== 1) return err(RADIO_OFF);
        const airtimeMs = this.airtimeMs(frame.length);
        this.#owe(airtimeMs);
        return this.#awaitDeparture(line, airtimeMs);
    }

    /**
     * The firmware tells its airtime right after it sent something, and only then is that more than before. Where it does
     * not tell, or begins to count anew at that moment, the longest time that it takes on a free channel has to do.
     */
    async #awaitDeparture(line: KissExchange, airtimeMs: Millis): Promise<Result<void, ModemError>> {
        const begun = this.#now();
        let before = this.#report?.status.airtimeShortPercent;
        const told = await line.ask<true>({
            name: "send a packet",
            frames: [],
            withinMs: airtimeMs + (DIFS_SLOTS + this.#windowSlots) * this.#slotMs + SPARE_MS,
            answerOf: (frame) => {
                const status = statusOf(frame);
                if (status?.kind !== "channel") return sendError("send a packet", frame);
                const isMore = before !== undefined && status.airtimeShortPercent > before;
                before = status.airtimeShortPercent;
                if (isMore) this.#takeStatus(frame);
                return isMore ? ok(true) : undefined;
            },
        });
        if (told.ok) {
            this.#owe(-airtimeMs);
            return line.pause(Math.max(0, begun + airtimeMs - this.#now()));
        }
        if (told.error.kind !== "silent") return told;
        const still = await this.probe(line);
        return still.ok ? ok(undefined) : still;
    }

    async probe(line: KissExchange): Promise<Result<unknown, ModemError>> {
        const state = await this.#askWhenFree(line, "is your radio on", stateFrame(ASK_BYTE));
        return !state.ok || state.value[0] === 1 ? state : err(RADIO_OFF);
    }

    /** By the firmware's last report: nothing else tells. It listens again by itself before it sends. */
    async channelIsFree(line: KissExchange, demand: CarrierSense | undefined): Promise<boolean | undefined> {
        const heard = await line.pause(Math.max(demand?.minMs ?? 0, this.#isReportFresh() ? 0 : REPORT_MS));
        const report = this.#report?.status;
        if (!heard.ok || !report || !this.#isReportFresh()) return undefined;
        const { rssiDbm, noiseFloorDbm, interferenceDbm } = report;
        const thresholdDbm = demand?.thresholdDbm ?? noiseFloorDbm + FREE_OVER_NOISE_DB;
        return interferenceDbm === undefined && rssiDbm < thresholdDbm;
    }

    hear(frame: KissFrame): Heard | undefined {
        const [first = 0] = frame.data;
        if (frame.command === COMMAND.rssi) this.#rssiDbm = first - RSSI_OFFSET;
        else if (frame.command === COMMAND.snr) this.#snrDb = ((first << 24) >> 24) / 4;
        else if (frame.command === COMMAND.data) this.#receive(frame.data);
        else if (frame.command === COMMAND.reset) return { kind: "restarted" };
        else if (frame.command === COMMAND.error && first !== MEMORY_LOW)
            return { kind: "broken", error: { kind: "refused", detail: meaningOf(first) } };
        else this.#takeStatus(frame);
        return undefined;
    }

    reset(): void {
        this.#rssiDbm = undefined;
        this.#snrDb = undefined;
    }

    #receive(bytes: Uint8Array): void {
        const [rssiDbm, snrDb] = [this.#rssiDbm, this.#snrDb];
        this.reset();
        if (bytes.length > 0 && bytes.length <= PACKET_BYTES_MAX) this.#deliver({ bytes, rssiDbm, snrDb });
    }

    #takeStatus(frame: KissFrame): void {
        const status = statusOf(frame);
        if (!status) return;
        // Other firmware may choose a longer preamble; the law counts what is really sent.
        if (status.kind === "physical" && status.preambleSymbols <= PREAMBLE_SYMBOLS_MAX) {
            const preambleSymbols = Math.max(this.#params.preambleSymbols, status.preambleSymbols);
            this.#params = { ...this.#params, preambleSymbols };
            this.#slotMs = Math.min(SLOT_MS_MAX, status.csmaSlotMs);
        }
        // The more it has sent itself, the more slots it may wait.
        if (status.kind === "csma") this.#windowSlots = status.slotsMax;
        if (status.kind === "channel") this.#report = { at: this.#now(), status };
        this.#options.onStatus?.(status);
    }

    #isReportFresh(): boolean {
        return this.#report !== undefined && this.#now() - this.#report.at <= REPORT_MS;
    }

    #now(): Millis {
        return this.#options.clock.now().monotonic;
    }

    #askWhenFree(line: KissExchange, name: string, frame: KissFrame): Promise<Result<Uint8Array, ModemError>> {
        return askFrame(line, name, frame, this.#patienceMs());
    }

    /** While it sends the firmware reads nothing, and it may send all that waits in one go. */
    #patienceMs(): Millis {
        this.#owe(0);
        return COMMAND_MS + this.#owedMs;
    }

    /** Of packets whose departure was not seen, some will have left meanwhile; under a lock perhaps none. */
    #owe(airtimeMs: Millis): void {
        const now = this.#now();
        const freeMs = this.#options.airtimeLock ? 0 : (now - this.#owedAt) * FREE_SHARE;
        const left = Math.max(0, this.#owedMs - freeMs);
        this.#owedMs = Math.min(Math.max(0, left + airtimeMs), QUEUE_PACKETS * this.airtimeMs(FRAME_BYTES_MAX));
        this.#owedAt = now;
    }
}

/** Some boards start again without a word. */
const RADIO_OFF: ModemError = { kind: "mismatch", detail: "its radio went off by itself; setting it up again" };

function sendError(name: string, { command, data }: KissFrame): Result<never, ModemError> | undefined {
    const code = data[0] ?? 0;
    if (command !== COMMAND.error || code === MEMORY_LOW) return undefined;
    const detail = `${name}: ${meaningOf(code)}`;
    if (code === QUEUE_FULL) return err({ kind: "busy", detail });
    // The firmware says so when its radio is off.
    return code === TRANSMIT_FAILED ? err(RADIO_OFF) : err({ kind: "refused", detail });
}

function describe({ frequencyHz, spreadingFactor, bandwidthHz, powerDbm }: LoraParams): string {
    return `${frequencyHz / 1e6} MHz, SF${spreadingFactor}, ${bandwidthHz / 1000} kHz, ${powerDbm} dBm`;
}
