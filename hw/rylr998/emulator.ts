import type { Clock, Millis } from "../../src/base/time.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import type { Air, AirChannel, AirRadio, Heard } from "../air/air.ts";
import type { LoraParams } from "../modem.ts";
import type { BytePort } from "../port/byte-port.ts";
import { AIR_OVERHEAD_BYTES, bandwidthOfCode } from "./commands.ts";
import { DATA_BYTES_MAX } from "./dialogue.ts";
import { LineReader, type ModuleLine } from "./emulated-line.ts";
import { changeOf, FACTORY, type ModuleState, settingText } from "./emulated-settings.ts";
import { PacedLine } from "./paced-line.ts";

const WORK_MS = 5;
const RESET_MS = 150;
/** Silence inside a line after which the module gives up waiting for its end. */
const LINE_SILENCE_MS = 100;
const EVERYBODY = 0;

/** What can go wrong with a module, to be set at any time. */
export interface Misbehaviour {
    /** Says and does nothing at all. */
    readonly isSilent: boolean;
    /** Swallows so many of the next answers. */
    readonly answersLost: number;
    /** Says this for the value of a setting, whatever it is. */
    readonly lies: Readonly<Record<string, string>>;
    /** Answers so much later. */
    readonly extraMs: Millis;
    /** Answers every command with this error number. */
    readonly refusal: number | undefined;
    /** Puts these bytes before each answer. */
    readonly garbage: Uint8Array | undefined;
}

const WELL_BEHAVED: Misbehaviour = {
    isSilent: false,
    answersLost: 0,
    lies: {},
    extraMs: 0,
    refusal: undefined,
    garbage: undefined,
};

export interface EmulatorOptions {
    readonly air: Air;
    readonly clock: Clock;
    /** True: data is framed by its length. False: a CR LF inside it ends the command, as on other firmware. */
    readonly binarySafe?: boolean;
}

/**
 * A RYLR998 as its command guide describes it: what it refuses, how long it takes at its baud rate and on the air,
 * what it forgets at a reset. See NOTES.md for what the guide leaves open.
 */
export class Rylr998Emulator implements AirRadio {
    readonly #options: EmulatorOptions;
    #state: ModuleState = FACTORY;
    #flash: ModuleState = FACTORY;
    #misbehaviour: Misbehaviour = WELL_BEHAVED;
    #port: BytePort | undefined;
    #reader = new LineReader(true);
    #isReady = false;
    #isSending = false;
    readonly #fromHost: PacedLine;
    readonly #toHost: PacedLine;
    #cancelSilence: () => void = () => undefined;
    #leaveAir: () => void = () => undefined;
    /** Grows with each power cycle and reset: what was begun before is forgotten. */
    #life = 0;

