import { loraAirtimeMs } from "../../src/link/airtime.ts";
import type { AirChannel, AirRadio, Heard } from "../air/air.ts";
import { Board, type BoardOptions, bytesOf, type Firmware, join } from "../emulation/board.ts";
import type { Misbehaviour } from "../emulation/misbehaviour.ts";
import type { LoraParams } from "../modem.ts";
import type { BytePort } from "../port/byte-port.ts";
import { AIR_OVERHEAD_BYTES } from "./commands.ts";
import { DATA_BYTES_MAX } from "./dialogue.ts";
import { LineReader, type ModuleLine } from "./emulated-line.ts";
import { pack, unpack } from "./emulated-packet.ts";
import { bandwidthOfCode, changeOf, factoryOf, type ModuleState, settingText } from "./emulated-settings.ts";
import { modelOf, type RylrModel, type RylrModelName } from "./models.ts";

const EVERYBODY = 0;

export interface EmulatorOptions extends BoardOptions {
    /** RYLR998 unless said. */
    readonly model?: RylrModelName;
    /** True: data is framed by its length. False: a CR LF inside it ends the command, as on other firmware. */
    readonly binarySafe?: boolean;
}

/**
 * A RYLR998 or RYLR896 as its command guide describes it: what it refuses, how long it takes at its baud rate and on
 * the air, what it forgets at a reset. See NOTES.md for what the guide leaves open.
 */
export class Rylr998Emulator implements AirRadio, Firmware<ModuleLine> {
    readonly radio = this;
    readonly bootMs = 150;
    readonly workMs = 5;
    readonly lineSilenceMs = 100;
    readonly #board: Board<ModuleLine>;
    readonly #model: RylrModel;
    readonly #binarySafe: boolean;
    #state: ModuleState;
    #flash: ModuleState;

    constructor(options: EmulatorOptions) {
        this.#model = modelOf(options.model);
        this.#binarySafe = options.binarySafe ?? true;
        this.#state = factoryOf(this.#model);
        this.#flash = this.#state;
        this.#board = new Board(options, this);
    }

    /** Plugs the module in: `port` is its end of the serial line, the host has the other. */
    plug(port: BytePort): Promise<void> {
        return this.#board.plug(port);
    }

    /** Pulls the plug: the host sees its port close. */
    unplug(): Promise<void> {
        return this.#board.unplug();
    }

    /** What is not named behaves well again. */
    misbehave(misbehaviour: Partial<Misbehaviour>): void {
        this.#board.misbehave(misbehaviour);
    }

    /** A brown-out: the module starts again by itself and says only "+READY". */
    restart(): void {
        this.#board.boot();
    }

    /** Says something at a moment of the test's choice. */
    babble(bytes: Uint8Array): void {
        this.#board.emit(bytes);
    }

    listensOn(): AirChannel | undefined {
        return this.#board.isReady && this.#state.mode !== 1 ? this.#channel() : undefined;
    }

    hear(heard: Heard): void {
        if (!this.#board.isReady) return;
        if (!heard.intact) {
            this.#board.say("+ERR=12");
            return;
        }
        const packet = unpack(heard.bytes);
        if (!packet || (packet.to !== EVERYBODY && packet.to !== this.#state.address)) return;
        if (packet.password !== foldedPassword(this.#state)) return;
        const head = bytesOf(`+RCV=${packet.from},${packet.data.length},`);
        this.#board.emit(join(head, packet.data, bytesOf(`,${heard.rssiDbm},${heard.snrDb}\r\n`)));
    }

    baudRate(): number {
        return this.#state.ipr;
    }

    powerUp(): LineReader {
        this.#state = this.#flash;
        return new LineReader(this.#binarySafe);
    }

    ready(): void {
        this.#board.say("+READY");
    }

    giveUpLine(): void {
        this.#refuse(1);
    }

    obey(line: ModuleLine): void {
        const { refusal } = this.#board.misbehaviour;
        if (refusal !== undefined) this.#refuse(refusal);
        else if (line.kind === "overflow") this.#refuse(1);
        else if (line.kind === "send") this.#send(line);
        else this.#obeyText(line.text);
    }

    #obeyText(text: string): void {
        if (!text.startsWith("AT")) this.#refuse(2);
        else if (text === "AT") this.#board.say("+OK");
        else if (text === "AT+RESET") {
            this.#board.say("+RESET");
            this.#board.boot();
        } else if (text === "AT+FACTORY") {
            this.#flash = factoryOf(this.#model);
            this.#state = this.#flash;
            this.#board.say("+FACTORY");
        } else this.#obeySetting(text);
    }

    #obeySetting(text: string): void {
        const { lies, ignoresSettings } = this.#board.misbehaviour;
        const asked = /^AT\+([A-Z]+)\?$/.exec(text)?.[1];
        const value = asked === undefined ? undefined : (lies[asked] ?? settingText(asked, this.#state, this.#model));
        if (value !== undefined) {
            this.#board.say(`+${asked}=${value}`);
            return;
        }
        const [, name = "", wanted = ""] = /^AT\+([A-Z]+)=(.*)$/.exec(text) ?? [];
        const change = changeOf(name, wanted, { state: this.#state, model: this.#model });
        if (!change) this.#refuse(4);
        else if (change.kind === "refused") this.#refuse(change.code);
        else {
            if (!ignoresSettings) {
                this.#state = { ...this.#state, ...change.state };
                this.#flash = { ...this.#flash, ...change.kept };
            }
            this.#board.say(name === "IPR" ? `+IPR=${wanted}` : "+OK");
        }
    }

    #send({ to, declared, data }: Extract<ModuleLine, { readonly kind: "send" }>): void {
        if (declared > DATA_BYTES_MAX) this.#refuse(13);
        else if (data.length !== declared) this.#refuse(5);
        else if (to > 65_535) this.#refuse(4);
        else if (this.#board.isSending) this.#refuse(17);
        else {
            const bytes = pack({ to, from: this.#state.address, password: foldedPassword(this.#state), data });
            const airtimeMs = loraAirtimeMs(this.#params(), data.length + AIR_OVERHEAD_BYTES);
            this.#board.transmit({ bytes, airtimeMs, channel: this.#channel() }, () => this.#board.say("+OK"));
        }
    }

    #channel(): AirChannel {
        const { frequencyHz, spreadingFactor, bandwidthHz, codingRate } = this.#params();
        return { frequencyHz, spreadingFactor, bandwidthHz, codingRate, network: this.#state.networkId };
    }

    #params(): LoraParams {
        const [spreadingFactor, code, codingRate, preambleSymbols] = this.#state.parameter;
        const bandwidthHz = bandwidthOfCode(this.#model, code) ?? 125_000;
        const { band, power } = this.#state;
        return { frequencyHz: band, spreadingFactor, bandwidthHz, codingRate, preambleSymbols, powerDbm: power };
    }

    #refuse(code: number | string): void {
        this.#board.say(`+ERR=${code}`);
    }
}

/** Four bytes stand for a password of any length. */
function foldedPassword({ password }: ModuleState): number {
    let folded = 0;
    for (let at = 0; at < password.length; at += 8) folded ^= Number.parseInt(password.slice(at, at + 8), 16);
    return folded >>> 0;
}
