import { openLine } from "../../../hw/gpio/open-line.ts";
import type { Modem, ReceivedFrame } from "../../../hw/modem.ts";
import type { BytePort } from "../../../hw/port/byte-port.ts";
import type { Clock, Millis } from "../../base/time.ts";
import { Transmitter } from "../../carriers/lora/transmitter.ts";
import { type AirLaw, makeAirLaw } from "../../link/ledger.ts";
import type { RegionProfile } from "../../link/region.ts";
import type { RadioConfig } from "../config/config.ts";
import { choiceOf, paramsForLaw } from "../radio-kinds/choice.ts";
import { RADIO_KIND_TABLE } from "../radio-kinds/registry.ts";
import type { SharedRate } from "./rates.ts";

/** A module is found, set up and compared within this time, or it counts as missing. */
const UP_MS_MAX = 30_000;
/** What module and line may take beside the airtime. */
const SLACK_MS = 3_000;
const FRAME_BYTES = 24;
const MAGIC = 0xe7;

/** What one end heard of the other. */
export interface HeardFigures {
    readonly sent: number;
    readonly heard: number;
    readonly rssiDbm: number | undefined;
    readonly snrDb: number | undefined;
}

export interface RateFigures {
    readonly rate: string;
    /** Undefined: it went through. */
    readonly problem: string | undefined;
    /** What B heard of A, and A of B. */
    readonly there: HeardFigures;
    readonly back: HeardFigures;
    /** Median of those that came back, in milliseconds. */
    readonly roundTripMs: number | undefined;
    /** Of one frame, and of everything sent at this rate by both. */
    readonly frameAirtimeMs: number;
    readonly airtimeMs: number;
}

export interface PairTestParts {
    readonly region: RegionProfile;
    readonly clock: Clock;
    readonly portsAt: readonly [(baudRate: number) => BytePort, (baudRate: number) => BytePort];
    readonly frames: number;
    readonly random: () => number;
}

interface End {
    readonly modem: Modem;
    readonly transmitter: Transmitter;
    readonly rssi: number[];
    readonly snr: number[];
    sent: number;
    heard: number;
    spentMs: Millis;
    hindrance: string | undefined;
    down: string | undefined;
    onFrame: (frame: ReceivedFrame) => void;
}

/** Two radios that answer each other, rate by rate, under the law of the region. */
export class PairTest {
    readonly #parts: PairTestParts;
    /** One book each over all rates: the band remembers. */
    readonly #laws = new Map<number, AirLaw>();

    constructor(parts: PairTestParts) {
        this.#parts = parts;
    }

    async run({ name, radios }: SharedRate): Promise<RateFigures> {
        const ends = [this.#endOf(radios[0], 0), this.#endOf(radios[1], 1)] as const;
        const roundTrips: number[] = [];
        let problem = await this.#bringUp(ends);
        for (let round = 0; round < this.#parts.frames && problem === undefined; round++) {
            const tookMs = await this.#roundTrip(ends, round);
            if (tookMs !== undefined) roundTrips.push(tookMs);
            problem = ends.map((end) => end.hindrance ?? end.down).find((text) => text !== undefined);
        }
        await Promise.all(ends.map(({ modem }) => modem.stop()));
        const [a, b] = ends;
        return {
            rate: name,
            problem,
            there: figuresOf(a, b),
            back: figuresOf(b, a),
            roundTripMs: medianOf(roundTrips),
            frameAirtimeMs: Math.round(a.modem.airtimeMs(FRAME_BYTES)),
            airtimeMs: Math.round(a.spentMs + b.spentMs),
        };
    }

    #endOf(radio: RadioConfig, index: 0 | 1): End {
        const { region, clock, portsAt, random } = this.#parts;
        const choice = choiceOf(radio, region, index + 1);
        const parts = { ...choice, portAt: portsAt[index], clock, openLine };
        const modem = RADIO_KIND_TABLE[radio.kind].makeModem(parts);
        const station = {
            antennaGainDbi: radio.antennaGainDbi,
            listensBeforeTalk: modem.traits.detectsChannelActivity,
        };
        const law = this.#laws.get(index) ?? makeAirLaw({ region, station });
        this.#laws.set(index, law);
        const transmitter = new Transmitter({
            modem,
            params: paramsForLaw(choice),
            law,
            clock,
            random,
            record: async ({ airtimeMs }) => {
                end.spentMs += airtimeMs;
            },
            onHindered: (why) => {
                end.hindrance = why;
                if (why !== undefined) transmitter.cancel();
            },
        });
        const end: End = {
            modem,
            transmitter,
            rssi: [],
            snr: [],
            sent: 0,
            heard: 0,
            spentMs: 0,
            hindrance: undefined,
            down: undefined,
            onFrame: () => undefined,
        };
        return end;
    }

    /** Undefined when both are there. */
    async #bringUp(ends: readonly [End, End]): Promise<string | undefined> {
        const ups = ends.map(
            (end) =>
                new Promise<string | undefined>((resolve) => {
                    this.#later(UP_MS_MAX, () => resolve(end.down ?? `${end.modem.label} did not come up`));
                    end.modem.start({
                        onUp: () => {
                            end.down = undefined;
                            resolve(undefined);
                        },
                        onDown: ({ detail }) => {
                            end.down = detail;
                        },
                        onFrame: (frame) => end.onFrame(frame),
                    });
                }),
        );
        return (await Promise.all(ups)).find((text) => text !== undefined);
    }

    /** Milliseconds from the first word to the answer; undefined when one of them was lost. */
    async #roundTrip([a, b]: readonly [End, End], round: number): Promise<Millis | undefined> {
        const begun = this.#now();
        if (!(await this.#pass(a, b, frameOf(round, 0)))) return undefined;
        return (await this.#pass(b, a, frameOf(round, 1))) ? this.#now() - begun : undefined;
    }

    async #pass(from: End, to: End, frame: Uint8Array): Promise<boolean> {
        const heard = new Promise<boolean>((resolve) => {
            to.onFrame = ({ bytes, rssiDbm, snrDb }) => {
                if (!isSame(bytes, frame)) return;
                to.onFrame = () => undefined;
                to.heard++;
                if (rssiDbm !== undefined) to.rssi.push(rssiDbm);
                if (snrDb !== undefined) to.snr.push(snrDb);
                resolve(true);
            };
            void from.transmitter.transmit({ frame, reserve: undefined, isPolite: true }).then((sent) => {
                if (sent) from.sent++;
                this.#later(sent ? from.modem.airtimeMs(frame.length) + SLACK_MS : 0, () => resolve(false));
            });
        });
        const came = await heard;
        to.onFrame = () => undefined;
        return came;
    }

    #later(ms: Millis, task: () => void): void {
        this.#parts.clock.schedule(this.#now() + ms, task);
    }

    #now(): Millis {
        return this.#parts.clock.now().monotonic;
    }
}

function frameOf(round: number, direction: number): Uint8Array {
    return Uint8Array.from(
        { length: FRAME_BYTES },
        (_, index) => [MAGIC, round, direction][index] ?? (index * 37) & 0xff,
    );
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
    return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function figuresOf(from: End, to: End): HeardFigures {
    return { sent: from.sent, heard: to.heard, rssiDbm: meanOf(to.rssi), snrDb: meanOf(to.snr) };
}

function meanOf(values: readonly number[]): number | undefined {
    return values.length === 0
        ? undefined
        : Math.round((values.reduce((sum, each) => sum + each, 0) / values.length) * 10) / 10;
}

function medianOf(values: readonly number[]): number | undefined {
    const middle = [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
    return middle === undefined ? undefined : Math.round(middle);
}
