import { err, ok, type Result } from "../../src/base/result.ts";
import type { Clock, Millis } from "../../src/base/time.ts";
import type { Deliver, Dialect, Heard } from "../kiss/dialect.ts";
import { KissModem } from "../kiss/driver.ts";
import type { KissExchange } from "../kiss/exchange.ts";
import type { KissFrame } from "../kiss/framing.ts";
import type { LoraParams, Modem, ModemError, ModemTraits } from "../modem.ts";
import type { BytePortFactory } from "../port/byte-port.ts";
import {
    ASK_BYTE,
    COMMAND,
    PACKET_BYTES_MAX,
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
        reportsRssi: true,
        detectsChannelActivity: true,
        // Its queue takes a packet at once, and it never tells when that left.
        confirmsTransmission: false,
    };
    readonly kissSizeMax = KISS_SIZE_MAX;
    readonly openWaitMs = OPEN_WAIT_MS;
    /** The radio stays on, so that what was accepted still leaves on the channel that it was meant for. */
    readonly lastWords = [{ command: COMMAND.leave, data: Uint8Array.of(ASK_BYTE) }];
    readonly #options: RnodeOptions;
    readonly #deliver: Deliver;
    /** With the preamble that the firmware chooses. */
    #params: LoraParams;
    #rssiDbm: number | undefined;
    #snrDb: number | undefined;

    constructor(options: RnodeOptions, deliver: Deliver) {
        this.#options = options;
        this.#deliver = deliver;
        this.#params = { ...options.params, preambleSymbols: preambleSymbolsOf(options.params) };
    }

    airtimeMs(size: number): Millis {
        return packetAirtimeMs(this.#params, size);
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
        return line.ask({
            name,
            frames: [{ command: COMMAND.data, data: frame }, ready],
            answerOf: (said) => (said.command === COMMAND.ready ? ok(undefined) : sendError(name, said)),
            withinMs: this.#patienceMs(),
        });
    }

    async probe(line: KissExchange): Promise<Result<unknown, ModemError>> {
        const state = await this.#askWhenFree(line, "is your radio on", stateFrame(ASK_BYTE));
        if (!state.ok || state.value[0] === 1) return state;
        return err({ kind: "mismatch", detail: "its radio went off by itself; setting it up again" });
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
        }
        this.#options.onStatus?.(status);
    }

    /** While a packet is on the air the firmware reads nothing. */
    #askWhenFree(line: KissExchange, name: string, frame: KissFrame): Promise<Result<Uint8Array, ModemError>> {
        return askFrame(line, name, frame, this.#patienceMs());
    }

    #patienceMs(): Millis {
        return COMMAND_MS + this.airtimeMs(PACKET_BYTES_MAX);
    }
}

function sendError(name: string, { command, data }: KissFrame): Result<never, ModemError> | undefined {
    const code = data[0] ?? 0;
    if (command !== COMMAND.error || code === MEMORY_LOW) return undefined;
    const detail = `${name}: ${meaningOf(code)}`;
    if (code === QUEUE_FULL) return err({ kind: "busy", detail });
    // It sends nothing because its radio is off: it started again and did not say so.
    return err({ kind: code === TRANSMIT_FAILED ? "mismatch" : "refused", detail });
}

function describe({ frequencyHz, spreadingFactor, bandwidthHz, powerDbm }: LoraParams): string {
    return `${frequencyHz / 1e6} MHz, SF${spreadingFactor}, ${bandwidthHz / 1000} kHz, ${powerDbm} dBm`;
}
