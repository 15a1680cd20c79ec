import { describe, expect, it } from "vitest";
import { Air } from "../../../hw/air/air.ts";
import { believedParams } from "../../../hw/ebyte/airtime.ts";
import { makePrng } from "../../../src/base/prng.ts";
import type { Carrier } from "../../../src/carriers/carrier.ts";
import { makeLoraCarrier } from "../../../src/carriers/lora/lora-carrier.ts";
import { makeAirLaw } from "../../../src/link/ledger.ts";
import { findRegion } from "../../../src/link/region.ts";
import { EbyteRig } from "../../support/ebyte-rig.ts";
import { payloadOf } from "../../support/payload-of.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const HOUR_MS = 3_600_000;
const SIZES = [235, 900, 60, 235];
/** 500 kHz are allowed around this channel in the band from 865 to 868 MHz. */
const SETTINGS = { frequencyHz: 867_125_000, airRateBps: 9600, powerDbm: 13 } as const;

interface End {
    readonly rig: EbyteRig;
    readonly carrier: Carrier;
    readonly arrived: Uint8Array[];
    isUp: boolean;
}

async function startEnd(clock: VirtualClock, air: Air, kind: "E22" | "E220", seed: number): Promise<End> {
    const rig = new EbyteRig(air, clock, { kind, ...SETTINGS });
    const random = makePrng(seed);
    const law = makeAirLaw({
        region: findRegion("EU868"),
        station: { antennaGainDbi: 2, listensBeforeTalk: rig.modem.traits.detectsChannelActivity },
    });
    const carrier = makeLoraCarrier({
        id: "lora",
        modem: rig.modem,
        params: believedParams(SETTINGS),
        law,
        clock,
        entropy: { fill: (target) => target.set(Array.from(target, () => random() * 256)) },
        node: seed,
        record: () => Promise.resolve(),
    });
    const end: End = { rig, carrier, arrived: [], isUp: false };
    await carrier.start({
        onPayload: async (payload) => {
            end.arrived.push(payload);
            return { kind: "stored" };
        },
        onState: ({ kind: state }) => {
            end.isUp = state === "up";
        },
    });
    return end;
}

describe.each(["E22", "E220"] as const)("two LoRa carriers over emulated %ss", (kind) => {
    it.each([1, 2])(
        "carry messages both ways at 30 %% loss, with two restarts and an unplug, seed %i",
        async (seed) => {
            const clock = new VirtualClock();
            const weather = { loss: 0.3, corruption: 0.03, garbling: 0.03, duplication: 0.05, delayMs: 200 };
            const air = new Air({ clock, seed, weather });
            const ends = [await startEnd(clock, air, kind, 1), await startEnd(clock, air, kind, 2)] as const;
            expect(await clock.runUntil(() => ends.every(({ isUp }) => isUp), 60_000)).toBe(true);

            const tasks = SIZES.map((size, index) => ({
                from: index % 2,
                payload: payloadOf(seed * 10 + index, size),
            }));
            const flying = new Set<object>();
            const launch = (task: (typeof tasks)[number]): void => {
                flying.add(task);
                const parcel = {
                    kind: "message",
                    messageId: "00".repeat(16),
                    payload: task.payload,
                    attempts: 0,
                } as const;
                void ends[task.from === 0 ? 0 : 1].carrier
                    .send(parcel, new AbortController().signal)
                    .then((outcome) => {
                        if (outcome.kind === "peer_stored") flying.delete(task);
                        else if (outcome.kind === "failed")
                            clock.schedule(clock.now().monotonic + 1_000, () => launch(task));
                    });
            };
            for (const task of tasks) launch(task);
            await clock.advance(1_500);
            ends[0].rig.emulator.restart();
            await clock.advance(4_000);
            ends[1].rig.emulator.restart();
            await ends[0].rig.unplug();
            await clock.advance(10_000);
            ends[0].rig.plugIn();
            expect(await clock.runUntil(() => flying.size === 0, 4 * HOUR_MS)).toBe(true);

            for (const [index, end] of ends.entries()) {
                const expected = tasks.filter(({ from }) => from !== index).map(({ payload }) => payload);
                for (const payload of expected) expect(end.arrived).toContainEqual(payload);
            }
            expect(air.statistics.lost).toBeGreaterThan(0);
            for (const { carrier } of ends) await carrier.stop();
        },
    );
});
