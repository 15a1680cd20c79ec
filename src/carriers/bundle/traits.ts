import type { CarrierTraits } from "../carrier.ts";

/** What a bundle is to the relay: it brings in and is offered nothing. What was tombstoned here stays dead. */
export const BUNDLE_TRAITS: CarrierTraits = {
    offers: false,
    payloadSizeMax: Number.MAX_SAFE_INTEGER,
    inFlightMax: 0,
    unknownTombstone: "remember",
    revives: false,
};
