import type { Clock, Entropy, Millis, UnixSeconds } from "../../base/time.ts";
import type { Identity } from "../../crypto/identity.ts";
import type { CryptoPrimitives } from "../../crypto/primitives.ts";
import type { Arrival, Carrier, CarrierHandlers, CarrierTraits, Parcel, SendOutcome } from "../carrier.ts";
import { type Contacts, checkPeer, contactsOf } from "./challenge.ts";
import { deliver, type LanMailbox, overAnyAddress } from "./delivery.ts";
import { Discovery } from "./discovery.ts";
import type { LanCalls } from "./lan-http.ts";
import { type Peer, PeerTable } from "./peers.ts";
import { DailyQuota } from "./quota.ts";

/** How often it is looked who waits for what, in milliseconds. */
const TICK_MS = 1_000;
/** Peers that are spoken to at once. */
const TALKS_MAX = 8;
/** Relays that one parcel is handed to. */
const RELAYS_OF_PARCEL_MAX = 3;
/** What Ember's node takes in one body and a mailbox page can carry, in bytes. */
const RELAYED_SIZE_MAX = 49_101;

/** Where strangers on the network may leave messages. */
export interface LanDoor {
    readonly port: number;
    stop(): Promise<void>;
}

export interface LanOptions {
    readonly identity: Identity;
    readonly crypto: Pick<CryptoPrimitives, "ed25519Verify">;
    readonly openDoor: (onPayload: (payload: Uint8Array) => Promise<Arrival>) => Promise<LanDoor>;
    readonly mailbox: LanMailbox;
    readonly calls: LanCalls;
    /** Public ids whose owners are challenged before they are given anything. */
    readonly contacts: readonly Uint8Array[];
    /** Store and bring on what others leave here, and say so. */
    readonly acceptRelay: boolean;
    /** Hand messages to others who say that they store and bring on. */
    readonly useRelays: boolean;
    /** What strangers may leave here in a day, in bytes. */
    readonly relayBytesPerDay: number;
    readonly interfaces: readonly string[];
    readonly peersMax: number;
    readonly refreshMs: Millis;
    readonly clock: Clock;
    readonly wall: () => UnixSeconds;
    readonly entropy: Entropy;
    readonly onNotice: (text: string) => void;
}

/** Finds Ember's programs on the local network and hands their messages over directly (SPEC sections 16, 17). */
export function makeLanCarrier(options: LanOptions): Carrier {
    return new LanCarrier(options);
}

class LanCarrier implements Carrier {
    readonly id = "lan";
    readonly traits: CarrierTraits;
    readonly #options: LanOptions;
    readonly #contacts: Contacts;
    readonly #peers: PeerTable;
    readonly #quota: DailyQuota;
    /** Peers that are being spoken to. */
    readonly #talks = new Set<string>();
    #handlers: CarrierHandlers | undefined;
    #door: LanDoor | undefined;
    #discovery: Discovery | undefined;
    #cancel: (() => void) | undefined;
    #state = "";

