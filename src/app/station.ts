import { join } from "node:path";
import { toHex } from "../base/encoding.ts";
import type { Clock, UnixSeconds } from "../base/time.ts";
import type { Carrier } from "../carriers/carrier.ts";
import { mailboxIdentity } from "../carriers/http/identity.ts";
import { makeMailboxServer } from "../carriers/http/mailbox-server.ts";
import type { MailboxServerOptions } from "../carriers/http/options.ts";
import { signedVerifier } from "../carriers/http/signed.ts";
import type { AirEvent } from "../carriers/lora/air-event.ts";
import { type Identity, makeIdentity, SECRET_SIZE } from "../crypto/identity.ts";
import { nativeCrypto } from "../crypto/node/native.ts";
import { openDepot } from "../depot/sqlite/depot.ts";
import type { Depot, MailboxReader } from "../depot/store.ts";
import { decodeWirePayload } from "../wire/payload.ts";
import { readIdentityFile, writeIdentityFile } from "./cli/identity-store.ts";
import { CommandError } from "./cli/terminal.ts";
import type { Config } from "./config/config.ts";
import { systemEntropy } from "./entropy.ts";
import { Gateway, type GatewayEvent } from "./gateway.ts";
import type { Log } from "./log.ts";
import type { Meshes, MeshNeighbour } from "./mesh/meshes.ts";
import { VERSION } from "./version.ts";

/** What a radio may use of its station. */
export interface RadioSurroundings {
    readonly depot: Depot;
    readonly clock: Clock;
    /** The wall clock as the gateway believes it. */
    readonly wall: () => UnixSeconds;
    readonly identity: Identity;
    readonly log: Log;
}

export interface StationParts {
    readonly config: Config;
    readonly clock: Clock;
    readonly log: Log;
    readonly makeRadios: (surroundings: RadioSurroundings) => readonly Carrier[];
    readonly onEvent?: (event: GatewayEvent) => void;
    /** What happens on meshes. */
    readonly onAir?: (carrier: string, event: AirEvent) => void;
}

/** One whole gateway at work: depot, mailbox, radios and the relay between them. */
export interface Station {
    readonly mailboxUrl: string;
    readonly identity: Identity;
    /** For looking at; whoever writes here goes past the gateway. */
    readonly depot: Depot;
    /** The wall clock as the gateway believes it. */
    wall(): UnixSeconds;
    /** Gateways that were heard on meshes. */
    neighbours(): readonly MeshNeighbour[];
    stop(): Promise<void>;
}

/** Rejects with an error for its user when the data directory or the mailbox's address cannot be had. */
export async function openStation(parts: StationParts): Promise<Station> {
    const { config, clock, log } = parts;
    const depot = await openDepot({
        directory: config.dataDir,
        decodes: (payload) => decodeWirePayload(payload).ok,
        onNotice: (text) => log.warn(text),
    });
    try {
        const identity = gatewayIdentity(config.dataDir, log);
        let gateway: Gateway | undefined;
        const wall = (): UnixSeconds => gateway?.wall() ?? clock.now().wall;
        const surroundings = { depot, clock, wall, identity, log };
        const meshes = await openedMeshes(config, surroundings, parts.onAir);
        const peers = config.peers.length === 0 ? undefined : await import("./peers.ts");
        const asPeers = peers?.asPeersOf(config.peers, surroundings);
        const mailbox = makeMailbox(config, surroundings, { meshes, peers: asPeers });
        const radios = parts.makeRadios(surroundings);
        const states = new Map<string, string>();
        const brokers =
            config.brokers.length === 0
                ? []
                : (await import("./brokers.ts")).makeBrokers({
                      brokers: config.brokers,
                      name: config.name,
                      version: VERSION,
                      radios: radios.map(({ id }) => id),
                      surroundings,
                      stateOf: (carrier) => states.get(carrier) ?? "starting",
                  });
        gateway = new Gateway({
            depot,
            carriers: [
                mailbox,
                ...radios,
                ...brokers,
                ...(peers?.makePeers(config.peers, surroundings) ?? []),
                ...(meshes?.carriers ?? []),
                ...(await optionalCarriers(config, surroundings)),
            ],
            clock,
            limits: config.mailbox,
            quorum: config.quorum,
            refreshS: new Map(config.peers.filter((peer) => peer.refreshS > 0).map((peer) => [peer.id, peer.refreshS])),
            onEvent: (event) => {
                if (event.kind === "state") states.set(event.carrier, event.state.kind);
                logEvent(log, event);
                parts.onEvent?.(event);
            },
        });
        const running = gateway;
        await running.start().catch(async (cause: unknown) => {
            await running.stop();
            throw cause;
        });
        return {
            mailboxUrl: mailbox.address?.url ?? "",
            identity,
            depot,
            wall,
            neighbours: () => meshes?.neighbours() ?? [],
            async stop() {
                meshes?.stop();
                await running.stop();
                await depot.close();
            },
        };
    } catch (cause) {
        await depot.close();
        throw cause;
    }
}

