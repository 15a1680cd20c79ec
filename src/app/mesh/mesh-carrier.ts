import type { MeshtasticNode } from "../../../hw/meshtastic/node.ts";
import type { Clock, Entropy } from "../../base/time.ts";
import type { Carrier, CarrierId } from "../../carriers/carrier.ts";
import type { AirEvent } from "../../carriers/lora/air-event.ts";
import { makeLoraCarrier } from "../../carriers/lora/lora-carrier.ts";
import type { LinkStateKeeper } from "../../carriers/lora/options.ts";
import { Gateways } from "../../carriers/meshtastic/gateways.ts";
import { type FirmwareRetries, makeMeshModem } from "../../carriers/meshtastic/mesh-modem.ts";
import { Quiet } from "../../carriers/meshtastic/quiet.ts";
import { MESH_PARAMS, makeShareLaw } from "../../carriers/meshtastic/share-law.ts";
import type { AirLaw, AirtimeEntry } from "../../link/ledger.ts";

/** A hello as a beacon, in milliseconds. */
const BEACON_EVERY_MS = 3_600_000;

/** Larger payloads would take a mesh for hours, in bytes. */
const MESH_PAYLOAD_SIZE_MAX = 4_096;

export interface MeshParts {
    readonly id: CarrierId;
    readonly node: MeshtasticNode;
    readonly clock: Clock;
    readonly entropy: Entropy;
    /** This gateway's number on the link, 0..16383. */
    readonly number: number;
    /** Index of the node's channel. */
    readonly channel: number;
    readonly pki: boolean;
    /** Of the airtime budget, above 0 and at most 1. */
    readonly share: number;
    /** In percent of a minute, all senders together. */
    readonly channelUseMax: number;
    /** What earlier lives spent. */
    readonly spent: readonly AirtimeEntry[];
    readonly record: (entry: AirtimeEntry) => Promise<void>;
    readonly linkState: LinkStateKeeper;
    readonly gatewayState: LinkStateKeeper;
    readonly retries?: FirmwareRetries;
    readonly onAir?: (event: AirEvent) => void;
}

/** What one mesh node is to a gateway. */
export interface Mesh {
    readonly carrier: Carrier;
    readonly node: MeshtasticNode;
    readonly law: AirLaw;
    readonly gateways: Gateways;
}

/** The carrier that brings the link over a radio, with a whole mesh for its radio. */
export function makeMesh(parts: MeshParts): Mesh {
    const { node, clock, share, channelUseMax, spent, gatewayState } = parts;
    const gateways = new Gateways(gatewayState.load());
    const quiet = new Quiet(channelUseMax);
    const law = makeShareLaw({ share, quietUntil: (now) => quiet.until(now) });
    law.restore(spent, clock.now());
    const onContact = (): void => void gatewayState.save(gateways.snapshot());
    const modem = makeMeshModem({ ...parts, node, gateways, quiet, onContact });
    const carrier = makeLoraCarrier({
        ...parts,
        modem,
        params: MESH_PARAMS,
        law,
        node: parts.number,
        crossingMs: (size) => modem.crossingMs(size),
        beaconEveryMs: BEACON_EVERY_MS,
        payloadSizeMax: MESH_PAYLOAD_SIZE_MAX,
        onlyAsked: true,
    });
    return { carrier, node, law, gateways };
}
