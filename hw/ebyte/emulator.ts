import { concatBytes } from "../../src/base/bytes.ts";
import type { Clock, Millis } from "../../src/base/time.ts";
import type { Air, AirChannel, AirRadio, Heard, Transmission } from "../air/air.ts";
import { PacedLine } from "../emulation/paced-line.ts";
import type { FakePin } from "../gpio/fake.ts";
import type { BytePort } from "../port/byte-port.ts";
import { believedParams, vendorAirtimeMs } from "./airtime.ts";
import { AMBIENT_QUERY } from "./commands.ts";
import { type EbyteMisbehaviour, WELL_BEHAVED } from "./emulated-misbehaviour.ts";
import { type AirPacket, EVERYBODY, mangled, pack, unpack } from "./emulated-packet.ts";
import { factoryRegisters, frequencyOf, type Meaning, type Memory, meaningOf, obey } from "./emulated-registers.ts";
import { EmulatedTransmitter } from "./emulated-transmitter.ts";
import { type Band, CONFIG_BAUD_RATE, E22, E220, type EbyteKind } from "./kind.ts";
import type { RssiByte } from "./settings.ts";

/** Start-up with its self-test, and a change of mode; AUX is low meanwhile. */
const BOOT_MS = 250;
const SWITCH_MS = 15;
const WORK_MS = 5;
/** AUX falls so long before the first byte of a received packet. */
const ANNOUNCE_MS = 3;
/** A pause of three bytes ends a packet. */
const PAUSE_BYTES = 3;
const BITS_PER_BYTE = 10;
const QUIET_DBM = -110;
const BUSY_DBM = -70;
const FIXED_PREFIX_BYTES = 3;
const AMBIENT_HEAD_BYTES = 4;
const READ = 0xc1;
/** Of an answer, before the values. */
const HEAD_BYTES = 3;

export interface EbyteEmulatorOptions {
    readonly air: Air;
    readonly clock: Clock;
    /** Default "900". */
    readonly band?: Band;
    /** What its flash holds, from `registersOf`; default: as it leaves the factory. */
    readonly registers?: Uint8Array;
    /** Default "offset": how strengths are told when the RSSI byte is switched on. */
    readonly rssiByte?: Exclude<RssiByte, "none">;
    /** The module's ends of the wires. Without M0 and M1 both are tied low. */
    readonly pins?: { readonly m0?: FakePin; readonly m1?: FakePin; readonly aux?: FakePin };
}

export function makeE22Emulator(options: EbyteEmulatorOptions): EbyteEmulator {
    return new EbyteEmulator(E22, options);
}

export function makeE220Emulator(options: EbyteEmulatorOptions): EbyteEmulator {
    return new EbyteEmulator(E220, options);
}

/**
 * An E22 or E220 as its manual describes it: modes by M0 and M1, AUX, sub-packets, buffer, filters, and as slow as its
 * UART and its radio are. See NOTES.md for what the manual leaves open.
 */
export class EbyteEmulator implements AirRadio {
    readonly #kind: EbyteKind;
    readonly #options: EbyteEmulatorOptions;
    readonly #band: Band;
    #memory: Memory;
    #misbehaviour: EbyteMisbehaviour = WELL_BEHAVED;
    #port: BytePort | undefined;
    #hostBaudRate: number | undefined;
    #isPowered = false;
    #isReady = false;
    /** "deaf": asleep, or in one of the modes of waking others. */
    #mode: "normal" | "configuring" | "deaf" = "normal";
    #isSwitching = false;
    readonly #fromHost: PacedLine;
    readonly #toHost: PacedLine;
    #burst = new Uint8Array(0);
    #cancelPause: () => void = () => undefined;
    readonly #transmitter: EmulatedTransmitter;
    #lastRssiDbm = QUIET_DBM;
    #leaveAir: () => void = () => undefined;
    /** Grows with each start: what was begun before is forgotten. */
    #life = 0;
    #flashWrites = 0;

