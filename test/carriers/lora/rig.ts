import { blake3 } from "@noble/hashes/blake3.js";
import type { ModemTraits } from "../../../hw/modem.ts";
import { makePrng } from "../../../src/base/prng.ts";
import type { Arrival, Carrier, CarrierState, Parcel, SendOutcome } from "../../../src/carriers/carrier.ts";
import type { AirEvent } from "../../../src/carriers/lora/air-event.ts";
import type { NetworkMemory } from "../../../src/carriers/lora/keyed-frames.ts";
import { makeLoraCarrier } from "../../../src/carriers/lora/lora-carrier.ts";
import type { LinkStateKeeper } from "../../../src/carriers/lora/options.ts";
import { encodeBlock } from "../../../src/link/block/block.ts";
import type { AckEntry } from "../../../src/link/frame/ack-entries.ts";
import { decodeFrame, encodeFrame, type LinkFrame } from "../../../src/link/frame/frame.ts";
import { type AirLaw, type AirtimeEntry, makeAirLaw } from "../../../src/link/ledger.ts";
import type { NetworkKeys } from "../../../src/link/network-key.ts";
import { findRegion } from "../../../src/link/region.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { FakeModem, PARAMS } from "./fake-modem.ts";

export const HOUR_MS = 3_600_000;
export const STATION = { antennaGainDbi: 2, listensBeforeTalk: false };

export interface Rig {
    readonly clock: VirtualClock;
    readonly modem: FakeModem;
    readonly carrier: Carrier;
    readonly law: AirLaw;
    readonly states: CarrierState[];
    readonly arrived: Uint8Array[];
    readonly journal: AirtimeEntry[];
    readonly air: AirEvent[];
}

export interface RigOptions {
    readonly clock?: VirtualClock;
    readonly seed?: number;
    readonly region?: string | undefined;
    readonly arrival?: Arrival;
    readonly params?: typeof PARAMS;
    readonly traits?: Partial<ModemTraits>;
    readonly record?: (entry: AirtimeEntry) => Promise<void>;
    /** What outlives this carrier; each has its own where nothing is said. */
    readonly memory?: Memory;
    readonly keys?: NetworkKeys;
    readonly emberChunks?: boolean;
}

/** What a depot keeps for a link. */
export class Memory {
    link: Uint8Array | undefined;
    peers: Uint8Array | undefined;
    counterEnd: number | undefined;
    /** How often numbers were reserved. */
    reservations = 0;
    /** Reservations fail, as on a full disk. */
    isFull = false;

    readonly linkState: LinkStateKeeper = {
        load: () => this.link,
        save: async (state) => {
            this.link = state;
        },
    };
    readonly network: NetworkMemory = {
        counter: () => this.counterEnd,
        reserve: async (end) => {
            await Promise.resolve();
            if (this.isFull) throw new Error("disk full");
            this.reservations++;
            this.counterEnd = end;
        },
        loadPeers: () => this.peers,
        savePeers: async (peers) => {
            this.peers = peers;
        },
    };
}

export async function start(options: RigOptions = {}): Promise<Rig> {
    const clock = options.clock ?? new VirtualClock();
    const params = options.params ?? PARAMS;
    const modem = new FakeModem(clock, options.traits, params);
    const region = "region" in options ? options.region : "EU868";
    const law = makeAirLaw({ region: region === undefined ? undefined : findRegion(region), station: STATION });
    const random = makePrng(options.seed ?? 1);
    const memory = options.memory ?? new Memory();
    const [states, arrived, journal, air]: [CarrierState[], Uint8Array[], AirtimeEntry[], AirEvent[]] = [
        [],
        [],
        [],
        [],
    ];
    const carrier = makeLoraCarrier({
        id: "lora",
        modem,
        params,
        law,
        clock,
        node: options.seed ?? 1,
        entropy: { fill: (target) => target.set(Array.from(target, () => random() * 256)) },
        record: async (entry) => {
            await options.record?.(entry);
            journal.push(entry);
        },
        onAir: (event) => air.push(event),
        linkState: memory.linkState,
        network: options.keys && { keys: options.keys, memory: memory.network },
        emberChunks: options.emberChunks ?? false,
    });
    await carrier.start({
        onPayload: async (payload) => {
            arrived.push(payload);
            return options.arrival ?? { kind: "stored" };
        },
        onState: (state) => states.push(state),
    });
    return { clock, modem, carrier, law, states, arrived, journal, air };
}

/** Two carriers that hear each other, both up. */
export async function startPair(
    options: Omit<RigOptions, "clock"> = {},
    nearOptions: Omit<RigOptions, "clock"> = {},
): Promise<readonly [Rig, Rig]> {
    const clock = new VirtualClock();
    const near = await start({ seed: 1, ...nearOptions, clock });
    const far = await start({ seed: 2, ...options, clock });
    connect(near, far);
    near.modem.handlers?.onUp("ready");
    far.modem.handlers?.onUp("ready");
    return [near, far];
}

/** Each hears the other, and nobody else. */
export function connect(near: Rig, far: Rig): void {
    near.modem.onSent = (frame) => far.modem.hear(frame);
    far.modem.onSent = (frame) => near.modem.hear(frame);
}

export function parcel(size: number): Parcel {
    const payload = Uint8Array.from({ length: size }, (_, index) => (index * 7) % 251);
    return { kind: "message", messageId: "00".repeat(16), payload, attempts: 0 };
}

/** A foreign frame that is a whole payload and asks for an answer. */
export function wholeFrame(payload: Uint8Array): Uint8Array {
    const block = encodeBlock([{ payload, item: { head: 0, content: payload } }], blake3);
    return encodeFrame({ kind: "single", alias: 7, block });
}

/** What was on the air from here; every frame must be one of the link. */
export function framesOf({ modem }: Rig): readonly LinkFrame[] {
    return modem.sent.map(({ frame }) => {
        const decoded = decodeFrame(frame);
        if (!decoded.ok) throw new Error(`the carrier sent a frame that is ${decoded.error}`);
        return decoded.frame;
    });
}

export function isData({ kind }: LinkFrame): boolean {
    return kind === "single" || kind === "source" || kind === "repair";
}

/** What the acknowledgments from here said, entry by entry. */
export function entriesOf(rig: Rig): readonly AckEntry[] {
    return framesOf(rig).flatMap((frame) => (frame.kind === "ack" ? frame.entries : []));
}

export function send(
    rig: Rig,
    what: Parcel,
    signal = new AbortController().signal,
): { outcome: SendOutcome | undefined } {
    const sending: { outcome: SendOutcome | undefined } = { outcome: undefined };
    void rig.carrier.send(what, signal).then((outcome) => {
        sending.outcome = outcome;
    });
    return sending;
}
