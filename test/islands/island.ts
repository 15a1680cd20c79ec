import { Gateway, type GatewayEvent } from "../../src/app/gateway.ts";
import { toHex } from "../../src/base/encoding.ts";
import type { Depot } from "../../src/depot/store.ts";
import { RELAY_LIMITS_DEFAULT } from "../../src/relay/limits.ts";
import { mailboxWay } from "../support/envelopes.ts";
import { FakeCarrier } from "../support/fake-carrier.ts";
import { openTestDepot } from "../support/test-depot.ts";
import type { VirtualClock } from "../support/virtual-clock.ts";
import { LORA, loraCarrierOf } from "./carrier.ts";
import type { Station } from "./kinds.ts";

/** Rows of one page of the mailbox. */
const PAGE_ROWS = 1_000;

/** One whole gateway in virtual time: real depot, relay, carrier and driver; only HTTP is left out. */
export interface Island {
    readonly station: Station;
    /** Resolves once it is stored. */
    submit(payload: Uint8Array): Promise<void>;
    /** What its mailbox holds, as text, with copies. */
    held(routingKeys: readonly Uint8Array[]): readonly string[];
    /** Whether anything waits to be brought out. */
    owes(): boolean;
    stop(): Promise<void>;
}

export interface IslandParts {
    readonly clock: VirtualClock;
    readonly directory: string;
    readonly station: Station;
    readonly node: number;
    readonly seed: number;
    readonly onEvent: (event: GatewayEvent) => void;
}

export async function openIsland({ directory, onEvent, ...parts }: IslandParts): Promise<Island> {
    const { clock, station } = parts;
    const depot = stillDepot(await openTestDepot(directory), clock);
    const mailbox = new FakeCarrier("http", mailboxWay().traits);
    const carriers = [mailbox, loraCarrierOf({ ...parts, depot })];
    const gateway = new Gateway({ depot, carriers, clock, limits: RELAY_LIMITS_DEFAULT, onEvent });
    await gateway.start();
    return {
        station,
        async submit(payload) {
            const arrival = await mailbox.receive(payload);
            if (arrival.kind !== "stored") throw new Error(`the mailbox answers "${arrival.kind}"`);
        },
        held: (routingKeys) =>
            routingKeys.flatMap((routingKey) =>
                depot.mailbox
                    .page({ routingKey, after: 0, limit: PAGE_ROWS, now: clock.now().wall })
                    .map(({ payload }) => toHex(payload)),
            ),
        owes: () => depot.store.nextOfferAt(LORA) !== undefined,
        async stop() {
            await gateway.stop();
            await depot.close();
        },
    };
}

/** The disk takes real time, during which virtual time stands still. */
function stillDepot(depot: Depot, clock: VirtualClock): Depot {
    const { store, mailbox, airtime, links } = depot;
    return {
        store,
        mailbox,
        airtime,
        links,
        commit: (work) => clock.standStill(depot.commit(work)),
        close: () => depot.close(),
    };
}
