import { bareModem } from "../test/islands/bare-modem.ts";
import { endure } from "../test/islands/endure.ts";
import { KIND_NAMES, type KindName } from "../test/islands/kinds.ts";
import type { Bench, Figure } from "./figure.ts";

const SEED = 1;
const ENVELOPES = 1_000;
const UNPLUGS = 10;

/** What one run may take on one core, in seconds. */
const WALL_AIM_S = 60;

type Add = (name: string, value: number, unit: string, target?: number) => void;

export const bench: Bench = {
    title:
        `${ENVELOPES} envelopes each way between two islands for each kind of radio, ${UNPLUGS} unplugs, ` +
        `20 % loss, 2 % duplicates (seed ${SEED}; virtual time; law of IN865)`,
    async run(report) {
        for (const kind of KIND_NAMES) await one(kind, (figure) => report(figure));
    },
};

/** Fails when an envelope does not arrive, arrives twice, or differs. */
async function one(kind: KindName, report: (figure: Figure) => void): Promise<void> {
    const add: Add = (name, value, unit, target) =>
        report({ name: `devices.${kind}.${name}`, value, unit, target: target ?? null, better: "lower" });
    const bare = await bareModem(kind);
    const begun = performance.now();
    const { needBytes, air, virtualMs } = await endure({ kind, envelopes: ENVELOPES, unplugs: UNPLUGS, seed: SEED });
    const frames = needBytes / bare.frameSize;
    add("need", needBytes, "payload bytes");
    add("airtime", air.airtimeMs / 1000, "s");
    add("bare.airtime", (frames * bare.airtimeMs) / 1000, "s");
    add("bytes", air.bytes / needBytes, "of the need");
    add("bare.bytes", (frames * bare.airBytes) / needBytes, "of the need");
    add("time", virtualMs / 3_600_000, "virtual h");
    add("bare.time", (frames * bare.tookMs) / 3_600_000, "virtual h");
    add("wall", (performance.now() - begun) / 1000, "s", WALL_AIM_S);
}
