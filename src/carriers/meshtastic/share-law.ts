import type { LoraParams } from "../../../hw/modem.ts";
import type { Millis } from "../../base/time.ts";
import { type AirLaw, makeAirLaw } from "../../link/ledger.ts";

/** The budget that the share is taken of: what EU 868 allows, and what firmware keeps to where the law names less. */
export const MESH_DUTY_CYCLE = 0.1;

/** The node knows its channel; the law of this carrier is about time alone. */
export const MESH_PARAMS: LoraParams = {
    frequencyHz: 868_000_000,
    spreadingFactor: 7,
    bandwidthHz: 250_000,
    codingRate: 1,
    preambleSymbols: 16,
    powerDbm: 0,
};

export interface ShareOptions {
    /** Of the budget, above 0 and at most 1. */
    readonly share: number;
    /** Nothing is sent before that moment; in the past when nothing speaks against it. */
    readonly quietUntil: (now: Millis) => Millis;
}

/** How much of any hour Hearth takes on a mesh that others share: the region's law is the node's, this is manners. */
export function makeShareLaw({ share, quietUntil }: ShareOptions): AirLaw {
    const { frequencyHz, bandwidthHz } = MESH_PARAMS;
    const law = makeAirLaw({
        region: {
            name: "mesh",
            title: "a share of a Meshtastic channel",
            sources: [],
            usualFrequencyHz: frequencyHz,
            bands: [
                {
                    name: "share",
                    ...{ fromHz: frequencyHz - bandwidthHz, toHz: frequencyHz + bandwidthHz },
                    ...{ bandwidthsHz: [bandwidthHz], powerMaxDbm: 30, powerKind: "EIRP" },
                    dutyCycle: share * MESH_DUTY_CYCLE,
                },
            ],
        },
        station: { antennaGainDbi: 0, listensBeforeTalk: false },
    });
    return {
        ...law,
        ask(question, now) {
            const until = quietUntil(now);
            return until > now ? { kind: "wait", until } : law.ask(question, now);
        },
    };
}
