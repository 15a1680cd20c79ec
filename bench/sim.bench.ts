import { SimAir } from "../test/sim/sim-air.ts";
import type { Bench } from "./figure.ts";

const SEED = 1;
const DELIVERIES = 1_000_000;
const DELIVERIES_AIM = 200_000;
const FRAME_SIZE = 200;

export const bench: Bench = {
    title: `the simulated air: frames of ${FRAME_SIZE} bytes handed over in a second, 10 % loss, seed ${SEED}`,
    async run(report) {
        for (const stations of [2, 5, 50]) {
            const value = Math.round(deliveriesPerSecond(stations));
            const name = `sim.${stations}stations`;
            report({ name, value, unit: "deliveries/s", target: DELIVERIES_AIM, better: "higher" });
        }
    },
};

/** The stations take turns without a pause. */
function deliveriesPerSecond(count: number): number {
    const air = new SimAir({ seed: SEED, weather: { loss: 0.1 } });
    const stations = Array.from({ length: count }, () => air.addStation({ onFrame: () => {} }));
    const frame = new Uint8Array(FRAME_SIZE);
    const next = (turn: number): void => stations[turn % count]?.transmit(frame, () => next(turn + 1));
    next(0);
    const start = performance.now();
    air.run(() => air.counts.heard >= DELIVERIES);
    return (DELIVERIES / (performance.now() - start)) * 1_000;
}
