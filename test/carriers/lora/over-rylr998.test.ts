import { describe, expect, it } from "vitest";
import { Air } from "../../../hw/air/air.ts";
import { memoryPortPair } from "../../../hw/port/memory-port.ts";
import { makeRylr998 } from "../../../hw/rylr998/driver.ts";
import { Rylr998Emulator } from "../../../hw/rylr998/emulator.ts";
import { makePrng } from "../../../src/base/prng.ts";
import type { Carrier } from "../../../src/carriers/carrier.ts";
import { makeLoraCarrier } from "../../../src/carriers/lora/lora-carrier.ts";
import { makeAirLaw } from "../../../src/link/ledger.ts";
import { findRegion } from "../../../src/link/region.ts";
import { payloadOf } from "../../support/payload-of.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { PARAMS } from "./fake-modem.ts";

const HOUR_MS = 3_600_000;
const SIZES = [235, 900, 60, 235];

interface End {
    readonly carrier: Carrier;
    readonly arrived: Uint8Array[];
    isUp: boolean;
}

/** A carrier over the real driver, a cable in memory and an emulated module. */
async function startEnd(clock: VirtualClock, air: Air, address: number): Promise<End> {
    const emulator = new Rylr998Emulator({ air, clock });
    const modem = makeRylr998({
        label: `module ${address}`,
        clock,
        port: () => {
            const { a, b } = memoryPortPair();
            void emulator.plug(b);
            return a;
        },
        params: PARAMS,
        address,
        networkId: 18,
    });
    const random = makePrng(address);
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
        node: address,
    });
    const end: End = { carrier, arrived: [], isUp: false };
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

describe("two LoRa carriers over emulated RYLR998s", () => {
    it.each([1, 2, 3])("carry messages both ways at 30 %% loss, seed %i", async (seed) => {
        const clock = new VirtualClock();
        const weather = { loss: 0.3, corruption: 0.03, garbling: 0.03, duplication: 0.05, delayMs: 200 };
        const air = new Air({ clock, seed, weather });
        const ends = [await startEnd(clock, air, 1), await startEnd(clock, air, 2)] as const;
        expect(await clock.runUntil(() => ends.every(({ isUp }) => isUp), 60_000)).toBe(true);

        const tasks = SIZES.map((size, index) => ({ from: index % 2, payload: payloadOf(seed * 10 + index, size) }));
        const flying = new Set<object>();
        const launch = (task: (typeof tasks)[number]): void => {
            flying.add(task);
            const parcel = { kind: "message", messageId: "00".repeat(16), payload: task.payload, attempts: 0 } as const;
            void ends[task.from === 0 ? 0 : 1].carrier.send(parcel, new AbortController().signal).then((outcome) => {
                if (outcome.kind === "peer_stored") flying.delete(task);
                else if (outcome.kind === "failed") launch(task);
            });
        };
        for (const task of tasks) launch(task);
        expect(await clock.runUntil(() => flying.size === 0, 2 * HOUR_MS)).toBe(true);

        for (const [index, end] of ends.entries()) {
            const expected = tasks.filter(({ from }) => from !== index).map(({ payload }) => payload);
            expect(end.arrived).toHaveLength(expected.length);
            expect(end.arrived).toEqual(expect.arrayContaining(expected));
        }
        expect(air.statistics.lost).toBeGreaterThan(0);
        for (const { carrier } of ends) await carrier.stop();
    });
});
