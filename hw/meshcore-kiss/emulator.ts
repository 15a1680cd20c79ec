import { concatBytes } from "../../src/base/bytes.ts";
import { makePrng } from "../../src/base/prng.ts";
import type { Clock, Millis } from "../../src/base/time.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import type { Air, AirChannel, AirRadio, Heard } from "../air/air.ts";
import { PacedLine } from "../emulation/paced-line.ts";
import { KissDeframer, type KissFrame, kissBytes } from "../kiss/framing.ts";
import type { BytePort } from "../port/byte-port.ts";
import { HARDWARE, hardware, KISS, PACKET_BYTES_MAX, TX_BUSY } from "./commands.ts";
import { answerTo, type BoardState, refusal, START } from "./emulated-board.ts";
import { type MeshcoreMisbehaviour, WELL_BEHAVED } from "./misbehaviour.ts";

const BAUD_RATE = 115_200;
const BOOT_MS = 1_500;
const WORK_MS = 1;
const KISS_SIZE_MAX = 512;
/** The sync word of private LoRa networks. */
const SYNC_WORD = 0x12;
/** Classic KISS: times in units of 10 ms, and the chance for a transmission in 256ths, less one. */
const ACCESS = { txDelay: 50, persistence: 63, slotTime: 10, txTail: 0, fullDuplex: 0 };

/** How often the emulator looks whether a busy channel has become free. */
const CHANNEL_LOOK_MS = 5;

const ACCESS_NAMES: Readonly<Record<number, keyof typeof ACCESS>> = {
    [KISS.txDelay]: "txDelay",
    [KISS.persistence]: "persistence",
    [KISS.slotTime]: "slotTime",
    [KISS.txTail]: "txTail",
    [KISS.fullDuplex]: "fullDuplex",
};

export interface MeshcoreKissEmulatorOptions {
    readonly air: Air;
    readonly clock: Clock;
    /** Of its dice. */
    readonly seed?: number;
    /** 2 tells that it is busy; 1 drops a packet that comes too early without a word. */
    readonly version?: 1 | 2;
}

/** A board with MeshCore's KISS modem firmware; NOTES.md tells where the facts end. */
export class MeshcoreKissEmulator implements AirRadio {
    readonly #options: MeshcoreKissEmulatorOptions;
    readonly #random: () => number;
    readonly #fromHost: PacedLine;
    readonly #toHost: PacedLine;
    #misbehaviour: MeshcoreMisbehaviour = WELL_BEHAVED;
    #port: BytePort | undefined;
    #deframer = new KissDeframer(KISS_SIZE_MAX);
    #isReady = false;
    #state: BoardState = START;
    #access = { ...ACCESS };
    #isPending = false;
    #isOnAir = false;
    #leaveAir: () => void = () => undefined;
    /** Grows with each start: what was begun before is forgotten. */
    #life = 0;

