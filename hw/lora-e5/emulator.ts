import { fromHex, toHex } from "../../src/base/encoding.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import type { AirChannel, AirRadio, Heard } from "../air/air.ts";
import { Board, type BoardOptions, bytesOf, type Firmware } from "../emulation/board.ts";
import type { Misbehaviour } from "../emulation/misbehaviour.ts";
import { type TextLine, TextLines } from "../emulation/text-lines.ts";
import type { LoraParams } from "../modem.ts";
import type { BytePort } from "../port/byte-port.ts";
import { BAUD_RATES, RF_CONFIG_FACTORY, rfConfigEcho, rfConfigOf } from "./emulated-settings.ts";
import { COMMAND_BYTES_MAX } from "./settings.ts";

const PUBLIC_NETWORK = 0x3444;
const PRIVATE_NETWORK = 0x1424;
const PACKET_BYTES_MAX = 255;
/** Of the line end, which the buffer holds too, only the CR is in the text. */
const TEXT_BYTES_MAX = COMMAND_BYTES_MAX - 1;

const WRONG_VALUE = -1;
const UNKNOWN = -10;
const WRONG_FORM = -11;
const WRONG_MODE = -12;
const TOO_LONG = -21;
const NO_END = -22;
const WRONG_CHARACTER = -23;

export interface LoraE5EmulatorOptions extends BoardOptions {
    /** Spaces between the bytes of a received packet, as firmware 2.0.10 has them. */
    readonly spacesHex?: boolean;
}

/** A LoRa-E5 in as much as its test mode needs. See NOTES.md for what the specification leaves open. */
export class LoraE5Emulator implements AirRadio, Firmware<TextLine> {
    readonly radio = this;
    readonly bootMs = 800;
    readonly workMs = 5;
    readonly lineSilenceMs = 1_000;
    readonly #board: Board<TextLine>;
    readonly #spacesHex: boolean;
    #mode = "LWABP";
    #config = RF_CONFIG_FACTORY;
    #isReceiving = false;
    #baudRate = 9_600;
    /** In force after the next start. */
    #baudRateKept = 9_600;

    constructor(options: LoraE5EmulatorOptions) {
        this.#spacesHex = options.spacesHex ?? false;
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

    /** A brown-out: the module starts again by itself and says nothing. */
    restart(): void {
        this.#board.boot();
    }

    /** Says something at a moment of the test's choice. */
    babble(bytes: Uint8Array): void {
        this.#board.emit(bytes);
    }

    /** As somebody's AT+UART would, in force after the next start. */
    changeBaudRate(baudRate: number): void {
        this.#baudRateKept = baudRate;
    }

    listensOn(): AirChannel | undefined {
        return this.#board.isReady && this.#isReceiving ? this.#channel() : undefined;
    }

    hear({ bytes, intact, rssiDbm, snrDb }: Heard): void {
        // Of damaged packets it says nothing.
        if (!this.#board.isReady || !this.#isReceiving || !intact) return;
        const hex = Array.from(bytes, (byte) => toHex(Uint8Array.of(byte)).toUpperCase());
        const text = hex.join(this.#spacesHex ? " " : "");
        this.#board.emit(
            bytesOf(`+TEST: LEN:${bytes.length}, RSSI:${rssiDbm}, SNR:${snrDb}\r\n+TEST: RX "${text}"\r\n`),
        );
    }

    baudRate(): number {
        return this.#baudRate;
    }

    powerUp(): TextLines {
        this.#mode = "LWABP";
        this.#config = RF_CONFIG_FACTORY;
        this.#isReceiving = false;
        this.#baudRate = this.#baudRateKept;
        return new TextLines(TEXT_BYTES_MAX);
    }

    ready(): void {
        // It says nothing of itself.
    }

    giveUpLine(): void {
        this.#refuse(NO_END);
    }

    obey(line: TextLine): void {
        const { refusal } = this.#board.misbehaviour;
        const problem = refusal ?? this.#problemOf(line);
        if (problem !== undefined) this.#refuse(problem);
    }

    /** Obeys and answers; an error number when it does not. */
    #problemOf(line: TextLine): number | undefined {
        if (line === undefined) return TOO_LONG;
        if (!/^[\x20-\x7e]*$/.test(line)) return WRONG_CHARACTER;
        const [, name = "", value] = /^AT(?:\+([A-Z]+)(?:=(.*))?)?$/i.exec(line) ?? [];
        if (!/^AT(?:$|\+)/i.test(line)) return UNKNOWN;
        switch (name.toUpperCase()) {
            case "":
                return line.length === 2 ? this.#answer("AT: OK") : WRONG_FORM;
            case "VER":
                return this.#answer("VER: 4.0.11");
            case "RESET":
                this.#board.say("+RESET: OK");
                this.#board.boot();
                return undefined;
            case "MODE":
                return this.#setMode(value);
            case "UART":
                return this.#setBaudRate(value);
            case "TEST":
                return this.#mode === "TEST" ? this.#test(value ?? "") : WRONG_MODE;
            default:
                return UNKNOWN;
        }
    }

    #setMode(value: string | undefined): number | undefined {
        const { lies, ignoresSettings } = this.#board.misbehaviour;
        const wanted = value?.toUpperCase();
        if (wanted !== undefined && !["TEST", "LWABP", "LWOTAA"].includes(wanted)) return WRONG_VALUE;
        if (wanted !== undefined && !ignoresSettings) {
            this.#mode = wanted;
            this.#isReceiving = false;
        }
        return this.#answer(`MODE: ${lies["MODE"] ?? this.#mode}`);
    }

