import { Air } from "../../hw/air/air.ts";
import { toHex } from "../../src/base/encoding.ts";
import { makePrng } from "../../src/base/prng.ts";
import type { Carrier, CarrierState } from "../../src/carriers/carrier.ts";
import type { Depot } from "../../src/depot/store.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { loraCarrierOf } from "./carrier.ts";
import { KINDS, type KindName, type Station } from "./kinds.ts";
import { trafficFor } from "./traffic.ts";
import { memoryWire } from "./wires.ts";

const HOUR_MS = 3_600_000;

/** Pauses between two acts of the device. */
const ACT_MS_MIN = 200;
const ACT_MS_MAX = 180_000;

/** A fault in the middle of setting up wants a quick second act. */
const QUICK_ACT_MS_MAX = 4_000;

const BABBLE_BYTES_MAX = 300;

/** Something is to be sent so often, each way. */
const PARCEL_EVERY_MS = 240_000;

/** A device that behaves is up again within this time, whatever was before. */
const RECOVERY_MS_MAX = 300_000;

/** And then everything comes across within this. */
const CLEARANCE_MS_MAX = 3_600_000;

/** What is kept on a disk that forgets. */
const NO_DEPOT: Pick<Depot, "commit" | "airtime" | "links"> = {
    commit: async (work) => work(),
    airtime: { spent: () => [], record: () => undefined, forgetBefore: () => undefined },
    links: { load: () => undefined, save: () => false },
};

interface Side {
    readonly station: Station;
    readonly carrier: Carrier;
    readonly states: CarrierState[];
    readonly arrived: string[];
}

export interface Trouble {
    /** What the device did, with the time in seconds. */
    readonly acts: readonly string[];
    /** What the log would show of both radios. */
    readonly states: readonly (readonly CarrierState[])[];
    /** Timers that were set in the hour, by drivers, carriers and emulators. */
    readonly timers: number;
    readonly recoveredInMs: number | undefined;
    readonly sent: readonly string[];
    readonly arrived: readonly string[];
}

/** A device that does whatever it likes for an hour of virtual time and then behaves, between two carriers with something to say. */
export async function makeTrouble(kind: KindName, seed: number): Promise<Trouble> {
    const clock = new CountingClock();
    const air = new Air({ clock, seed });
    const random = makePrng(seed);
    const [bad, good] = [await startSide(kind, { clock, air }, 1), await startSide(kind, { clock, air }, 2)];
    const sides = [bad, good] as const;
    const pending = new Set<Uint8Array>();
    const launch = (from: Side, payload: Uint8Array): void => {
        pending.add(payload);
        const parcel = { kind: "message", messageId: "00".repeat(16), payload, attempts: 0 } as const;
        void from.carrier.send(parcel, new AbortController().signal).then(({ kind: outcome }) => {
            if (outcome === "peer_stored") pending.delete(payload);
            else clock.schedule(clock.now().monotonic + 10_000, () => launch(from, payload));
        });
    };
    const count = Math.floor(HOUR_MS / PARCEL_EVERY_MS);
    const sent: string[] = [];
    for (const [index, side] of sides.entries()) {
        for (const [number, payload] of trafficFor(index, count, seed).entries()) {
            sent.push(toHex(payload));
            clock.schedule(number * PARCEL_EVERY_MS + random() * PARCEL_EVERY_MS, () => launch(side, payload));
        }
    }
    const acts = await misbehave(bad.station, clock, random);
    const { timers } = clock;
    bad.station.misbehave();
    await bad.station.wire.plugIn();
    const begun = clock.now().monotonic;
    const isUp = await clock.runUntil(() => sides.every(({ states }) => states.at(-1)?.kind === "up"), RECOVERY_MS_MAX);
    const recoveredInMs = isUp ? clock.now().monotonic - begun : undefined;
    await clock.runUntil(() => pending.size === 0, CLEARANCE_MS_MAX);
    const states = sides.map((side) => [...side.states]);
    for (const { carrier } of sides) await carrier.stop();
    return {
        acts,
        states,
        timers,
        recoveredInMs,
        sent: sent.sort(),
        arrived: [...bad.arrived, ...good.arrived].sort(),
    };
}

async function misbehave(station: Station, clock: VirtualClock, random: () => number): Promise<readonly string[]> {
    const acts: string[] = [];
    while (clock.now().monotonic < HOUR_MS) {
        acts.push(`${Math.round(clock.now().monotonic / 1000)} ${await act(station, random)}`);
        const most = random() < 0.3 ? QUICK_ACT_MS_MAX : ACT_MS_MAX;
        await clock.advance(ACT_MS_MIN + random() * (most - ACT_MS_MIN));
    }
    return acts;
}

async function act(station: Station, random: () => number): Promise<string> {
    const { wire, faultNames } = station;
    const what = random();
    if (what < 0.5) {
        const fault = faultNames[Math.floor(random() * faultNames.length)] ?? "";
        station.misbehave(fault);
        return fault;
    }
    if (what < 0.65) {
        station.misbehave();
        return "behaves";
    }
    if (what < 0.75) {
        station.restart();
        return "restarts";
    }
    if (what < 0.85) {
        const size = 1 + Math.floor(random() * BABBLE_BYTES_MAX);
        station.babble(Uint8Array.from({ length: size }, () => random() * 256));
        return "babbles";
    }
    await (what < 0.92 ? wire.unplug() : wire.plugIn());
    return what < 0.92 ? "is pulled out" : "is plugged in";
}

async function startSide(kind: KindName, world: { clock: VirtualClock; air: Air }, number: number): Promise<Side> {
    const { clock } = world;
    const station = await KINDS[kind]({ ...world, number, wire: memoryWire });
    const carrier = loraCarrierOf({ station, depot: NO_DEPOT, clock, node: number, seed: number });
    const side: Side = { station, carrier, states: [], arrived: [] };
    await carrier.start({
        onPayload: async (payload) => {
            side.arrived.push(toHex(payload));
            return { kind: "stored" };
        },
        onState: (state) => side.states.push(state),
    });
    return side;
}

class CountingClock extends VirtualClock {
    timers = 0;

    override schedule(at: number, run: () => void): () => void {
        this.timers++;
        return super.schedule(at, run);
    }
}
