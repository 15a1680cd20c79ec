import { readFileSync } from "node:fs";
import { blake3 } from "@noble/hashes/blake3.js";
import { concatBytes, utf8 } from "../base/bytes.ts";
import { toHex } from "../base/encoding.ts";
import type { Clock, UnixSeconds } from "../base/time.ts";
import type { Carrier, CarrierId } from "../carriers/carrier.ts";
import type { GatewayStatus } from "../carriers/mqtt/dashboard.ts";
import { makeMqttCarrier } from "../carriers/mqtt/mqtt-carrier.ts";
import { makeShown } from "../carriers/mqtt/shown.ts";
import type { Identity } from "../crypto/identity.ts";
import type { Depot } from "../depot/store.ts";
import { AIRTIME_MEMORY_S } from "../link/ledger.ts";
import { decodeSnapshot } from "../link/machine/snapshot.ts";
import { CommandError } from "./cli/terminal.ts";
import type { BrokerConfig } from "./config/config.ts";
import { systemEntropy } from "./entropy.ts";
import type { Log } from "./log.ts";

/** Every MQTT 3.1.1 broker takes names of up to 23 letters and digits: "hearth" and these bytes in hex. */
const UNIQUE_BYTES = 8;

const HOUR_S = 3600;

export interface BrokerParts {
    readonly brokers: readonly BrokerConfig[];
    readonly name: string;
    readonly version: string;
    readonly radios: readonly CarrierId[];
    readonly surroundings: {
        readonly depot: Depot;
        readonly clock: Clock;
        /** The wall clock as the gateway believes it. */
        readonly wall: () => UnixSeconds;
        readonly identity: Identity;
        readonly log: Log;
    };
    readonly stateOf: (carrier: CarrierId) => string;
}

/** The brokers of the configuration as carriers. Whoever has none never loads this file, nor the MQTT library. */
export function makeBrokers(parts: BrokerParts): readonly Carrier[] {
    const { depot, clock, identity, log } = parts.surroundings;
    return parts.brokers.map((broker) =>
        makeMqttCarrier({
            ...broker,
            tls: { ca: broker.caFile === undefined ? undefined : pemOf(broker.caFile), pin: broker.pin },
            // One session each, also of two brokers of the configuration that are the same one.
            clientId: broker.clientId ?? `hearth${uniqueOf(identity.publicId, broker.id)}`,
            clock,
            entropy: systemEntropy,
            onNotice: (text) => log.warn(text),
            shown: makeShown({
                ...broker,
                dashboard: { name: parts.name, unique: uniqueOf(identity.publicId, ""), version: parts.version },
                radios: parts.radios,
                status: () => statusOf(parts),
                memory: {
                    load: () => depot.links.load(broker.id),
                    save: (bytes) => void depot.commit(() => depot.links.save(broker.id, bytes)).catch(() => undefined),
                },
            }),
        }),
    );
}

function statusOf({ radios, surroundings: { depot, wall }, stateOf }: BrokerParts): GatewayStatus {
    const since = wall() - Math.min(HOUR_S, AIRTIME_MEMORY_S);
    const spent = radios.flatMap((radio) => depot.airtime.spent(radio, since));
    const neighbours = radios.map((radio) => {
        const kept = depot.links.load(radio);
        return kept ? decodeSnapshot(kept).neighbours.length : 0;
    });
    return {
        queue: depot.store.totalFill().messages,
        airtimeMs: spent.reduce((sum, { airtimeMs }) => sum + airtimeMs, 0),
        neighbours: neighbours.reduce((sum, count) => sum + count, 0),
        radios: Object.fromEntries(radios.map((radio) => [radio, stateOf(radio)])),
    };
}

function uniqueOf(publicId: Uint8Array, broker: string): string {
    return toHex(blake3(concatBytes(utf8("hearth mqtt "), publicId, utf8(broker))).slice(0, UNIQUE_BYTES));
}

function pemOf(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch (cause) {
        throw new CommandError(`ca_file cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
}