    #setBaudRate(value: string | undefined): number | undefined {
        const rate = Number(/^BR, ?(\d{4,6})$/i.exec(value ?? "")?.[1]);
        if (!BAUD_RATES.includes(rate)) return WRONG_VALUE;
        this.#baudRateKept = rate;
        return this.#answer(`UART: BR, ${rate}`);
    }

    #test(value: string): number | undefined {
        const [, verb = "", rest = ""] = /^([A-Z]+)(?:, ?(.*))?$/i.exec(value) ?? [];
        switch (verb.toUpperCase()) {
            case "RFCFG":
                return this.#configure(rest);
            case "RXLRPKT":
                this.#isReceiving = true;
                return this.#answer("TEST: RXLRPKT");
            case "STOP":
                this.#isReceiving = false;
                return this.#answer("TEST: STOP");
            case "TXLRPKT":
                return this.#send(rest);
            default:
                return WRONG_FORM;
        }
    }

    #configure(text: string): number | undefined {
        const config = rfConfigOf(text, this.#config);
        if (typeof config === "number") return config;
        const { lies, ignoresSettings } = this.#board.misbehaviour;
        if (!ignoresSettings) this.#config = config;
        return this.#answer(`TEST: RFCFG ${lies["RFCFG"] ?? rfConfigEcho(this.#config)}`);
    }

    #send(text: string): number | undefined {
        const digits = /^"?([0-9A-Fa-f ]*)"?$/.exec(text)?.[1]?.replaceAll(" ", "");
        const bytes = fromHex(digits === undefined || digits.length % 2 === 0 ? (digits ?? "?") : `0${digits}`);
        if (!bytes || bytes.length === 0 || bytes.length > PACKET_BYTES_MAX) return WRONG_VALUE;
        if (this.#board.isSending) return WRONG_MODE;
        this.#isReceiving = false;
        this.#answer(`TEST: TXLRPKT "${toHex(bytes).toUpperCase()}"`);
        const airtimeMs = loraAirtimeMs(this.#params(), bytes.length);
        const done = (): void => this.#board.say("+TEST: TX DONE");
        this.#board.transmit({ bytes, airtimeMs, channel: this.#channel() }, done);
        return undefined;
    }

    #params(): LoraParams {
        const { frequencyHz, spreadingFactor, kilohertz, preamble, powerDbm } = this.#config;
        return {
            frequencyHz,
            spreadingFactor,
            bandwidthHz: kilohertz * 1000,
            codingRate: 1,
            preambleSymbols: preamble,
            powerDbm,
        };
    }

    #channel(): AirChannel {
        const { frequencyHz, spreadingFactor, bandwidthHz, codingRate } = this.#params();
        const network = this.#config.net === "ON" ? PUBLIC_NETWORK : PRIVATE_NETWORK;
        return { frequencyHz, spreadingFactor, bandwidthHz, codingRate, network };
    }

    #answer(text: string): undefined {
        this.#board.say(`+${text}`);
    }

    #refuse(code: number | string): void {
        this.#board.say(`+AT: ERROR(${code})`);
    }
}
