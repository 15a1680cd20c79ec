import { describe, expect, it } from "vitest";
import { Air } from "../../../hw/air/air.ts";
import { makeMeshcoreKiss } from "../../../hw/meshcore-kiss/driver.ts";
import { MeshcoreKissEmulator } from "../../../hw/meshcore-kiss/emulator.ts";
import type { Modem } from "../../../hw/modem.ts";
import { makeRnode } from "../../../hw/rnode/driver.ts";
import { RnodeEmulator } from "../../../hw/rnode/emulator.ts";
import { makePrng } from "../../../src/base/prng.ts";
import { makeLoraCarrier } from "../../../src/carriers/lora/lora-carrier.ts";
import { makeAirLaw } from "../../../src/link/ledger.ts";
import { findRegion } from "../../../src/link/region.ts";
import { Socket } from "../../support/emulated-module.ts";
import { payloadOf } from "../../support/payload-of.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { PARAMS } from "./fake-modem.ts";

const HOUR_MS = 3_600_000;
const SIZES = [235, 900, 60, 2_000, 235, 500];
const UNPLUGS = 3;

interface Device {
    readonly modem: Modem;
    unplug(): Promise<void>;
    plugIn(): void;
}

type Build = (air: Air, clock: VirtualClock, seed: number) => Device;

const rnode: Build = (air, clock, seed) => {
    const socket = new Socket(new RnodeEmulator({ air, clock, seed }));
    const modem = makeRnode({ label: `board ${seed}`, port: socket.port, clock, params: PARAMS });
    return { modem, unplug: () => socket.unplug(), plugIn: () => socket.plugIn() };
};

const meshcore: Build = (air, clock, seed) => {
    const socket = new Socket(new MeshcoreKissEmulator({ air, clock, seed }));
    const modem = makeMeshcoreKiss({ label: `board ${seed}`, port: socket.port, clock, params: PARAMS });
    return { modem, unplug: () => socket.unplug(), plugIn: () => socket.plugIn() };
};

async function startEnd(clock: VirtualClock, device: Device, seed: number) {
    const random = makePrng(seed);
    const { modem } = device;
    const law = makeAirLaw({
        region: findRegion("EU868"),
        station: { antennaGainDbi: 2, listensBeforeTalk: modem.traits.detectsChannelActivity },
    });
    const carrier = makeLoraCarrier({
        id: "lora",
        modem,
        params: PARAMS,
        law,
        clock,
        entropy: { fill: (target) => target.set(Array.from(target, () => random() * 256)) },
        record: () => Promise.resolve(),
        node: seed,
    });
    const end = { carrier, device, arrived: [] as Uint8Array[], isUp: false };
    await carrier.start({
        onPayload: async (payload) => {
            end.arrived.push(payload);
            return { kind: "stored" };
        },
        onState: ({ kind }) => {
            end.isUp = kind === "up";
        },
    });
    return end;
}

describe.each<[string, Build]>([
    ["RNodes", rnode],
    ["MeshCore KISS modems", meshcore],
])("two LoRa carriers over emulated %s", (_, build) => {
    it.each([1, 2])("carry messages both ways at a fifth lost and through unplugs, seed %i", async (seed) => {
        const clock = new VirtualClock();
        const weather = { loss: 0.2, corruption: 0.03, garbling: 0.03, duplication: 0.02 };
        const air = new Air({ clock, seed, weather });
        const ends = [
            await startEnd(clock, build(air, clock, 10 + seed), 1),
            await startEnd(clock, build(air, clock, 20 + seed), 2),
        ] as const;
        expect(await clock.runUntil(() => ends.every(({ isUp }) => isUp), 60_000)).toBe(true);

        const tasks = SIZES.map((size, index) => ({ from: index % 2, payload: payloadOf(seed * 10 + index, size) }));
        const flying = new Set<object>();
        const launch = (task: (typeof tasks)[number]): void => {
            flying.add(task);
            const parcel = { kind: "message", messageId: "00".repeat(16), payload: task.payload, attempts: 0 } as const;
            void ends[task.from === 0 ? 0 : 1].carrier.send(parcel, new AbortController().signal).then((outcome) => {
                if (outcome.kind === "peer_stored") flying.delete(task);
                else clock.schedule(clock.now().monotonic + 1_000, () => launch(task));
            });
        };
        for (const task of tasks) launch(task);
        for (let pull = 0; pull < UNPLUGS; pull++) {
            await clock.advance(3_000 + 500 * seed);
            const { device } = ends[pull % 2 === 0 ? 0 : 1];
            await device.unplug();
            await clock.advance(700);
            device.plugIn();
        }
        expect(await clock.runUntil(() => flying.size === 0, 4 * HOUR_MS)).toBe(true);

        for (const [index, end] of ends.entries()) {
            const expected = tasks.filter(({ from }) => from !== index).map(({ payload }) => payload);
            expect(end.arrived).toHaveLength(expected.length);
            expect(end.arrived).toEqual(expect.arrayContaining(expected));
        }
        expect(air.statistics.lost).toBeGreaterThan(0);
        for (const { carrier } of ends) await carrier.stop();
    });
});
