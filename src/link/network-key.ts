import { concatBytes, equalBytes, utf8 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import {
    ALL_SEEN,
    COUNTER_END,
    decodePeers,
    encodePeers,
    extend,
    hear,
    LOW_BITS,
    NODE_BITS,
    NODES_MAX,
    type Peer,
    UNHEARD,
} from "./replay-window.ts";

/** Authentication of frames with a key that a network shares, byte for byte in docs/link.md, "Network key". */
const DOMAIN = utf8("hearth-frame-1");
const MAC_SIZE = 4;
/** `node:14 slot:2`, `long:1 counter:15`, MAC. */
const TRAILER_SIZE = 8;
const LONG_TRAILER_SIZE = 10;
const LONG = 0x8000;
const KEY_SIZE = 32;
const KEY_SLOTS = 4;

export interface NetworkKey {
    /** 0 to 3, another for each key in force. */
    readonly slot: number;
    /** 32 bytes. */
    readonly key: Uint8Array;
}

/** What is sent is made with `current`; all three are accepted. */
export interface NetworkKeys {
    readonly current: NetworkKey;
    readonly next?: NetworkKey | undefined;
    readonly previous?: NetworkKey | undefined;
}

export interface FrameGuardOptions {
    readonly keys: NetworkKeys;
    /** Its low 14 bits name this node; the caller sees to it that no two nodes of a network have them in common. */
    readonly nodeId: number;
    /** The first number never used with this node id. The caller has reserved what follows, durably, before it is used. */
    readonly counter: number;
    /** Keyed BLAKE3, of which the first 4 bytes are used. */
    readonly mac: (key: Uint8Array, message: Uint8Array) => Uint8Array;
}

export interface GuardedFrame {
    /** A view of the bytes that were opened. */
    readonly frame: Uint8Array;
    /** 14 bits. The own one is another node of the same name, with a higher counter: this node must take another name. */
    readonly nodeId: number;
}

/** `stranger`: no key in force made this, or it is too old to tell. `replayed`: it was here before, or is too old to know. */
export type Refusal = "stranger" | "replayed";

export interface FrameGuard {
    /** Bytes that `seal` adds: 8, or 10 to a long one. */
    readonly overhead: number;
    readonly overheadLong: number;
    /** The next counter to be used. */
    readonly counter: number;
    /**
     * The frame and its trailer. `long` tells the whole counter, for nodes that never heard this one or missed 32,704
     * frames or more of it: due in every hello and in the first frame after a start.
     */
    seal(frame: Uint8Array, form?: "short" | "long"): Uint8Array;
    open(bytes: Uint8Array): Result<GuardedFrame, Refusal>;
    setKeys(keys: NetworkKeys): void;
    /** What is known of the nodes heard, at most 3,584 bytes, for `restore` after a restart. */
    snapshot(): Uint8Array;
    /** False for bytes that are no snapshot; nothing changes then. */
    restore(snapshot: Uint8Array): boolean;
}

/** Throws for keys and numbers that cannot be; the configuration is checked before. */
export function makeFrameGuard({ keys, nodeId, counter, mac }: FrameGuardOptions): FrameGuard {
    const own = nodeId & NODE_BITS;
    let inForce = bySlot(keys);
    let sending = keys.current;
    let next = counter;
    let peers = new Map<number, Peer>();

    /** Own frames that somebody plays back are old ones; only a namesake is ahead of this node. */
    const peerOf = (node: number): Peer =>
        peers.get(node) ?? (node === own ? { highest: next - 1, seen: ALL_SEEN } : UNHEARD);

    function remember(node: number, peer: Peer): void {
        peers.delete(node);
        peers.set(node, peer);
        if (peers.size <= NODES_MAX) return;
        const [longestUnheard] = peers.keys();
        if (longestUnheard !== undefined) peers.delete(longestUnheard);
    }

    return {
        overhead: TRAILER_SIZE,
        overheadLong: LONG_TRAILER_SIZE,
        get counter() {
            return next;
        },
        seal(frame, form = "short") {
            if (!Number.isInteger(next) || next < 0 || next >= COUNTER_END) throw new RangeError(`counter ${next}`);
            const head = u16((own << 2) | sending.slot);
            const used = next++;
            const tag = mac(sending.key, macMessage(head, used, frame)).subarray(0, MAC_SIZE);
            const low = used & LOW_BITS;
            if (form === "short") return concatBytes(frame, head, u16(low), tag);
            return concatBytes(frame, u16(used >>> 15), head, u16(LONG | low), tag);
        },
        open(bytes) {
            const read = readTrailer(bytes);
            const key = read && inForce.get(read.slot);
            if (!read || !key) return err("stranger");
            const peer = peerOf(read.node);
            const full = read.high === undefined ? extend(read.low, peer.highest) : read.high * 2 ** 15 + read.low;
            const tag = mac(key, macMessage(read.head, full, read.frame)).subarray(0, MAC_SIZE);
            if (!equalBytes(tag, read.tag)) return err("stranger");
            const heard = hear(peer, full);
            if (!heard) return err("replayed");
            remember(read.node, heard);
            return ok({ frame: read.frame, nodeId: read.node });
        },
        setKeys(keys) {
            inForce = bySlot(keys);
            sending = keys.current;
        },
        snapshot: () => encodePeers(peers),
        restore(snapshot) {
            const read = decodePeers(snapshot);
            if (read) peers = read;
            return read !== undefined;
        },
    };
}

function bySlot({ current, next, previous }: NetworkKeys): ReadonlyMap<number, Uint8Array> {
    const keys = new Map<number, Uint8Array>();
    for (const each of [current, next, previous]) {
        if (!each) continue;
        const { slot, key } = each;
        if (!Number.isInteger(slot) || slot < 0 || slot >= KEY_SLOTS) throw new RangeError(`key slot ${slot}`);
        if (keys.has(slot)) throw new RangeError(`two keys in slot ${slot}`);
        if (key.length !== KEY_SIZE) throw new RangeError(`a network key of ${key.length} bytes`);
        keys.set(slot, key);
    }
    return keys;
}

function macMessage(head: Uint8Array, counter: number, frame: Uint8Array): Uint8Array {
    return concatBytes(DOMAIN, head, u16(counter >>> 16), u16(counter & 0xffff), frame);
}

interface Trailer {
    readonly frame: Uint8Array;
    readonly head: Uint8Array;
    readonly node: number;
    readonly slot: number;
    readonly low: number;
    /** The upper 16 bits of a long trailer's counter. */
    readonly high: number | undefined;
    readonly tag: Uint8Array;
}

/** Undefined where no byte of a frame is left. */
function readTrailer(bytes: Uint8Array): Trailer | undefined {
    const end = bytes.length - TRAILER_SIZE;
    if (end < 1) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const name = view.getUint16(end);
    const count = view.getUint16(end + 2);
    const isLong = count >= LONG;
    const frameSize = isLong ? bytes.length - LONG_TRAILER_SIZE : end;
    if (frameSize < 1) return undefined;
    return {
        frame: bytes.subarray(0, frameSize),
        head: bytes.subarray(end, end + 2),
        node: name >> 2,
        slot: name & (KEY_SLOTS - 1),
        low: count & LOW_BITS,
        high: isLong ? view.getUint16(frameSize) : undefined,
        tag: bytes.subarray(end + 4),
    };
}

function u16(value: number): Uint8Array {
    return Uint8Array.of(value >> 8, value & 0xff);
}
