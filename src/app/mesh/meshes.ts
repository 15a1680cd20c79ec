import { makeMeshtasticNode } from "../../../hw/meshtastic/node.ts";
import { SERIAL_SILENCE_MS, streamPackets, TCP_SILENCE_MS } from "../../../hw/meshtastic/packet-port.ts";
import { nodeId } from "../../../hw/meshtastic/session.ts";
import type { Clock, UnixSeconds } from "../../base/time.ts";
import type { Carrier } from "../../carriers/carrier.ts";
import type { AirEvent } from "../../carriers/lora/air-event.ts";
import type { LinkStateKeeper } from "../../carriers/lora/options.ts";
import type { Identity } from "../../crypto/identity.ts";
import type { Depot } from "../../depot/store.ts";
import { AIRTIME_MEMORY_S } from "../../link/ledger.ts";
import type { MeshConfig } from "../config/config.ts";
import { systemEntropy } from "../entropy.ts";
import { linkNumberOf } from "../link-number.ts";
import { radioPort } from "../serial/radio-port.ts";
import { Asker } from "./asker.ts";
import { type Mesh, makeMesh } from "./mesh-carrier.ts";

/** Meshtastic's serial lines. */
const BAUD_RATE = 115_200;

/** What a mesh may use of its station. */
export interface MeshSurroundings {
    readonly depot: Depot;
    readonly clock: Clock;
    /** The wall clock as the gateway believes it. */
    readonly wall: () => UnixSeconds;
    readonly identity: Identity;
}

/** A gateway that was heard on a mesh. */
export interface MeshNeighbour {
    readonly carrier: string;
    /** As people write it, e.g. "!a1b2c3d4". */
    readonly node: string;
    readonly name: string | undefined;
    readonly hops: number | undefined;
    readonly snrDb: number | undefined;
    /** Seconds since it was heard. */
    readonly agoS: number;
}

/** All meshes of one gateway. */
export interface Meshes {
    readonly carriers: readonly Carrier[];
    neighbours(): readonly MeshNeighbour[];
    /** Somebody read this mailbox. */
    wasRead(routingKey: Uint8Array): void;
    stop(): void;
}

export function openMeshes(
    meshes: readonly MeshConfig[],
    surroundings: MeshSurroundings,
    onAir: ((carrier: string, event: AirEvent) => void) | undefined,
): Meshes {
    const { clock, wall } = surroundings;
    const all = meshes.map((mesh) => ({
        config: mesh,
        ...makeConfiguredMesh({ mesh, surroundings, onAir: (event) => onAir?.(mesh.id, event) }),
    }));
    const askers = all.filter(({ config }) => config.asks).map(({ carrier }) => new Asker(carrier, clock));
    return {
        carriers: all.map(({ carrier }) => carrier),
        neighbours: () => all.flatMap((mesh) => neighboursOf(mesh, wall())),
        wasRead: (routingKey) => {
            for (const asker of askers) asker.wasRead(routingKey);
        },
        stop: () => {
            for (const asker of askers) asker.stop();
        },
    };
}

function neighboursOf({ carrier, gateways, node }: Mesh, now: UnixSeconds): readonly MeshNeighbour[] {
    const { nodes } = node.status();
    return gateways.list(now).map(({ number, hops, snrDb, lastHeard }) => ({
        carrier: carrier.id,
        node: nodeId(number),
        name: nodes.find((known) => known.number === number)?.longName,
        hops,
        snrDb,
        agoS: now - lastHeard,
    }));
}

interface ConfiguredMeshParts {
    readonly mesh: MeshConfig;
    readonly surroundings: MeshSurroundings;
    readonly onAir?: (event: AirEvent) => void;
}

/** A Meshtastic node of the configuration as a carrier, with what earlier lives spent taken into account. */
function makeConfiguredMesh({ mesh, surroundings, onAir }: ConfiguredMeshParts): Mesh {
    const { clock, depot, wall, identity } = surroundings;
    const { id, channel, pki, share, channelUseMax } = mesh;
    const byName = radioPort({ name: mesh.port });
    const packets = streamPackets({
        port: () => byName(BAUD_RATE),
        clock,
        silenceMs: mesh.port.startsWith("tcp://") ? TCP_SILENCE_MS : SERIAL_SILENCE_MS,
    });
    return makeMesh({
        ...{ id, channel, pki, share, channelUseMax, clock, entropy: systemEntropy },
        node: makeMeshtasticNode({ label: mesh.port, port: packets, clock, entropy: systemEntropy }),
        number: linkNumberOf(identity),
        spent: depot.airtime.spent(id, wall() - AIRTIME_MEMORY_S),
        record: (entry) =>
            depot.commit(() => {
                depot.airtime.record(id, entry);
                depot.airtime.forgetBefore(id, entry.at - AIRTIME_MEMORY_S);
            }),
        linkState: keeperOf(depot, id),
        gatewayState: keeperOf(depot, `${id} gateways`),
        ...(onAir ? { onAir } : {}),
    });
}

function keeperOf(depot: Depot, name: string): LinkStateKeeper {
    return {
        load: () => depot.links.load(name),
        save: async (state) => {
            await depot.commit(() => depot.links.save(name, state)).catch(() => false);
        },
    };
}
