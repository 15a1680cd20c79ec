import { readFileSync } from "node:fs";
import { equalBytes } from "../base/bytes.ts";
import type { Clock, UnixSeconds } from "../base/time.ts";
import type { Carrier } from "../carriers/carrier.ts";
import { makeMailboxClient } from "../carriers/http/mailbox-client.ts";
import type { MailboxServerOptions } from "../carriers/http/options.ts";
import { makePeer } from "../carriers/http/peer/peer-carrier.ts";
import { requestSigner } from "../carriers/http/signed.ts";
import type { Identity } from "../crypto/identity.ts";
import { nativeCrypto } from "../crypto/node/native.ts";
import { routingKeyOf } from "../crypto/public-id.ts";
import type { Depot } from "../depot/store.ts";
import { comparableIds, reofferMissing } from "./anti-entropy.ts";
import { CommandError } from "./cli/terminal.ts";
import type { PeerConfig } from "./config/config.ts";
import { systemEntropy } from "./entropy.ts";

/** What a peer may use of its station. */
interface PeerSurroundings {
    readonly depot: Depot;
    readonly clock: Clock;
    /** The wall clock as the gateway believes it. */
    readonly wall: () => UnixSeconds;
    readonly identity: Identity;
}

/** The HTTP peers of the configuration as carriers. */
export function makePeers(peers: readonly PeerConfig[], surroundings: PeerSurroundings): readonly Carrier[] {
    return peers.map((peer) => makeOne(peer, surroundings));
}

function makeOne(peer: PeerConfig, { depot, clock, wall, identity }: PeerSurroundings): Carrier {
    const { id, publicId, receipts, sends, fetch, pollMs, tier, priority, replicates, credentials, pins } = peer;
    const client = makeMailboxClient({
        url: peer.url,
        credentials,
        clock,
        pins,
        authorities: peer.caFile === undefined ? undefined : pemOf(peer.caFile),
        sign: requestSigner(identity, wall),
        // Ember does not know it; Hearth then proves also what it had before.
        headers: { "x-hearth-receipts": "all" },
    });
    const cursors = {
        load: (routingKey: Uint8Array) => depot.cursors.load(id, routingKey),
        save: (routingKey: Uint8Array, cursor: Parameters<typeof depot.cursors.save>[2]) =>
            depot.commit(() => depot.cursors.save(id, routingKey, cursor)).catch(() => undefined),
    };
    return makePeer({
        id,
        client,
        clock,
        wall,
        chance: () => systemChance(),
        proof: { crypto: nativeCrypto, publicId, receipts },
        sends,
        delivery: {
            tier,
            priority,
            replicates,
            onlyFor: tier === "direct" && publicId ? routingKeyOf(publicId) : undefined,
        },
        fetch: typeof fetch === "string" ? undefined : { routingKeys: fetch, cursors, everyMs: pollMs },
        meetings:
            fetch === "replication"
                ? {
                      everyMs: pollMs,
                      entropy: systemEntropy,
                      ids: () => comparableIds(depot, wall()),
                      reoffer: (missing) => reofferMissing({ depot, now: wall(), carrier: id, sends }, missing),
                  }
                : undefined,
    });
}

/** By what the mailbox knows its peers, and what it tells them of the depot. */
export function asPeersOf(
    peers: readonly PeerConfig[],
    { depot, wall }: PeerSurroundings,
): Pick<MailboxServerOptions, "peerOf" | "meetings"> {
    return {
        peerOf: (publicId) => peers.find((peer) => peer.publicId && equalBytes(peer.publicId, publicId))?.id,
        meetings: {
            entropy: systemEntropy,
            ids: () => comparableIds(depot, wall()),
            payload: (messageId) => depot.store.message(messageId)?.payload,
        },
    };
}

function systemChance(): number {
    const bytes = new Uint8Array(4);
    systemEntropy.fill(bytes);
    return new DataView(bytes.buffer).getUint32(0) / 2 ** 32;
}

function pemOf(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch (cause) {
        throw new CommandError(`ca_file cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
}