    constructor(options: EmulatorOptions) {
        this.#options = options;
        this.#fromHost = new PacedLine(options.clock, (bytes) => this.#takeBytes(bytes));
        this.#toHost = new PacedLine(options.clock, (bytes) => {
            // A host that is gone hears nothing; the module cannot know.
            this.#port?.write(bytes).catch(() => undefined);
        });
    }

    /** Plugs the module in: `port` is its end of the serial line, the host has the other. */
    async plug(port: BytePort): Promise<void> {
        this.#port = port;
        await port.open({
            onBytes: (chunk) => this.#fromHost.push(chunk, { baudRate: this.#state.ipr }),
            onClose: () => this.#powerOff(port),
        });
        this.#boot();
    }

    /** Pulls the plug: the host sees its port close. */
    async unplug(): Promise<void> {
        const port = this.#port;
        if (!port) return;
        this.#powerOff(port);
        await port.close();
    }

    /** What is not named behaves well again. */
    misbehave(misbehaviour: Partial<Misbehaviour>): void {
        this.#misbehaviour = { ...WELL_BEHAVED, ...misbehaviour };
    }

    /** A brown-out: the module starts again by itself and says only "+READY". */
    restart(): void {
        this.#boot();
    }

    listensOn(): AirChannel | undefined {
        return this.#isReady && this.#state.mode !== 1 ? this.#channel() : undefined;
    }

    hear(heard: Heard): void {
        if (!this.#isReady) return;
        if (!heard.intact) {
            this.#say("+ERR=12");
            return;
        }
        const packet = unpack(heard.bytes);
        if (!packet || (packet.to !== EVERYBODY && packet.to !== this.#state.address)) return;
        if (packet.password !== this.#state.password) return;
        const head = ascii(`+RCV=${packet.from},${packet.data.length},`);
        this.#sayBytes(join(head, packet.data, ascii(`,${heard.rssiDbm},${heard.snrDb}\r\n`)));
    }

    #boot(): void {
        const life = ++this.#life;
        this.#state = this.#flash;
        this.#isReady = false;
        this.#isSending = false;
        // A packet that is on the air now has lost its beginning.
        this.#leaveAir();
        this.#leaveAir = this.#options.air.join(this);
        this.#fromHost.clear();
        this.#cancelSilence();
        this.#reader = new LineReader(this.#options.binarySafe ?? true);
        this.#after(RESET_MS, () => {
            if (life !== this.#life) return;
            this.#isReady = true;
            this.#say("+READY");
        });
    }

    #powerOff(port: BytePort): void {
        if (this.#port !== port) return;
        this.#port = undefined;
        this.#life++;
        this.#isReady = false;
        this.#fromHost.clear();
        this.#toHost.clear();
        this.#cancelSilence();
        this.#leaveAir();
    }

    /** The command is there when its last byte is. */
    #takeBytes(bytes: Uint8Array): void {
        if (!this.#isReady || this.#misbehaviour.isSilent) return;
        const life = this.#life;
        this.#cancelSilence();
        for (const line of this.#reader.push(bytes)) this.#after(WORK_MS, () => this.#obey(line, life));
        if (this.#reader.isInside) this.#awaitRest();
    }

    #awaitRest(): void {
        this.#cancelSilence = this.#after(LINE_SILENCE_MS, () => {
            // Bytes are on the line this moment; what they leave open is waited for anew.
            if (this.#fromHost.isBusy) return;
            this.#reader.forget();
            this.#refuse(1);
        });
    }

    #obey(line: ModuleLine, life: number): void {
        if (life !== this.#life || !this.#isReady) return;
        if (this.#misbehaviour.refusal !== undefined) this.#refuse(this.#misbehaviour.refusal);
        else if (line.kind === "overflow") this.#refuse(1);
        else if (line.kind === "send") this.#send(line);
        else this.#obeyText(line.text);
    }

    #obeyText(text: string): void {
        if (!text.startsWith("AT")) this.#refuse(2);
        else if (text === "AT") this.#say("+OK");
        else if (text === "AT+RESET") {
            this.#say("+RESET");
            this.#boot();
        } else if (text === "AT+FACTORY") {
            this.#flash = FACTORY;
            this.#state = FACTORY;
            this.#say("+FACTORY");
        } else this.#obeySetting(text);
    }

    #obeySetting(text: string): void {
        const asked = /^AT\+([A-Z]+)\?$/.exec(text)?.[1];
        const value =
            asked === undefined ? undefined : (this.#misbehaviour.lies[asked] ?? settingText(asked, this.#state));
        if (value !== undefined) {
            this.#say(`+${asked}=${value}`);
            return;
        }
        const [, name = "", wanted = ""] = /^AT\+([A-Z]+)=(.*)$/.exec(text) ?? [];
        const change = changeOf(name, wanted, this.#state);
        if (!change) this.#refuse(4);
        else if (change.kind === "refused") this.#refuse(change.code);
        else {
            this.#state = { ...this.#state, ...change.state };
            this.#flash = { ...this.#flash, ...change.kept };
            this.#say(name === "IPR" ? `+IPR=${wanted}` : "+OK");
        }
    }

    #send({ to, declared, data }: Extract<ModuleLine, { readonly kind: "send" }>): void {
        if (declared > DATA_BYTES_MAX) this.#refuse(13);
        else if (data.length !== declared) this.#refuse(5);
        else if (to > 65_535) this.#refuse(4);
        else if (this.#isSending) this.#refuse(17);
        else {
            const life = this.#life;
            this.#isSending = true;
            const bytes = pack({ to, from: this.#state.address, password: this.#state.password, data });
            const airtimeMs = loraAirtimeMs(this.#params(), data.length + AIR_OVERHEAD_BYTES);
            this.#options.air.transmit(this, { bytes, airtimeMs, channel: this.#channel() }, () => {
                if (life !== this.#life) return;
                this.#isSending = false;
                this.#say("+OK");
            });
        }
    }

    #channel(): AirChannel {
        const { frequencyHz, spreadingFactor, bandwidthHz, codingRate } = this.#params();
        return { frequencyHz, spreadingFactor, bandwidthHz, codingRate, network: this.#state.networkId };
    }

    #params(): LoraParams {
        const [spreadingFactor, code, codingRate, preambleSymbols] = this.#state.parameter;
        const bandwidthHz = bandwidthOfCode(code) ?? 125_000;
        const { band, power } = this.#state;
        return { frequencyHz: band, spreadingFactor, bandwidthHz, codingRate, preambleSymbols, powerDbm: power };
    }

    #refuse(code: number): void {
        this.#say(`+ERR=${code}`);
    }

    #say(text: string): void {
        const { answersLost, garbage } = this.#misbehaviour;
        if (answersLost > 0) {
            this.#misbehaviour = { ...this.#misbehaviour, answersLost: answersLost - 1 };
            return;
        }
        this.#sayBytes(join(garbage ?? new Uint8Array(0), ascii(`${text}\r\n`)));
    }

    /** The host has the bytes when the last of them went over the line. */
    #sayBytes(bytes: Uint8Array): void {
        if (!this.#port || this.#misbehaviour.isSilent) return;
        this.#toHost.push(bytes, { baudRate: this.#state.ipr, extraMs: this.#misbehaviour.extraMs });
    }

    #after(ms: Millis, task: () => void): () => void {
        const { clock } = this.#options;
        return clock.schedule(clock.now().monotonic + ms, task);
    }
}

interface Packet {
    readonly to: number;
    readonly from: number;
    readonly password: string;
    readonly data: Uint8Array;
}

/** The eight bytes that go before the data on the air: addresses and the password's number. */
function pack({ to, from, password, data }: Packet): Uint8Array {
    const bytes = new Uint8Array(AIR_OVERHEAD_BYTES + data.length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, to);
    view.setUint16(2, from);
    view.setUint32(4, Number.parseInt(password, 16));
    bytes.set(data, AIR_OVERHEAD_BYTES);
    return bytes;
}

function unpack(bytes: Uint8Array): Packet | undefined {
    if (bytes.length < AIR_OVERHEAD_BYTES) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const password = view.getUint32(4).toString(16).toUpperCase().padStart(8, "0");
    return { to: view.getUint16(0), from: view.getUint16(2), password, data: bytes.slice(AIR_OVERHEAD_BYTES) };
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
    return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function ascii(text: string): Uint8Array {
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
