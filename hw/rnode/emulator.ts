import { concatBytes } from "../../src/base/bytes.ts";
import { makePrng } from "../../src/base/prng.ts";
import type { Clock, Millis } from "../../src/base/time.ts";
import { loraAirtimeMs } from "../../src/link/airtime.ts";
import type { Air, AirChannel, AirRadio, Heard } from "../air/air.ts";
import { PacedLine } from "../emulation/paced-line.ts";
import { type KissFrame, kissBytes } from "../kiss/framing.ts";
import type { BytePort } from "../port/byte-port.ts";
import { COMMAND, RESET_BYTE, RSSI_OFFSET, uint16Bytes } from "./commands.ts";
import { AirtimeBins } from "./emulated-airtime.ts";
import { Assembly } from "./emulated-assembly.ts";
import { answersTo, type Firmware, type Obeyed } from "./emulated-commands.ts";
import { FirmwareReader } from "./emulated-reader.ts";
import { paramsOf, physicalBytes, type RnodeState, START } from "./emulated-settings.ts";
import { EmulatedTransmitter } from "./emulated-transmitter.ts";
import { type Misbehaviour, WELL_BEHAVED } from "./misbehaviour.ts";

const BAUD_RATE = 115_200;
const BOOT_MS = 1_200;
const WORK_MS = 1;
const STATISTICS_MS = 1_000;
/** The sync word of private LoRa networks. */
const SYNC_WORD = 0x12;
/** What the serial line holds while the firmware does something else; more is lost. */
const UART_BYTES_MAX = 6_144;
const NOISE_FLOOR_DBM = -112;
/** Power on the channel while somebody sends. */
const SIGNAL_DBM = -70;
const NO_INTERFERENCE = 0xff;
/** What the boot loader of the processor says before any firmware runs. */
const BANNER = "\r\nrst:0x1 (POWERON), boot:0x13\r\n";

export interface RnodeEmulatorOptions {
    readonly air: Air;
    readonly clock: Clock;
    /** Of its waiting times and packet numbers. */
    readonly seed?: number;
    readonly version?: readonly [major: number, minor: number];
    /** 22 with an SX126x, 17 with an SX127x. */
    readonly powerMaxDbm?: number;
    /** False: the board was never set up, so its radio does not start. */
    readonly isProvisioned?: boolean;
}

/**
 * A board with RNode firmware, as far as its serial protocol and the air show: what it clamps and refuses, how long it
 * waits and sends, what it forgets. NOTES.md tells where the facts end.
 */
export class RnodeEmulator implements AirRadio {
    readonly #options: RnodeEmulatorOptions;
    readonly #firmware: Firmware;
    readonly #transmitter: EmulatedTransmitter;
    readonly #assembly = new Assembly();
    readonly #load = new AirtimeBins();
    readonly #fromHost: PacedLine;
    readonly #toHost: PacedLine;
    #state: RnodeState = START;
    #misbehaviour: Misbehaviour = WELL_BEHAVED;
    #port: BytePort | undefined;
    #reader = new FirmwareReader();
    #isReady = false;
    /** Bytes that came while a packet was sent. */
    #unread: Uint8Array = new Uint8Array(0);
    #leaveAir: () => void = () => undefined;
    #cancelStatistics: () => void = () => undefined;
    /** Grows with each start: what was begun before is forgotten. */
    #life = 0;

    constructor(options: RnodeEmulatorOptions) {
        const { clock, air, seed = 1, version = [1, 86], powerMaxDbm = 22, isProvisioned = true } = options;
        this.#options = options;
        this.#firmware = { version, powerMaxDbm, isProvisioned };
        this.#transmitter = new EmulatedTransmitter({
            clock,
            air,
            radio: this,
            random: makePrng(seed),
            state: () => this.#state,
            channel: () => this.#channel(),
            onStart: (airtimeMs) => {
                if (this.#misbehaviour.brownsOut) this.#after(airtimeMs / 2, () => this.restart());
            },
            onDone: () => this.#goOn(),
            onBand: (band) => this.#say(COMMAND.csma, Uint8Array.of(band, (band - 1) * 15, band * 15 - 1)),
        });
        this.#fromHost = new PacedLine(clock, (bytes) => this.#takeBytes(bytes));
        this.#toHost = new PacedLine(clock, (bytes) => {
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
    misbehave(misbehaviour: Partial<Misbehaviour>): void {
        this.#misbehaviour = { ...WELL_BEHAVED, ...misbehaviour };
    }

