import type { Millis } from "../../base/time.ts";
import type { FrameGuard } from "../network-key.ts";

export interface LinkOptions {
    /** This gateway on the air, 0..16383, the same at every start; a collision costs airtime and loses nothing. */
    readonly node: number;
    /** Feeds alias, jitter and slots; different in each gateway and at each start. */
    readonly seed: number;
    /** BLAKE3. */
    readonly digest: (bytes: Uint8Array) => Uint8Array;
    /** Largest frame in bytes, 32..512, with the network key's trailer. */
    readonly frameSizeMax: number;
    /** How long a frame of `size` bytes keeps the channel busy; may change, as a mesh does. */
    readonly airtimeMs: (size: number) => Millis;
    /** A hello comes this long after the last one, whatever happens; never unless said. */
    readonly beaconEveryMs?: Millis | undefined;
    /** Hours since 1970; undefined while the clock was never set. */
    readonly hour?: () => number | undefined;
    /** Ids of messages held here whose first 28 bits these are, at most some 100. */
    readonly messageIdsWith?: (prefix: number) => readonly Uint8Array[];
    /** Authenticates every frame with a network key. */
    readonly guard?: FrameGuard;
    /** What `Link.snapshot` of an earlier life gave; anything else is taken for nothing. */
    readonly snapshot?: Uint8Array | undefined;
}

/** From the end of a frame until a station that heard it can answer, in milliseconds. */
export const TURNAROUND_MS = 50;

/** An answer waits at most this long for the verdict of the depot, which waits for its disk; in milliseconds. */
export const SETTLE_MS = 600;

/** Payloads that wait or are under way at once. */
export const OFFERS_MAX = 64;

/** Transfers under way at once; a receiver takes slots further apart for old ones. */
export const OPEN_MAX = 8;

/** After a restart payloads that went together are given so long to be offered again, in milliseconds. */
export const RESUME_MS = 2_000;