    constructor(options: LanOptions) {
        this.#options = options;
        this.traits = {
            offers: options.useRelays,
            payloadSizeMax: RELAYED_SIZE_MAX,
            inFlightMax: 4,
            unknownTombstone: "refuse",
            revives: false,
        };
        this.#contacts = contactsOf(options.contacts);
        this.#quota = new DailyQuota(options.relayBytesPerDay);
        this.#peers = new PeerTable({
            peersMax: options.peersMax,
            refreshMs: options.refreshMs,
            isKnown: (routingKey) => this.#contacts.has(routingKey),
        });
    }

    async start(handlers: CarrierHandlers): Promise<void> {
        const { identity, acceptRelay, interfaces, clock, onNotice } = this.#options;
        this.#handlers = handlers;
        this.#door = await this.#options.openDoor((payload) => this.#admit(payload));
        this.#discovery = new Discovery({
            own: {
                routingKey: identity.routingKey,
                port: this.#door.port,
                caps: acceptRelay ? ["relay"] : undefined,
            },
            only: interfaces,
            clock,
            onSeen: (sighting) => {
                const isNew = this.#peers.get(sighting.id) === undefined;
                if (this.#peers.see(sighting, clock.now().monotonic) && isNew) {
                    onNotice(`${sighting.instance} is at ${sighting.addresses.join(", ")} port ${sighting.port}`);
                }
            },
            onLost: (id) => this.#peers.lose(id),
            onTrouble: (text) => onNotice(`multicast does not work on ${text}`),
        });
        this.#discovery.start();
        this.#tick();
    }

    async send(parcel: Parcel, signal: AbortSignal): Promise<SendOutcome> {
        const relays = this.#peers.relays(this.#now()).slice(0, RELAYS_OF_PARCEL_MAX);
        const outcomes = await Promise.all(relays.map((relay) => this.#hand(relay, parcel)));
        if (signal.aborted) return { kind: "failed", detail: "called back" };
        const best = outcomes.find(({ kind }) => kind === "peer_stored") ?? outcomes[0];
        return best ?? { kind: "failed", detail: "no relay is on the network" };
    }

    async stop(): Promise<void> {
        this.#handlers = undefined;
        this.#cancel?.();
        const [discovery, door] = [this.#discovery, this.#door];
        this.#discovery = undefined;
        this.#door = undefined;
        await discovery?.stop();
        await door?.stop();
    }

    #now(): Millis {
        return this.#options.clock.now().monotonic;
    }

    async #admit(payload: Uint8Array): Promise<Arrival> {
        const handlers = this.#handlers;
        if (!handlers) return { kind: "refused", reason: "busy", text: "Gateway busy, try again later" };
        if (this.#quota.take(payload.length, this.#now())) return handlers.onPayload(payload);
        return { kind: "refused", reason: "busy", text: "Relay quota is used up, try again later" };
    }

    #tick(): void {
        if (!this.#handlers) return;
        const now = this.#now();
        this.#discovery?.tick(now);
        for (const peer of this.#peers.due(now)) this.#talk(peer, () => this.#check(peer));
        for (const peer of this.#peers.receivers(now)) this.#talk(peer, () => this.#deliver(peer));
        this.#tellState(now);
        this.#cancel = this.#options.clock.schedule(now + TICK_MS, () => this.#tick());
    }

    #talk({ sighting: { id } }: Peer, talk: () => Promise<void>): void {
        if (this.#talks.has(id) || this.#talks.size >= TALKS_MAX) return;
        this.#talks.add(id);
        void talk()
            .catch((cause: unknown) => {
                // A depot that cannot be read: the gateway says so elsewhere, and the peer comes again.
                this.#options.onNotice(`lan: ${cause instanceof Error ? cause.message : cause}`);
            })
            .finally(() => this.#talks.delete(id));
    }

    async #check(peer: Peer): Promise<void> {
        const { calls, crypto, entropy } = this.#options;
        const outcome = await checkPeer({ calls, crypto, entropy, contacts: this.#contacts }, peer);
        this.#peers.checked(peer.sighting.id, outcome, this.#now());
        if (outcome === "wrong") this.#options.onNotice(`${peer.sighting.instance} is not who it says`);
    }

    async #deliver(peer: Peer): Promise<void> {
        const { mailbox, calls, wall } = this.#options;
        const parts = { mailbox, calls, wall, peers: this.#peers, now: () => this.#now() };
        const taken = await deliver(parts, peer);
        if (taken > 0) this.#options.onNotice(`${peer.sighting.instance} took ${taken} messages`);
    }

    /** A stranger's word is enough to end this offer, and for nothing else: what is stored here stays here. */
    async #hand(relay: Peer, { payload }: Parcel): Promise<SendOutcome> {
        const { id, instance } = relay.sighting;
        const answer = await overAnyAddress(relay, (address) => this.#options.calls.submit(address, [payload]));
        if (!answer.ok) {
            this.#peers.failed(id, answer.error.isBusy ? "busy" : "failure", this.#now());
            return { kind: "failed", detail: `${instance}: ${answer.error.text}` };
        }
        const [result] = answer.value;
        this.#peers.succeeded(id, {});
        if (result?.status === "ok") return { kind: "peer_stored" };
        return { kind: "failed", detail: `${instance}: ${result?.error}` };
    }

    /** With nobody to hand messages to, none are asked for. */
    #tellState(now: Millis): void {
        const relays = this.#peers.relays(now).length;
        const port = this.#door?.port ?? 0;
        const waits = this.#options.useRelays && relays === 0;
        const detail = `port ${port}, ${this.#peers.all.length} peers, ${relays} relays`;
        if (this.#state === `${waits} ${detail}`) return;
        this.#state = `${waits} ${detail}`;
        this.#handlers?.onState(waits ? { kind: "starting" } : { kind: "up", detail });
    }
}