    /** A power cycle or brown-out: everything is forgotten. */
    restart(): void {
        this.#forget();
        this.#leaveAir = this.#options.air.join(this);
        this.sayBytes(Uint8Array.from(BANNER, (letter) => letter.charCodeAt(0)));
        this.#after(BOOT_MS, () => {
            this.#isReady = true;
            if (!this.#misbehaviour.startsQuietly) this.#say(COMMAND.reset, Uint8Array.of(RESET_BYTE));
        });
    }

    /** Puts bytes on the line at a wrong moment, e.g. the text of a boot. */
    sayBytes(bytes: Uint8Array): void {
        if (!this.#port || this.#misbehaviour.isSilent) return;
        this.#toHost.push(bytes, { baudRate: BAUD_RATE, extraMs: WORK_MS + this.#misbehaviour.extraMs });
    }

    listensOn(): AirChannel | undefined {
        return this.#isReady && this.#state.isOn ? this.#channel() : undefined;
    }

    hear({ bytes, intact, rssiDbm, snrDb }: Heard): void {
        if (!this.#isReady || !this.#state.isOn) return;
        this.#load.add(this.#now(), loraAirtimeMs(paramsOf(this.#state), bytes.length));
        if (!intact) return;
        const packet = this.#state.isPromiscuous ? bytes : this.#assembly.take(bytes);
        if (!packet) return;
        this.#say(COMMAND.rssi, Uint8Array.of(rssiDbm + RSSI_OFFSET));
        this.#say(COMMAND.snr, Uint8Array.of(Math.round(snrDb * 4)));
        this.#say(COMMAND.data, packet);
    }

    #forget(): void {
        this.#life++;
        this.#state = START;
        this.#isReady = false;
        this.#unread = new Uint8Array(0);
        this.#reader = new FirmwareReader();
        this.#transmitter.forget();
        this.#assembly.forget();
        this.#fromHost.clear();
        this.#cancelStatistics();
        // A packet that is on the air now stays without its end.
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
        if (this.#transmitter.isSending) {
            this.#unread = concatBytes(this.#unread, bytes).subarray(0, UART_BYTES_MAX);
            return;
        }
        for (const frame of this.#reader.push(bytes)) this.#obey(frame);
    }

    #obey(frame: KissFrame): void {
        if (frame.command === COMMAND.data) this.#takePacket(frame.data);
        else if (frame.command === COMMAND.ready)
            this.#say(COMMAND.ready, Uint8Array.of(this.#transmitter.isFull || this.#misbehaviour.isFull ? 0 : 1));
        else if (frame.command === COMMAND.reset) {
            if (frame.data[0] === RESET_BYTE) this.restart();
        } else this.#apply(answersTo(frame, this.#state, this.#firmware));
    }

    #takePacket(packet: Uint8Array): void {
        const { packetError, feignsSending } = this.#misbehaviour;
        if (packetError !== undefined) this.#say(COMMAND.error, Uint8Array.of(packetError));
        else if (!feignsSending) this.#transmitter.enqueue(packet);
    }

    #apply({ state, answers, isTuned }: Obeyed): void {
        const wasOn = this.#state.isOn;
        this.#state = state;
        if (isTuned) this.#say(COMMAND.physical, physicalBytes(state));
        for (const { command, data } of answers) this.#say(command, data);
        if (state.isOn && !wasOn) {
            this.#assembly.forget();
            this.#tellStatisticsLater();
            this.#transmitter.wake();
        } else if (!state.isOn) this.#cancelStatistics();
    }

    /** The firmware has sent what it had to send. */
    #goOn(): void {
        this.#tellStatistics();
        const unread = this.#unread;
        this.#unread = new Uint8Array(0);
        this.#takeBytes(unread);
    }

    #tellStatisticsLater(): void {
        this.#cancelStatistics = this.#after(STATISTICS_MS, () => {
            if (!this.#transmitter.isSending) this.#tellStatistics();
            this.#tellStatisticsLater();
        });
    }

    #tellStatistics(): void {
        const now = this.#now();
        const own = this.#transmitter.bins;
        const shares = [
            own.shortShare(now),
            own.longShare(now),
            Math.min(1, this.#load.shortShare(now) + own.shortShare(now)),
            Math.min(1, this.#load.longShare(now) + own.longShare(now)),
        ];
        const floor = NOISE_FLOOR_DBM + RSSI_OFFSET;
        const level = this.#options.air.isBusyFor(this) ? SIGNAL_DBM + RSSI_OFFSET : floor;
        const levels = Uint8Array.of(level, floor, NO_INTERFERENCE);
        const numbers = shares.map((share) => uint16Bytes(Math.floor(share * 10_000)));
        this.#say(COMMAND.channelStats, concatBytes(...numbers, levels));
    }

    #channel(): AirChannel {
        const { frequencyHz, spreadingFactor, bandwidthHz, codingRate } = paramsOf(this.#state);
        return { frequencyHz, spreadingFactor, bandwidthHz, codingRate, network: SYNC_WORD };
    }

    #say(command: number, data: Uint8Array): void {
        const { answersLost, answersHalved, garbage, lies } = this.#misbehaviour;
        if (answersLost > 0) {
            this.#misbehaviour = { ...this.#misbehaviour, answersLost: answersLost - 1 };
            return;
        }
        const lie = lies[command];
        const whole = kissBytes({ command, data: lie === undefined ? data : lieOf(lie, data.length) });
        const isHalf = answersHalved > 0;
        if (isHalf) this.#misbehaviour = { ...this.#misbehaviour, answersHalved: answersHalved - 1 };
        const bytes = isHalf ? whole.subarray(0, whole.length >> 1) : whole;
        this.sayBytes(garbage ? concatBytes(garbage, bytes) : bytes);
    }

    #now(): Millis {
        return this.#options.clock.now().monotonic;
    }

    /** What waits when the board starts again is forgotten. */
    #after(ms: Millis, task: () => void): () => void {
        const life = this.#life;
        return this.#options.clock.schedule(this.#now() + ms, () => {
            if (life === this.#life) task();
        });
    }
}

function lieOf(value: number, size: number): Uint8Array {
    return Uint8Array.from({ length: size }, (_, index) => value / 256 ** (size - 1 - index));
}
