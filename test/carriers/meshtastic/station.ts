import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gateway, type GatewayEvent } from "../../../src/app/gateway.ts";
import { toHex } from "../../../src/base/encoding.ts";
import type { LinkStateKeeper } from "../../../src/carriers/lora/options.ts";
import type { Depot } from "../../../src/depot/store.ts";
import { AIRTIME_MEMORY_S } from "../../../src/link/ledger.ts";
import { RELAY_LIMITS_DEFAULT } from "../../../src/relay/limits.ts";
import { mailboxWay } from "../../support/envelopes.ts";
import { FakeCarrier } from "../../support/fake-carrier.ts";
import { openTestDepot } from "../../support/test-depot.ts";
import type { VirtualClock } from "../../support/virtual-clock.ts";
import type { GatewayRig, Row } from "./rig.ts";

const MESH = "mesh";
const PAGE_ROWS = 1_000;

/** A whole gateway at one end of a row: real depot, relay, carrier and driver; mailbox and Internet are fakes. */
export interface MeshStation {
    readonly rig: GatewayRig;
    readonly mailbox: FakeCarrier;
    readonly internet: FakeCarrier;
    readonly gateway: Gateway;
    readonly depot: Depot;
    readonly events: GatewayEvent[];
    /** What the mailbox of that key holds, in hex, with copies. */
    held(routingKey: Uint8Array): readonly string[];
    stop(): Promise<void>;
}

export async function openStation(row: Row, place: number, number: number): Promise<MeshStation> {
    const { clock } = row;
    const real = await openTestDepot(mkdtempSync(join(tmpdir(), "hearth-mesh-")));
    const depot = stillDepot(real, clock);
    const rig = row.endOf(row.nodes.at(place), number, {
        record: (entry) =>
            depot.commit(() => {
                rig.journal.push(entry);
                depot.airtime.record(MESH, entry);
                depot.airtime.forgetBefore(MESH, entry.at - AIRTIME_MEMORY_S);
            }),
        linkState: keeperOf(depot, MESH),
        gatewayState: keeperOf(depot, "mesh gateways"),
    });
    const mailbox = new FakeCarrier("http", mailboxWay().traits);
    const internet = new FakeCarrier("internet", { payloadSizeMax: 16_384, inFlightMax: 1_000, isInternet: true });
    const events: GatewayEvent[] = [];
    const gateway = new Gateway({
        depot,
        carriers: [mailbox, internet, rig.mesh.carrier],
        clock,
        limits: RELAY_LIMITS_DEFAULT,
        onEvent: (event) => events.push(event),
    });
    await gateway.start();
    return {
        ...{ rig, mailbox, internet, gateway, depot, events },
        held: (routingKey) =>
            depot.mailbox
                .page({ routingKey, after: 0, limit: PAGE_ROWS, now: clock.now().wall })
                .map(({ payload }) => toHex(payload)),
        async stop() {
            await gateway.stop();
            await depot.close();
        },
    };
}

function keeperOf(depot: Depot, name: string): LinkStateKeeper {
    return {
        load: () => depot.links.load(name),
        save: async (state) => void (await depot.commit(() => depot.links.save(name, state)).catch(() => false)),
    };
}

/** The disk takes real time, during which virtual time stands still. */
function stillDepot(depot: Depot, clock: VirtualClock): Depot {
    const { store, mailbox, airtime, links, cursors } = depot;
    const commit: Depot["commit"] = (work) => clock.standStill(depot.commit(work));
    return { store, mailbox, airtime, links, cursors, commit, close: () => depot.close() };
}
