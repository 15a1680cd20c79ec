import type { Mesh } from "@meshtastic/protobufs";
import type { UnixSeconds } from "../../src/base/time.ts";
import { type DeviceReport, deviceReport } from "./messages.ts";

/** Another node is forgotten for the one that was heard longest ago. Firmware keeps 100 to 250. */
export const NODES_MAX = 500;
const NAME_LENGTH_MAX = 40;

/** A node as this one knows it. */
export interface MeshNode {
    readonly number: number;
    /** Strangers choose these freely. */
    readonly longName: string | undefined;
    readonly shortName: string | undefined;
    /** 0 is a direct neighbour. */
    readonly hops: number | undefined;
    /** Of the last packet that came directly. */
    readonly snrDb: number | undefined;
    /** As the node's clock believes; undefined when it never heard it or knows no time. */
    readonly lastHeard: UnixSeconds | undefined;
    readonly viaMqtt: boolean;
    /** Unicasts to a node without a known key are refused by this node. */
    readonly hasKey: boolean;
    readonly report: DeviceReport | undefined;
}

const BLANK: Omit<MeshNode, "number"> = {
    longName: undefined,
    shortName: undefined,
    hops: undefined,
    snrDb: undefined,
    lastHeard: undefined,
    viaMqtt: false,
    hasKey: false,
    report: undefined,
};

export class NodeTable {
    readonly #nodes = new Map<number, MeshNode>();

    get(number: number): MeshNode | undefined {
        return this.#nodes.get(number);
    }

    list(): readonly MeshNode[] {
        return [...this.#nodes.values()];
    }

    clear(): void {
        this.#nodes.clear();
    }

    /** What is undefined in `news` stays as it was. */
    update(number: number, news: Partial<Omit<MeshNode, "number">>): MeshNode {
        const known = Object.entries(news).filter(([, value]) => value !== undefined);
        const node: MeshNode = { ...BLANK, ...this.#nodes.get(number), ...Object.fromEntries(known), number };
        // The order of the map is the order of the last news.
        this.#nodes.delete(number);
        this.#nodes.set(number, node);
        const [oldest] = this.#nodes.keys();
        if (this.#nodes.size > NODES_MAX && oldest !== undefined) this.#nodes.delete(oldest);
        return node;
    }

    updateInfo(info: Mesh.NodeInfo): MeshNode {
        return this.update(info.num, {
            ...(info.user ? userNews(info.user) : {}),
            hops: info.hopsAway,
            snrDb: info.snr === 0 ? undefined : info.snr,
            lastHeard: info.lastHeard || undefined,
            viaMqtt: info.viaMqtt,
            report: info.deviceMetrics ? deviceReport(info.deviceMetrics) : undefined,
        });
    }
}

export function userNews(user: Mesh.User): Partial<MeshNode> {
    return {
        longName: named(user.longName),
        shortName: named(user.shortName),
        hasKey: user.publicKey.length > 0,
    };
}

/** Control characters would let a stranger draw on the operator's terminal. */
function named(text: string): string | undefined {
    const clean = text.replace(/\p{Cc}/gu, "").slice(0, NAME_LENGTH_MAX);
    return clean === "" ? undefined : clean;
}