    constructor(options: MeshcoreKissEmulatorOptions) {
        this.#options = options;
        this.#random = makePrng(options.seed ?? 1);
        this.#fromHost = new PacedLine(options.clock, (bytes) => this.#takeBytes(bytes));
        this.#toHost = new PacedLine(options.clock, (bytes) => {
            // A host that is gone hears nothing; the board cannot know.
            this.#port?.write(bytes).catch(() => undefined);
        });
    }

    /** Plugs the board in: `port` is its end of the serial line, the host has the other. */
    async plug(port: BytePort): Promise<void> {
        this.#port = port;
        await port.open({
            onBytes: (chunk) => this.#fromHost.push(chunk, { baudRate: BAUD_RATE }),
            onClose: () => this.#powerOff(port),
        });
        this.restart();
    }

    /** Pulls the plug: the host sees its port close. */
    async unplug(): Promise<void> {
        const port = this.#port;
        if (!port) return;
        this.#powerOff(port);
        await port.close();
    }

    /** What is not named behaves well again. */
    misbehave(misbehaviour: Partial<MeshcoreMisbehaviour>): void {
        this.#misbehaviour = { ...WELL_BEHAVED, ...misbehaviour };
    }

    /** A power cycle or brown-out: everything is forgotten, and nobody is told. */
    restart(): void {
        this.#forget();
        this.#leaveAir = this.#options.air.join(this);
        this.#after(BOOT_MS, () => {
            this.#isReady = true;
        });
    }

    /** Puts bytes on the line at a wrong moment, e.g. the text of a boot. */
    sayBytes(bytes: Uint8Array): void {
        if (!this.#port || this.#misbehaviour.isSilent) return;
        this.#toHost.push(bytes, { baudRate: BAUD_RATE, extraMs: WORK_MS + this.#misbehaviour.extraMs });
    }

    listensOn(): AirChannel | undefined {
        return this.#isReady ? this.#channel() : undefined;
    }

    hear({ bytes, intact, rssiDbm, snrDb }: Heard): void {
        if (!this.#isReady || this.#isOnAir || !intact) return;
        this.#say({ command: KISS.data, data: bytes });
        if (!this.#state.reportsSignals || this.#misbehaviour.omitsSignals) return;
        this.#say(hardware(HARDWARE.received, Uint8Array.of(Math.round(snrDb * 4), Math.max(-128, rssiDbm))));
    }

    #forget(): void {
        this.#life++;
        this.#isReady = false;
        this.#state = START;
        this.#access = { ...ACCESS };
        this.#isPending = false;
        this.#isOnAir = false;
        this.#deframer = new KissDeframer(KISS_SIZE_MAX);
        this.#fromHost.clear();
        this.#leaveAir();
    }

    #powerOff(port: BytePort): void {
        if (this.#port !== port) return;
        this.#port = undefined;
        this.#forget();
        this.#toHost.clear();
    }

    #takeBytes(bytes: Uint8Array): void {
        if (!this.#isReady || this.#misbehaviour.isSilent) return;
        for (const said of this.#deframer.push(bytes)) if (said.kind === "frame") this.#obey(said.frame);
    }

    #obey({ command, data }: KissFrame): void {
        const [first] = data;
        const access = ACCESS_NAMES[command];
        if (command === KISS.data) this.#takePacket(data);
        else if (command === KISS.hardware && first !== undefined) {
            const { state, answer } = answerTo(first, data.subarray(1), this.#state, {
                ...this.#misbehaviour,
                version: this.#options.version ?? 2,
                isBusy: this.#options.air.isBusyFor(this),
            });
            this.#state = state;
            this.#say(answer);
        } else if (access && first !== undefined) this.#access[access] = first;
    }

    #takePacket(packet: Uint8Array): void {
        if (packet.length === 0 || packet.length > PACKET_BYTES_MAX) return;
        if (this.#isPending) {
            if (this.#options.version !== 1) this.#say(refusal(TX_BUSY));
            return;
        }
        this.#isPending = true;
        if (this.#access.fullDuplex !== 0) this.#sendSoon(packet);
        else this.#look(packet);
    }

    #look(packet: Uint8Array): void {
        const { air } = this.#options;
        const { persistence, slotTime } = this.#access;
        if (air.isBusyFor(this)) this.#after(CHANNEL_LOOK_MS, () => this.#look(packet));
        else if (Math.floor(this.#random() * 256) <= persistence) this.#sendSoon(packet);
        else this.#after(slotTime * 10, () => this.#look(packet));
    }

    #sendSoon(packet: Uint8Array): void {
        this.#after(this.#access.txDelay * 10, () => {
            if (this.#misbehaviour.radioFails) this.#finish(false);
            else this.#send(packet);
        });
    }

    #send(bytes: Uint8Array): void {
        const life = this.#life;
        const airtimeMs = loraAirtimeMs(this.#state.radio, bytes.length);
        this.#isOnAir = true;
        this.#options.air.transmit(this, { bytes, airtimeMs, channel: this.#channel() }, () => {
            if (life === this.#life) this.#finish(true);
        });
        if (this.#misbehaviour.brownsOut) this.#after(airtimeMs / 2, () => this.restart());
    }

    #finish(isSent: boolean): void {
        this.#isOnAir = false;
        this.#isPending = false;
        this.#say(hardware(HARDWARE.sent, Uint8Array.of(isSent ? 1 : 0)));
    }

    #channel(): AirChannel {
        const { frequencyHz, spreadingFactor, bandwidthHz, codingRate } = this.#state.radio;
        return { frequencyHz, spreadingFactor, bandwidthHz, codingRate, network: SYNC_WORD };
    }

    #say(frame: KissFrame): void {
        const { answersLost, answersHalved, garbage } = this.#misbehaviour;
        if (answersLost > 0) {
            this.#misbehaviour = { ...this.#misbehaviour, answersLost: answersLost - 1 };
            return;
        }
        const whole = kissBytes(frame);
        const isHalf = answersHalved > 0;
        if (isHalf) this.#misbehaviour = { ...this.#misbehaviour, answersHalved: answersHalved - 1 };
        const bytes = isHalf ? whole.subarray(0, whole.length >> 1) : whole;
        this.sayBytes(garbage ? concatBytes(garbage, bytes) : bytes);
    }

    /** What waits when the board starts again is forgotten. */
    #after(ms: Millis, task: () => void): void {
        const life = this.#life;
        const { clock } = this.#options;
        clock.schedule(clock.now().monotonic + ms, () => {
            if (life === this.#life) task();
        });
    }
}
