import { existsSync } from "node:fs";
import type { Clock, UnixSeconds } from "../base/time.ts";
import type { Arrival, Carrier } from "../carriers/carrier.ts";
import { mailboxIdentity } from "../carriers/http/identity.ts";
import { makeMailboxServer } from "../carriers/http/mailbox-server.ts";
import type { MailboxPages } from "../carriers/http/options.ts";
import { type LanDoor, makeLanCarrier } from "../carriers/lan/lan-carrier.ts";
import { lanCalls } from "../carriers/lan/lan-http.ts";
import type { Identity } from "../crypto/identity.ts";
import { nativeCrypto } from "../crypto/node/native.ts";
import type { Depot } from "../depot/store.ts";
import type { LanConfig } from "./config/config.ts";
import { systemEntropy } from "./entropy.ts";
import type { Log } from "./log.ts";

/** Strangers fetch nothing: they bring. */
const NOTHING: MailboxPages = { page: () => [], stats: () => ({ mailboxes: 0, messages: 0 }) };

/** What Ember's embedded server takes in one body (SPEC 16): strangers get no more. */
const DOOR_LIMITS = { bodySizeMax: 512 * 1024, framesMax: 10 };

/** Submits of one address and frames for one routing key; there is nothing to fetch. */
const DOOR_RATES = {
    submitIp: { perSecond: 5, burst: 20 },
    submitKey: { perSecond: 5, burst: 20 },
    fetchIp: { perSecond: 1, burst: 5 },
    fetchKey: { perSecond: 1, burst: 5 },
};

export interface LanSurroundings {
    readonly depot: Depot;
    readonly clock: Clock;
    /** The wall clock as the gateway believes it. */
    readonly wall: () => UnixSeconds;
    readonly identity: Identity;
    readonly log: Log;
}

/** The local network as a carrier. */
export function makeLan(lan: LanConfig, surroundings: LanSurroundings): Carrier {
    const { depot, clock, wall, identity, log } = surroundings;
    return makeLanCarrier({
        ...lan,
        identity,
        crypto: nativeCrypto,
        openDoor: (onPayload) => openDoor(lan, surroundings, onPayload),
        mailbox: depot.mailbox,
        calls: lanCalls,
        clock,
        wall,
        entropy: systemEntropy,
        onNotice: (text) => log.info(text),
    });
}

/**
 * A door of its own: it asks nobody to log in, since that is how Ember's programs deliver directly. As a relay it takes
 * every message, else only those to this gateway itself.
 */
async function openDoor(
    { listen, acceptRelay }: LanConfig,
    { clock, wall, identity }: LanSurroundings,
    onPayload: (payload: Uint8Array) => Promise<Arrival>,
): Promise<LanDoor> {
    const server = makeMailboxServer({
        id: "lan",
        mode: acceptRelay ? "node" : "embedded",
        host: hostFor(listen.host),
        port: listen.port,
        mailbox: NOTHING,
        clock,
        wall,
        identity: mailboxIdentity(identity),
        allowAnonymous: true,
        rates: DOOR_RATES,
        limits: DOOR_LIMITS,
    });
    await server.start({ onPayload, onState: () => undefined });
    return { port: server.address?.port ?? 0, stop: () => server.stop() };
}

/** "::" takes IPv4 too, but not on a system without IPv6. */
function hostFor(host: string): string {
    return host === "::" && !existsSync("/proc/net/if_inet6") ? "0.0.0.0" : host;
}
