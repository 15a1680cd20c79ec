import { fromHex, toHex } from "../../src/base/encoding.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import type { AirChannel, AirRadio, Heard } from "../air/air.ts";
import { Board, type BoardOptions, bytesOf, type Firmware } from "../emulation/board.ts";
import type { Misbehaviour } from "../emulation/misbehaviour.ts";
import { type TextLine, TextLines } from "../emulation/text-lines.ts";
import type { LoraParams } from "../modem.ts";
import type { BytePort } from "../port/byte-port.ts";
import {
    RAK3172_FACTORY,
    RAK3172_FIRMWARES,
    type Rak3172Firmware,
    settingOf,
    settingText,
} from "./emulated-settings.ts";
import { FRAME_BYTES_MAX } from "./settings.ts";

const LINE_BYTES_MAX = 1_024;
const WINDOW_MS_MIN = 15;
/** The sync word of a private network. */
const NETWORK = 0x1424;

export interface Rak3172EmulatorOptions extends BoardOptions {
    readonly firmware?: keyof typeof RAK3172_FIRMWARES;
}

/** How it listens: not, for a time, for one packet, without an end, without an end and over transmissions. */
type Reception = "off" | "window" | "one" | "only" | "always";

/** A RAK3172 with RUI3 firmware as its manual and its firmware have it. See NOTES.md for what they leave open. */
export class Rak3172Emulator implements AirRadio, Firmware<TextLine> {
    readonly radio = this;
    readonly bootMs = 1_000;
    readonly workMs = 5;
    readonly lineSilenceMs = 1_000;
    readonly #board: Board<TextLine>;
    readonly #options: Rak3172EmulatorOptions;
    readonly #firmware: Rak3172Firmware;
    #state = RAK3172_FACTORY;
    #reception: Reception = "off";
    #cancelWindow: () => void = () => undefined;

    constructor(options: Rak3172EmulatorOptions) {
        this.#options = options;
        this.#firmware = RAK3172_FIRMWARES[options.firmware ?? "4.0.5"];
        this.#board = new Board(options, this);
    }

    /** `port` is the module's end of the line; without the host's baud rate the host has the right one. */
    plug(port: BytePort, hostBaudRate?: number): Promise<void> {
        return this.#board.plug(port, hostBaudRate);
    }

    unplug(): Promise<void> {
        return this.#board.unplug();
    }

    /** What is not named behaves well again. */
    misbehave(misbehaviour: Partial<Misbehaviour>): void {
        this.#board.misbehave(misbehaviour);
    }

    /** A brown-out: the module starts again by itself. */
    restart(): void {
        this.#board.boot();
    }

    /** Says something at a moment of the test's choice. */
    babble(bytes: Uint8Array): void {
        this.#board.emit(bytes);
    }

    listensOn(): AirChannel | undefined {
        return this.#board.isReady && this.#reception !== "off" ? this.#channel() : undefined;
    }

