import { create } from "@bufbuild/protobuf";
import { Mesh, type Telemetry } from "@meshtastic/protobufs";

/** Firmware keeps 80 to 250 by board. */
const NODES_MAX = 100;

interface Entry {
    readonly user: Mesh.User | undefined;
    readonly hops: number | undefined;
    readonly snr: number;
    readonly lastHeard: number;
    readonly viaMqtt: boolean;
    readonly metrics: Telemetry.DeviceMetrics | undefined;
    /** It has signed a broadcast, so one without a signature is not from it. */
    readonly signs: boolean;
}

const STRANGER: Entry = {
    user: undefined,
    hops: undefined,
    snr: 0,
    lastHeard: 0,
    viaMqtt: false,
    metrics: undefined,
    signs: false,
};

/** What a node knows of the others. It survives a restart. */
export class NodeBook {
    readonly #entries = new Map<number, Entry>();

    get size(): number {
        return this.#entries.size;
    }

    /** True when the node was not known before. */
    update(number: number, news: Partial<Entry>): boolean {
        const before = this.#entries.get(number);
        this.#entries.set(number, { ...(before ?? STRANGER), ...news });
        const [oldest] = this.#entries.keys();
        if (this.#entries.size > NODES_MAX && oldest !== undefined) this.#entries.delete(oldest);
        return !before;
    }

    keyOf(number: number): string | undefined {
        const key = this.#entries.get(number)?.user?.publicKey;
        return key && key.length > 0 ? [...key].join() : undefined;
    }

    publicKeyOf(number: number): Uint8Array {
        return this.#entries.get(number)?.user?.publicKey ?? new Uint8Array(0);
    }

    signs(number: number): boolean {
        return this.#entries.get(number)?.signs ?? false;
    }

    forget(number: number): void {
        this.#entries.delete(number);
    }

    clear(): void {
        this.#entries.clear();
    }

    infos(): readonly Mesh.NodeInfo[] {
        return [...this.#entries].map(([num, { user, hops, metrics, ...rest }]) =>
            create(Mesh.NodeInfoSchema, {
                ...{ num, snr: rest.snr, lastHeard: rest.lastHeard, viaMqtt: rest.viaMqtt },
                ...(user ? { user } : {}),
                ...(hops === undefined ? {} : { hopsAway: hops }),
                ...(metrics ? { deviceMetrics: metrics } : {}),
            }),
        );
    }
}