    constructor(kind: EbyteKind, options: EbyteEmulatorOptions) {
        this.#kind = kind;
        this.#options = options;
        this.#band = options.band ?? "900";
        const registers = options.registers ?? factoryRegisters(kind, this.#band);
        this.#memory = { registers, flash: registers };
        this.#fromHost = new PacedLine(options.clock, (bytes) => this.#takeBytes(bytes));
        this.#toHost = new PacedLine(options.clock, (bytes) => this.#deliver(bytes));
        this.#transmitter = new EmulatedTransmitter({
            ...options,
            radio: this,
            listensBefore: () => this.settings.listensBefore,
            sendsNothing: () => this.#misbehaviour.sendsNothing,
            onChange: () => {
                this.#updateAux();
                this.#followPins();
            },
        });
        options.pins?.m0?.watch(() => this.#followPins());
        options.pins?.m1?.watch(() => this.#followPins());
        this.powerOn();
    }

    /** Connects the host's UART. */
    async plug(port: BytePort): Promise<void> {
        this.#port = port;
        await port.open({
            onBytes: (chunk) => this.#hearHost(chunk),
            onClose: () => {
                if (this.#port === port) this.#port = undefined;
            },
        });
    }

    /**
     * The speed of the host's UART, which neither a pair in memory nor a pseudo-terminal tells: at another one than the
     * module's only garbage passes. Undefined: it always is the module's own.
     */
    hostSpeed(baudRate: number | undefined): void {
        this.#hostBaudRate = baudRate;
    }

    /** Pulls the module out: no power, and the host sees its port close. */
    async unplug(): Promise<void> {
        const port = this.#port;
        this.#port = undefined;
        this.#isPowered = false;
        this.#forget();
        this.#leaveAir();
        this.#updateAux();
        await port?.close();
    }

    powerOn(): void {
        this.#isPowered = true;
        this.#boot();
    }

    /** A brown-out: what was not written to the flash is forgotten. */
    restart(): void {
        if (this.#isPowered) this.#boot();
    }

    /** What is not named behaves well again. */
    misbehave(misbehaviour: Partial<EbyteMisbehaviour>): void {
        this.#misbehaviour = { ...WELL_BEHAVED, ...misbehaviour };
        this.#updateAux();
    }

    /** Says something at a moment of the test's choice. */
    babble(bytes: Uint8Array): void {
        if (this.#isReady) this.#say(bytes, 0);
    }

    get mode(): "normal" | "configuring" | "deaf" {
        return this.#mode;
    }

    /** Flash wears out, so every write to it counts. */
    get flashWrites(): number {
        return this.#flashWrites;
    }

    get settings(): Meaning {
        return meaningOf(this.#kind, this.#band, this.#memory.registers);
    }

    listensOn(): AirChannel | undefined {
        return this.#isReady && this.#mode === "normal" ? this.#channelAt(this.settings.frequencyHz) : undefined;
    }

    hear({ bytes, intact, rssiDbm }: Heard): void {
        const packet = unpack(bytes);
        if (!this.#isReady || this.#mode !== "normal" || !intact || !packet) return;
        const { address, networkId, key, addsRssi } = this.settings;
        if (packet.networkId !== networkId || packet.key !== key) return;
        if (packet.to !== address && packet.to !== EVERYBODY && address !== EVERYBODY) return;
        this.#lastRssiDbm = rssiDbm;
        const strength = addsRssi ? Uint8Array.of(this.#rssiByte(rssiDbm)) : new Uint8Array(0);
        this.#say(concatBytes(packet.data, strength), ANNOUNCE_MS);
    }

    #boot(): void {
        const life = ++this.#life;
        this.#memory = { registers: this.#memory.flash, flash: this.#memory.flash };
        this.#forget();
        // A packet that is on the air now has lost its beginning.
        this.#leaveAir();
        this.#leaveAir = this.#options.air.join(this);
        this.#updateAux();
        this.#after(BOOT_MS, () => {
            if (life !== this.#life || !this.#isPowered) return;
            this.#isReady = true;
            this.#mode = this.#modeOfPins();
            this.#updateAux();
        });
    }

    #forget(): void {
        this.#isReady = false;
        this.#isSwitching = false;
        this.#transmitter.forget();
        this.#burst = new Uint8Array(0);
        this.#cancelPause();
        this.#fromHost.clear();
        this.#toHost.clear();
    }

    #modeOfPins(): "normal" | "configuring" | "deaf" {
        const { m0, m1 } = this.#options.pins ?? {};
        const [isM0, isM1] = [m0?.isHigh ?? false, m1?.isHigh ?? false];
        const { configuring } = this.#kind;
        if (isM0 === configuring.m0 && isM1 === configuring.m1) return "configuring";
        return isM0 || isM1 ? "deaf" : "normal";
    }

    /** A change waits until everything is sent and told. */
    #followPins(): void {
        if (!this.#isReady || this.#isSwitching || this.#misbehaviour.isSilent) return;
        if (this.#modeOfPins() === this.#mode || this.#isBusy() || this.#transmitter.isOnAir) return;
        const life = this.#life;
        this.#isSwitching = true;
        this.#updateAux();
        this.#after(SWITCH_MS, () => {
            if (life !== this.#life) return;
            this.#isSwitching = false;
            this.#mode = this.#modeOfPins();
            this.#updateAux();
            this.#followPins();
        });
    }

    #hearHost(chunk: Uint8Array): void {
        if (!this.#isReady || this.#misbehaviour.isSilent) return;
        const own = this.#baudRate();
        this.#fromHost.push(this.#isInTune() ? chunk : mangled(chunk), { baudRate: own });
        this.#updateAux();
    }

    #baudRate(): number {
        return this.#mode === "configuring" ? CONFIG_BAUD_RATE : this.settings.baudRate;
    }

    #isInTune(): boolean {
        return this.#hostBaudRate === undefined || this.#hostBaudRate === this.#baudRate();
    }

    #takeBytes(bytes: Uint8Array): void {
        if (!this.#isReady || this.#misbehaviour.isSilent) return;
        this.#cancelPause();
        const room = this.#kind.bufferBytes - this.#burst.length - this.#transmitter.queuedBytes;
        this.#burst = concatBytes(this.#burst, bytes.subarray(0, Math.max(room, 0))) as Uint8Array<ArrayBuffer>;
        this.#cutSubPackets();
        const pauseMs = (PAUSE_BYTES * BITS_PER_BYTE * 1000) / this.#baudRate();
        this.#cancelPause = this.#after(pauseMs, () => {
            // Bytes are on the line this moment, so there was no pause.
            if (!this.#fromHost.isBusy) this.#endBurst();
        });
    }

