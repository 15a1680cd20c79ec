import type { UnixSeconds } from "../../base/time.ts";
import { BUNDLE_EMPTY_SIZE } from "../../wire/bundle-file.ts";

/** What a depot holds, as a bundle sees it; the depot's own listing fits. */
export interface BundleItem {
    readonly kind: "message" | "tombstone";
    /** Grows by insertion, within its kind. */
    readonly row: number;
    /** The message id in hex. */
    readonly messageId: string;
    /** Of the WirePayload, in bytes. */
    readonly size: number;
    readonly receivedAt: UnixSeconds;
    readonly expiresAt: UnixSeconds;
    /** True while some carrier has still to bring it out, or none ever was to. */
    readonly waiting: boolean;
}

export interface BundlePlan {
    /** In the order of the file: the oldest first, tombstones last. */
    readonly chosen: readonly BundleItem[];
    /** Of the whole file, in bytes. */
    readonly fileSize: number;
    /** What stays out because the room ended. */
    readonly left: readonly BundleItem[];
}

/**
 * What goes into a bundle of limited size. Tombstones come first: 101 bytes that make room everywhere. Then what nobody
 * else has yet, then what was brought out already; the newest first within each. A message that is too large for what
 * is left does not stop smaller ones. `fileSizeMax` is in bytes, of the whole file.
 */
export function planBundle(items: readonly BundleItem[], fileSizeMax = Number.POSITIVE_INFINITY): BundlePlan {
    const chosen: BundleItem[] = [];
    const left: BundleItem[] = [];
    let fileSize = BUNDLE_EMPTY_SIZE;
    for (const item of [...items].sort(byUrgency)) {
        const size = 4 + item.size;
        if (fileSize + size <= fileSizeMax) {
            chosen.push(item);
            fileSize += size;
        } else left.push(item);
    }
    return { chosen: chosen.sort(byAge), fileSize, left: left.sort(byAge) };
}

function byUrgency(a: BundleItem, b: BundleItem): number {
    return urgency(b) - urgency(a) || b.row - a.row;
}

function urgency({ kind, waiting }: BundleItem): number {
    if (kind === "tombstone") return 2;
    return waiting ? 1 : 0;
}

function byAge(a: BundleItem, b: BundleItem): number {
    if (a.kind !== b.kind) return a.kind === "message" ? -1 : 1;
    return a.row - b.row;
}
