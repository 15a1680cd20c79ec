/** Which counters of which nodes were heard: docs/link.md, "Network key". */
export const LOW_BITS = 0x7fff;
export const NODE_BITS = 0x3fff;
/** Counters are below this; at a frame a second it lasts 68 years. */
export const COUNTER_END = 2 ** 31;
/** Counters, from the highest heard downwards, of which it is known whether they were heard. Older ones are refused. */
export const REPLAY_WINDOW = 64;
/** Nodes whose counters are remembered; the one unheard for longest is forgotten for a new one. */
export const NODES_MAX = 256;

export const ALL_SEEN = 2n ** BigInt(REPLAY_WINDOW) - 1n;
/** In a snapshot: node (2), highest counter (4), seen (8). */
const PEER_SIZE = 14;

/** Which counters of a node were here: the highest, and for each of the 64 from it downwards a bit, lowest bit first. */
export interface Peer {
    readonly highest: number;
    readonly seen: bigint;
}

export const UNHEARD: Peer = { highest: -1, seen: 0n };

/** The one counter with these low bits that the window still takes or that is up to 32,704 ahead. */
export function extend(low: number, highest: number): number {
    const lowest = Math.max(0, highest - REPLAY_WINDOW + 1);
    return lowest + ((low - lowest) & LOW_BITS);
}

/** What is known once `counter` was here; undefined if it may have been before. */
export function hear({ highest, seen }: Peer, counter: number): Peer | undefined {
    if (counter > highest) {
        const ahead = BigInt(Math.min(counter - highest, REPLAY_WINDOW));
        return { highest: counter, seen: ((seen << ahead) | 1n) & ALL_SEEN };
    }
    const bit = 1n << BigInt(Math.min(highest - counter, REPLAY_WINDOW));
    return bit > ALL_SEEN || (seen & bit) !== 0n ? undefined : { highest, seen: seen | bit };
}

/** The one unheard for longest first, as in the table. */
export function encodePeers(peers: ReadonlyMap<number, Peer>): Uint8Array {
    const bytes = new Uint8Array(peers.size * PEER_SIZE);
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const [node, { highest, seen }] of peers) {
        view.setUint16(at, node);
        view.setUint32(at + 2, highest);
        view.setBigUint64(at + 6, seen);
        at += PEER_SIZE;
    }
    return bytes;
}

export function decodePeers(bytes: Uint8Array): Map<number, Peer> | undefined {
    if (bytes.length % PEER_SIZE !== 0 || bytes.length > NODES_MAX * PEER_SIZE) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const peers = new Map<number, Peer>();
    for (let at = 0; at < bytes.length; at += PEER_SIZE) {
        const node = view.getUint16(at);
        const highest = view.getUint32(at + 2);
        if (node > NODE_BITS || highest >= COUNTER_END || peers.has(node)) return undefined;
        peers.set(node, { highest, seen: view.getBigUint64(at + 6) });
    }
    return peers;
}
