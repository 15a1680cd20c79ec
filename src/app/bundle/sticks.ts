import { readFileSync } from "node:fs";
import { toHex } from "../../base/encoding.ts";
import type { Clock, UnixSeconds } from "../../base/time.ts";
import { makeStickCarrier } from "../../carriers/bundle/sticks.ts";
import type { Carrier } from "../../carriers/carrier.ts";
import type { Identity } from "../../crypto/identity.ts";
import { openListing } from "../../depot/sqlite/listing.ts";
import type { Config } from "../config/config.ts";
import type { Log } from "../log.ts";

export interface StickSurroundings {
    readonly clock: Clock;
    /** The wall clock as the gateway believes it. */
    readonly wall: () => UnixSeconds;
    readonly identity: Identity;
    readonly log: Log;
}

/** The exchange with sticks that are mounted below `root`. */
export function makeSticks(
    root: string,
    { name, dataDir }: Pick<Config, "name" | "dataDir">,
    { clock, wall, identity, log }: StickSurroundings,
): Carrier {
    const id = toHex(identity.routingKey.subarray(0, 4));
    return makeStickCarrier({
        root,
        fileName: `${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}-${id}.ember`,
        mountPoints,
        openDepot: () => openListing(dataDir),
        clock,
        wall,
        onNotice: (text) => log.info(text),
    });
}

/** Linux writes blanks and the like in mount points as octal numbers. */
function mountPoints(): readonly string[] {
    try {
        const lines = readFileSync("/proc/self/mounts", "utf8").split("\n");
        return lines.flatMap((line) => line.split(" ")[1] ?? []).map(unescaped);
    } catch {
        return [];
    }
}

function unescaped(text: string): string {
    return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