    hear({ bytes, intact, rssiDbm, snrDb }: Heard): void {
        if (!this.#board.isReady || this.#reception === "off") return;
        if (this.#reception === "one" || this.#reception === "window") this.#stopReception();
        if (!intact) {
            this.#event("+EVT:RXP2P RECEIVE ERROR");
            return;
        }
        const hex = toHex(bytes).toUpperCase();
        if (this.#firmware.packetForm === "one_line") this.#event(`+EVT:RXP2P:${rssiDbm}:${snrDb}:${hex}`);
        else {
            this.#event(`+EVT:RXP2P, RSSI ${rssiDbm}, SNR ${snrDb}`);
            this.#event(`+EVT:${hex}`);
        }
    }

    baudRate(): number {
        return this.#firmware.baudRate;
    }

    powerUp(): TextLines {
        this.#stopReception();
        return new TextLines(LINE_BYTES_MAX);
    }

    ready(): void {
        const mode = this.#state.NWM === 0 ? "LoRa P2P" : "LoRaWAN";
        const lines = ["RAKwireless RAK3172", "-".repeat(54), `Version: ${this.#firmware.version}`];
        this.#board.say([...lines, `Current Work Mode: ${mode}.`].join("\r\n"));
    }

    giveUpLine(): void {
        // It just forgets.
    }

    obey(line: TextLine): void {
        const { refusal } = this.#board.misbehaviour;
        const status = refusal === undefined ? this.#statusOf(line) : String(refusal);
        if (status !== undefined) this.#board.say(`\r\n${status}`);
    }

    /** What comes at the end of the answer; undefined when there is none. */
    #statusOf(line: TextLine): string | undefined {
        if (line === undefined) return "AT_PARAM_ERROR";
        if (line === "AT") return "OK";
        if (line === "ATZ") {
            this.#board.boot();
            return undefined;
        }
        const [, name, value = ""] = /^AT\+([A-Z0-9]+)=(.*)$/.exec(line) ?? [];
        if (name === undefined) return "AT_COMMAND_NOT_FOUND";
        if (value === "?") return this.#tell(name);
        if (name === "PSEND") return this.#send(value);
        if (name === "PRECV") return this.#receive(value);
        return this.#set(name, value);
    }

    #tell(name: string): string {
        const truth = settingText(name, this.#state, this.#firmware);
        if (truth === undefined) return "AT_COMMAND_NOT_FOUND";
        if (name === "P2P" && this.#state.NWM !== 0) return "AT_MODE_NO_SUPPORT";
        const value = this.#board.misbehaviour.lies[name] ?? truth;
        this.#board.say(this.#firmware.namesValues ? `AT+${name}=${value}` : value);
        return "OK";
    }

    #set(name: string, value: string): string | undefined {
        const change = settingOf(name, value, this.#firmware);
        if (change === "unknown") return "AT_COMMAND_NOT_FOUND";
        if (this.#state.NWM !== 0 && name !== "NWM") return "AT_MODE_NO_SUPPORT";
        if (change === "wrong") return "AT_PARAM_ERROR";
        if (this.#reception !== "off") {
            this.#board.say("P2P_RX_ON already, please disable P2P RX before setting.");
            return "AT_BUSY_ERROR";
        }
        if (!this.#board.misbehaviour.ignoresSettings) this.#state = { ...this.#state, ...change };
        if (name !== "NWM") return "OK";
        this.#board.say("OK");
        this.#board.boot();
        return undefined;
    }

    #receive(value: string): string {
        if (this.#state.NWM !== 0) return "AT_MODE_NO_SUPPORT";
        const ms = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
        const { receivesAlways } = this.#firmware;
        if (!(ms <= 65_535) || (ms === 65_533 && receivesAlways === "refused")) return "AT_PARAM_ERROR";
        if (ms === 0) {
            this.#stopReception();
            return "OK";
        }
        const givesWay = this.#reception === "window" && this.#firmware.windowGivesWay;
        if (this.#reception !== "off" && !givesWay) {
            this.#board.say("P2P_RX_ON already");
            return "AT_BUSY_ERROR";
        }
        this.#cancelWindow();
        if (ms === 65_535) this.#reception = "one";
        else if (ms === 65_534) this.#reception = "only";
        else if (ms === 65_533 && receivesAlways === "yes") this.#reception = "always";
        else this.#openWindow(Math.max(ms, WINDOW_MS_MIN));
        return "OK";
    }

    #openWindow(ms: number): void {
        this.#reception = "window";
        this.#cancelWindow = this.#board.after(ms, () => {
            this.#stopReception();
            this.#event("+EVT:RXP2P RECEIVE TIMEOUT");
        });
    }

    #stopReception(): void {
        this.#cancelWindow();
        this.#reception = "off";
    }

    #send(hex: string): string | undefined {
        if (this.#state.NWM !== 0) return "AT_MODE_NO_SUPPORT";
        const bytes = hex === "" ? undefined : fromHex(hex);
        if (!bytes || bytes.length > FRAME_BYTES_MAX) return "AT_PARAM_ERROR";
        if (this.#board.isSending || (this.#reception !== "off" && this.#reception !== "always"))
            return "AT_BUSY_ERROR";
        if (this.#state.CAD === 1 && this.#options.air.isBusy(this.#channel())) return "AT_BUSY_ERROR";
        this.#board.say("\r\nOK");
        const airtimeMs = loraAirtimeMs(this.#params(), bytes.length);
        const done = (): void => this.#board.say("+EVT:TXP2P DONE");
        this.#board.transmit({ bytes, airtimeMs, channel: this.#channel() }, done);
        return undefined;
    }

    #channel(): AirChannel {
        const { frequencyHz, spreadingFactor, bandwidthHz, codingRate } = this.#params();
        return { frequencyHz, spreadingFactor, bandwidthHz, codingRate, network: NETWORK };
    }

    #params(): LoraParams {
        const [frequencyHz = 0, spreadingFactor = 0, kilohertz = 0, rate = 0, preambleSymbols = 0, powerDbm = 0] =
            this.#state.P2P;
        const bandwidthHz = kilohertz * 1000;
        return { frequencyHz, spreadingFactor, bandwidthHz, codingRate: rate + 1, preambleSymbols, powerDbm };
    }

    #event(text: string): void {
        this.#board.emit(bytesOf(`${text}\r\n`));
    }
}
