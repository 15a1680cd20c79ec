import type { Clock, Millis } from "../../base/time.ts";
import { Browser, type Sighting } from "./browser.ts";
import { decodeDns, encodeQuery, encodeResponse } from "./dns.ts";
import { type NetworkWay, reachableOver } from "./interfaces.ts";
import { Multicast } from "./multicast.ts";
import { ownRecords, Responder } from "./responder.ts";
import { type Advertisement, instanceName } from "./txt.ts";

/** Questions go out after these pauses, and then at the last one for ever, in milliseconds. */
const ASK_PAUSES_MS = [1_000, 2_000, 4_000, 10_000, 30_000, 60_000] as const;
/** An announcement is said once more after this time, in milliseconds. */
const SAY_AGAIN_MS = 1_000;

export interface DiscoveryHandlers {
    onSeen(sighting: Sighting): void;
    onLost(id: string): void;
    onTrouble(text: string): void;
}

export interface DiscoveryOptions extends DiscoveryHandlers {
    readonly own: Advertisement;
    /** Interfaces that are wanted; none for all. */
    readonly only: readonly string[];
    readonly clock: Clock;
}

/** Tells the network that this gateway is here, and hears who else is. */
export class Discovery {
    readonly #options: DiscoveryOptions;
    readonly #browser = new Browser();
    readonly #responder: Responder;
    readonly #multicast: Multicast;
    #asked = 0;
    #askAt: Millis = 0;

    constructor(options: DiscoveryOptions) {
        this.#options = options;
        this.#responder = new Responder(options.own);
        this.#multicast = new Multicast(options.only, options.clock, {
            onPacket: (bytes, sender, way) => this.#hear(bytes, sender, way),
            onWay: (way) => this.#greet(way),
            onGone: () => this.#reset(),
            onTrouble: options.onTrouble,
        });
    }

    get ways(): readonly NetworkWay[] {
        return this.#multicast.ways;
    }

    start(): void {
        this.#multicast.start();
    }

    /** To be called often: asks when it is time, and forgets what ran out. */
    tick(now: Millis): void {
        for (const id of this.#browser.expire(now)) this.#options.onLost(id);
        if (now < this.#askAt) return;
        this.#askAt = now + (ASK_PAUSES_MS[Math.min(this.#asked, ASK_PAUSES_MS.length - 1)] ?? 0);
        this.#asked++;
        const query = encodeQuery(this.#browser.questions(now));
        for (const way of this.ways) this.#multicast.send(way, query);
    }

    /** Says goodbye and closes. */
    async stop(): Promise<void> {
        for (const way of this.ways) this.#announce(way, true);
        await this.#multicast.stop();
    }

    #hear(bytes: Uint8Array, sender: string, way: NetworkWay): void {
        const packet = decodeDns(bytes);
        if (!packet) return;
        const now = this.#options.clock.now().monotonic;
        const answer = this.#responder.answer(packet, { name: keyOf(way), addresses: way.addresses }, now);
        if (answer) this.#multicast.send(way, encodeResponse(answer.answers, answer.additionals));
        const reachable = (address: string): string | undefined => reachableOver(way, address);
        for (const id of this.#browser.hear({ packet, sender, reachable }, now)) this.#tell(id, now);
    }

    #tell(id: string, now: Millis): void {
        const sighting = this.#browser.sighting(id, now);
        if (!sighting) this.#options.onLost(id);
        else if (sighting.instance !== instanceName(this.#options.own.routingKey)) this.#options.onSeen(sighting);
    }

    #greet(way: NetworkWay): void {
        const { clock } = this.#options;
        this.#announce(way, false);
        clock.schedule(clock.now().monotonic + SAY_AGAIN_MS, () => this.#announce(way, false));
        this.#asked = 0;
        this.#askAt = 0;
    }

    /** After a change of the network the old addresses lead nowhere, or to somebody else. */
    #reset(): void {
        for (const id of this.#browser.clear()) this.#options.onLost(id);
        this.#asked = 0;
        this.#askAt = 0;
    }

    #announce(way: NetworkWay, goodbye: boolean): void {
        const { pointer, rest } = ownRecords(this.#options.own, way.addresses, { goodbye });
        this.#multicast.send(way, encodeResponse([pointer, ...rest]));
    }
}

function keyOf({ interfaceName, family }: NetworkWay): string {
    return `${interfaceName} ${family}`;
}
