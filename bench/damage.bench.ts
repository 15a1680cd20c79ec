import { searchDamage } from "../test/link/hostile/damage.ts";
import type { Bench } from "./figure.ts";

const SEED = 20_261_125;
const TRANSFERS = 1_000_000;

export const bench: Bench = {
    title: `wrong reconstructions: ${TRANSFERS} damaged transfers that pass the check of the modem, seed ${SEED}`,
    async run(report) {
        const { wrong, right, refused } = searchDamage(SEED, TRANSFERS);
        for (const payload of wrong) console.error(`accepted: ${payload}`);
        report({ name: "damage.accepted", value: wrong.length, unit: "payloads", target: 0, better: "lower" });
        report({ name: "damage.refused", value: refused, unit: "blocks", target: null, better: "higher" });
        report({ name: "damage.unharmed", value: right, unit: "payloads", target: null, better: "higher" });
    },
};
