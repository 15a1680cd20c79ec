import { makePrng } from "../../src/base/prng.ts";
import type { Clock } from "../../src/base/time.ts";
import type { Carrier } from "../../src/carriers/carrier.ts";
import { makeLoraCarrier } from "../../src/carriers/lora/lora-carrier.ts";
import type { Depot } from "../../src/depot/store.ts";
import { AIRTIME_MEMORY_S, makeAirLaw } from "../../src/link/ledger.ts";
import { findRegion } from "../../src/link/region.ts";
import { REGION, type Station } from "./kinds.ts";

export const LORA = "lora";

export interface CarrierParts {
    readonly station: Station;
    readonly depot: Pick<Depot, "commit" | "airtime" | "links">;
    readonly clock: Clock;
    /** The gateway's number on the air, and the seed of its dice. */
    readonly node: number;
    readonly seed: number;
}

/** The LoRa carrier as the gateway makes it, with its airtime and its link's state in the depot. */
export function loraCarrierOf({ station, depot, clock, node, seed }: CarrierParts): Carrier {
    const random = makePrng(seed);
    const { modem, params } = station;
    return makeLoraCarrier({
        id: LORA,
        modem,
        params,
        law: makeAirLaw({
            region: findRegion(REGION),
            station: { antennaGainDbi: 2, listensBeforeTalk: modem.traits.detectsChannelActivity },
        }),
        clock,
        entropy: { fill: (target) => target.set(Array.from(target, () => random() * 256)) },
        node,
        record: (entry) =>
            depot.commit(() => {
                depot.airtime.record(LORA, entry);
                depot.airtime.forgetBefore(LORA, entry.at - AIRTIME_MEMORY_S);
            }),
        linkState: {
            load: () => depot.links.load(LORA),
            save: async (state) => {
                await depot.commit(() => depot.links.save(LORA, state)).catch(() => false);
            },
        },
    });
}
