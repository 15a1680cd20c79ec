import { blake3 } from "@noble/hashes/blake3.js";
import { makePrng } from "../../base/prng.ts";
import type { Entropy, UnixSeconds } from "../../base/time.ts";
import { FRAME_SIZE_MAX } from "../../link/frame/limits.ts";
import type { Link } from "../../link/link.ts";
import { makeLink } from "../../link/machine/machine.ts";
import type { FrameGuard } from "../../link/network-key.ts";
import type { Fit } from "./fit.ts";
import { KeyedFrames, type NetworkOptions } from "./keyed-frames.ts";
import type { LoraCarrierOptions } from "./options.ts";

/** A wall clock before this was never set: 2025-01-01. */
const CLOCK_SET_FROM: UnixSeconds = 1_735_689_600;

export function keyedFrames({ node, clock, onAir }: LoraCarrierOptions, network: NetworkOptions): KeyedFrames {
    return new KeyedFrames({
        ...network,
        node,
        wall: clock.now().wall,
        onNamesake: () => onAir?.({ kind: "namesake" }),
    });
}

export function linkOf(
    { entropy, modem, node, clock, linkState, crossingMs, beaconEveryMs }: LoraCarrierOptions,
    { frameSizeMax }: Fit,
    guard: FrameGuard | undefined,
): Link {
    const chance = new Uint8Array(4);
    entropy.fill(chance);
    return makeLink({
        node,
        seed: new DataView(chance.buffer).getUint32(0),
        digest: blake3,
        frameSizeMax: Math.min(frameSizeMax, FRAME_SIZE_MAX),
        airtimeMs: crossingMs ?? ((size) => modem.airtimeMs(size)),
        beaconEveryMs,
        hour: () => hourOf(clock.now().wall),
        snapshot: linkState?.load(),
        ...(guard ? { guard } : {}),
    });
}

/** Undefined while the clock is where boards without a battery begin. */
function hourOf(wall: UnixSeconds): number | undefined {
    return wall < CLOCK_SET_FROM ? undefined : Math.floor(wall / 3600);
}

/** Jitter, not secrets. */
export function makeRandom(entropy: Entropy): () => number {
    const seed = new Uint8Array(4);
    entropy.fill(seed);
    return makePrng(new DataView(seed.buffer).getUint32(0));
}