async function openedMeshes(
    { meshes }: Config,
    surroundings: RadioSurroundings,
    onAir: StationParts["onAir"],
): Promise<Meshes | undefined> {
    return meshes.length === 0 ? undefined : (await import("./mesh/meshes.ts")).openMeshes(meshes, surroundings, onAir);
}

/** What most gateways do without is loaded only where it is wanted. */
async function optionalCarriers(config: Config, surroundings: RadioSurroundings): Promise<readonly Carrier[]> {
    const { sticks, lan } = config;
    return [
        ...(sticks === undefined
            ? []
            : [(await import("./bundle/sticks.ts")).makeSticks(sticks, config, surroundings)]),
        ...(lan.enabled ? [(await import("./lan.ts")).makeLan(lan, surroundings)] : []),
    ];
}

function makeMailbox(
    config: Config,
    { depot, clock, wall, identity }: RadioSurroundings,
    {
        meshes,
        peers = {},
    }: {
        readonly meshes: Pick<Meshes, "wasRead"> | undefined;
        readonly peers: Pick<MailboxServerOptions, "peerOf" | "meetings"> | undefined;
    },
) {
    const { http } = config;
    const page: MailboxReader["page"] = (query) => {
        meshes?.wasRead(query.routingKey);
        return depot.mailbox.page(query);
    };
    return makeMailboxServer({
        id: "http",
        mode: "node",
        host: http.listen.host,
        port: http.listen.port,
        mailbox: { ...depot.mailbox, page },
        clock,
        wall,
        identity: mailboxIdentity(identity),
        verifySigned: signedVerifier(nativeCrypto, http.publicHosts),
        ...peers,
        credentials: http.credentials,
        allowAnonymous: http.allowAnonymous,
        trustProxy: http.trustProxy,
        rates: http.rates,
        limits: { bodySizeMax: http.bodyBytesMax, framesMax: http.framesMax },
    });
}

/** The gateway's own key, made at the first start. It signs receipts and opens nothing that passes through. */
function gatewayIdentity(dataDir: string, log: Log): Identity {
    const path = join(dataDir, "node-identity.key");
    let secret = readIdentityFile(path);
    if (!secret) {
        secret = new Uint8Array(SECRET_SIZE);
        systemEntropy.fill(secret);
        writeIdentityFile(path, secret);
        log.info(`made this gateway's identity: ${path}`);
    }
    if (secret.length !== SECRET_SIZE) {
        throw new CommandError(
            `${path} is no gateway identity: it has ${secret.length} bytes, not ${SECRET_SIZE}. Move it away to get a new one.`,
        );
    }
    return makeIdentity({ crypto: nativeCrypto, entropy: systemEntropy, secret });
}

function logEvent(log: Log, event: GatewayEvent): void {
    switch (event.kind) {
        case "state": {
            const { state, carrier } = event;
            if (state.kind === "up") log.info(`${carrier} is up`, { detail: state.detail });
            else if (state.kind === "starting") log.debug(`${carrier} starts`);
            else log.warn(`${carrier} is ${state.kind}`, { reason: state.reason });
            return;
        }
        case "arrival": {
            const { arrival, carrier, size } = event;
            if (arrival.kind === "refused") log.warn(`refused from ${carrier}`, { size, reason: arrival.text });
            else log.debug(`${arrival.kind} from ${carrier}`, { size });
            return;
        }
        case "sent": {
            const { outcome, carrier, parcel } = event;
            const fields = { id: parcel.messageId, kind: parcel.kind, size: parcel.payload.length };
            if (outcome.kind === "peer_stored") log.info(`stored beyond ${carrier}`, fields);
            else if (outcome.kind === "handed_over") log.info(`sent by ${carrier}, where nobody answers`, fields);
            else log.warn(`${outcome.kind} by ${carrier}`, { ...fields, reason: outcome.detail });
            return;
        }
        case "distributed":
            log.debug("distributed", { id: event.messageId });
            return;
        case "expired": {
            const fields = { id: toHex(event.messageId), stored_by: event.storedBy.join(", ") || "nobody" };
            if (event.phase === "urgent") log.warn("a message expired before it was distributed", fields);
            else log.debug("a message expired", fields);
            return;
        }
        case "depot_error":
            log.error("the depot failed", { detail: event.detail });
    }
}