    #cutSubPackets(): void {
        const { subPacketSize } = this.settings;
        while (this.#mode === "normal" && this.#burst.length >= subPacketSize) {
            this.#enqueue(this.#burst.slice(0, subPacketSize));
            this.#burst = this.#burst.slice(subPacketSize);
        }
    }

    #endBurst(): void {
        const burst = this.#burst;
        this.#burst = new Uint8Array(0);
        if (burst.length > 0 && this.#mode === "configuring") this.#after(WORK_MS, () => this.#obey(burst));
        else if (burst.length > 0 && this.#mode === "normal") this.#enqueue(burst);
        this.#updateAux();
        this.#followPins();
    }

    #obey(command: Uint8Array): void {
        if (!this.#isReady || this.#mode !== "configuring") return;
        const { refuses } = this.#misbehaviour;
        const { reply, ...memory } = obey(this.#kind, this.#band, this.#memory, refuses ? Uint8Array.of(0) : command);
        if (memory.flash !== this.#memory.flash) this.#flashWrites++;
        this.#memory = memory;
        this.#answer(reply[0] === READ ? this.#bent(reply, command[0] === READ) : reply);
    }

    #bent(reply: Uint8Array, isRead: boolean): Uint8Array {
        const { lies, echoesWrongly } = this.#misbehaviour;
        const [, first = 0] = reply;
        return reply.map((byte, index) => {
            if (index < HEAD_BYTES) return byte;
            return isRead ? (lies[index - HEAD_BYTES + first] ?? byte) : echoesWrongly ? byte ^ 0xff : byte;
        });
    }

    #answer(reply: Uint8Array): void {
        const { answersLost, halves, extraMs } = this.#misbehaviour;
        if (answersLost > 0) {
            this.#misbehaviour = { ...this.#misbehaviour, answersLost: answersLost - 1 };
            return;
        }
        this.#say(halves ? reply.subarray(0, reply.length >> 1) : reply, extraMs);
    }

    #enqueue(bytes: Uint8Array): void {
        const { answersAmbient, isFixed, address, networkId, key, frequencyHz } = this.settings;
        if (answersAmbient && AMBIENT_QUERY.subarray(0, AMBIENT_HEAD_BYTES).every((byte, at) => bytes[at] === byte)) {
            this.#answerAmbient(bytes);
            return;
        }
        if (isFixed && bytes.length <= FIXED_PREFIX_BYTES) return;
        if (this.#misbehaviour.brownsOut) {
            this.#boot();
            return;
        }
        const [high = 0, low = 0, channel = 0] = bytes;
        const data = isFixed ? bytes.slice(FIXED_PREFIX_BYTES) : bytes;
        const packet: AirPacket = { to: isFixed ? (high << 8) | low : address, networkId, key, data };
        const target = isFixed ? frequencyOf(this.#band, channel) : frequencyHz;
        this.#transmitter.push({ size: data.length, make: () => this.#transmission(pack(packet), target) });
    }

    #transmission(bytes: Uint8Array, frequencyHz: number): Transmission {
        const airtimeMs = vendorAirtimeMs(this.settings.airRateBps, bytes.length);
        return { bytes, airtimeMs, channel: this.#channelAt(frequencyHz) };
    }

    #answerAmbient(query: Uint8Array): void {
        const [first = 0, count = 0] = query.subarray(AMBIENT_HEAD_BYTES);
        const noiseDbm = this.#options.air.isBusy(this.#channelAt(this.settings.frequencyHz)) ? BUSY_DBM : QUIET_DBM;
        const values = [noiseDbm, this.#lastRssiDbm].map((dbm) => this.#rssiByte(dbm)).slice(first, first + count);
        this.#answer(Uint8Array.of(0xc1, first, count, ...values));
    }

    #rssiByte(dbm: number): number {
        return this.#options.rssiByte === "half" ? Math.min(-2 * dbm, 255) : 256 + dbm;
    }

    #channelAt(frequencyHz: number): AirChannel {
        const { spreadingFactor, bandwidthHz } = believedParams({ ...this.settings, frequencyHz, powerDbm: 0 });
        // The families' packets look different on the air, as far as is known.
        return { frequencyHz, spreadingFactor, bandwidthHz, codingRate: 1, network: this.#kind.reg0 };
    }

    #say(bytes: Uint8Array, extraMs: Millis): void {
        if (this.#misbehaviour.isSilent) return;
        const said = concatBytes(this.#misbehaviour.garbage ?? new Uint8Array(0), bytes);
        this.#toHost.push(said, { baudRate: this.#baudRate(), extraMs });
        this.#updateAux();
    }

    #deliver(bytes: Uint8Array): void {
        // A host that is gone hears nothing; the module cannot know.
        this.#port?.write(this.#isInTune() ? bytes : mangled(bytes)).catch(() => undefined);
        this.#updateAux();
        this.#followPins();
    }

    /** What AUX tells: a packet on the air is not part of it. */
    #isBusy(): boolean {
        const isTaking = this.#fromHost.isBusy || this.#burst.length > 0 || this.#transmitter.isWaiting;
        return isTaking || this.#toHost.isBusy;
    }

    #updateAux(): void {
        const { isSilent, auxStuck } = this.#misbehaviour;
        if (isSilent) return;
        // In configuration AUX says nothing about answers.
        const works = this.#isReady && !this.#isSwitching && (this.#mode === "configuring" || !this.#isBusy());
        this.#options.pins?.aux?.drive(auxStuck ? auxStuck === "high" : works);
    }

    #now(): Millis {
        return this.#options.clock.now().monotonic;
    }

    #after(ms: Millis, task: () => void): () => void {
        return this.#options.clock.schedule(this.#now() + ms, task);
    }
}
