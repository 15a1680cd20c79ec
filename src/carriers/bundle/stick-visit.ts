import { lstat, readdir, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { toHex } from "../../base/encoding.ts";
import { ok } from "../../base/result.ts";
import type { UnixSeconds } from "../../base/time.ts";
import { decodeWirePayload } from "../../wire/payload.ts";
import type { Arrival } from "../carrier.ts";
import { openFileSource } from "./bytes-source.ts";
import { importBundle } from "./import.ts";
import { type BundleItem, planBundle } from "./plan.ts";
import { verifyBundle } from "./read.ts";
import { writeBundle } from "./write.ts";

const FOLDER = "hearth";
/** Files of one stick that are read, and the size of each in bytes. */
const FILES_MAX = 100;
const FILE_SIZE_MAX = 1024 * 1024 * 1024;
/** Items of each kind that an export chooses from: the newest so many. */
const ITEMS_MAX = 100_000;
/** Names of what lies on a stick that are remembered during a visit; beyond it something may be written twice. */
const NAMES_MAX = 500_000;
/** Left free on every stick, in bytes. */
const RESERVE_SIZE = 1024 * 1024;

/** What an export is made from; the depot's listing fits. */
export interface StickDepot {
    items(query: {
        readonly kind: "message" | "tombstone";
        readonly now: UnixSeconds;
        readonly limit: number;
    }): readonly BundleItem[];
    payload(item: BundleItem): Uint8Array | undefined;
    close(): void;
}

export interface Stick {
    readonly mount: string;
    readonly folder: string;
}

/** The mount point as a stick, if it has a folder of ours that is really on it. */
export async function isStick(mount: string): Promise<Stick | undefined> {
    try {
        const folder = join(mount, FOLDER);
        const [outer, inner] = [await lstat(mount), await lstat(folder)];
        return inner.isDirectory() && inner.dev === outer.dev ? { mount, folder } : undefined;
    } catch {
        return undefined;
    }
}

/** Names, sizes and times of the bundles on a stick: the same text means the same content. */
export async function namesOnStick(stick: Stick): Promise<string> {
    const parts = await Promise.all(
        (await bundleNames(stick)).map(async (name) => {
            const { size, mtimeMs } = await lstat(join(stick.folder, name));
            return `${name} ${size} ${mtimeMs}`;
        }),
    );
    return parts.join("\n");
}

async function bundleNames({ folder }: Stick): Promise<readonly string[]> {
    const names = await readdir(folder);
    return names
        .filter((name) => name.endsWith(".ember"))
        .sort()
        .slice(0, FILES_MAX);
}

export interface Visit {
    readonly stick: Stick;
    readonly fileName: string;
    readonly openDepot: () => StickDepot;
    readonly wall: () => UnixSeconds;
    readonly onPayload: (payload: Uint8Array) => Promise<Arrival>;
    readonly isStopped: () => boolean;
}

/** Imports, then exports. Returns what to tell people. Rejects where the stick fails. */
export async function visitStick(visit: Visit): Promise<readonly string[]> {
    const { stick, fileName } = visit;
    const names = new Set<string>();
    const said: string[] = [];
    for (const name of await bundleNames(stick)) {
        if (name === fileName || visit.isStopped()) continue;
        said.push(`${name}: ${await takeFile(visit, name, names)}`);
    }
    if (!visit.isStopped()) said.push(await leaveFile(visit, names));
    return said;
}

async function takeFile({ stick, onPayload }: Visit, name: string, names: Set<string>): Promise<string> {
    const source = await openFileSource(join(stick.folder, name), { followLinks: false });
    try {
        if (source.size > FILE_SIZE_MAX) return `larger than ${FILE_SIZE_MAX} bytes, left alone`;
        const found = new Set<string>();
        const result = await importBundle({
            source,
            sink: async (frames) => ok(await Promise.all(frames.map(onPayload))),
            onFrame: (frame) => remember(found, frame),
        });
        if (!result.ok) return `${result.error.text}, left alone`;
        for (const each of found) if (names.size < NAMES_MAX) names.add(each);
        const { stored, duplicates, refused } = result.value;
        return `${stored} new, ${duplicates} known, ${refused} refused`;
    } finally {
        await source.close();
    }
}

async function leaveFile({ stick, fileName, openDepot, wall }: Visit, names: ReadonlySet<string>): Promise<string> {
    const path = join(stick.folder, fileName);
    const { bavail, bsize } = await statfs(stick.mount);
    const depot = openDepot();
    try {
        const now = wall();
        const lacking = [
            ...depot.items({ kind: "message", now, limit: ITEMS_MAX }),
            ...depot.items({ kind: "tombstone", now, limit: ITEMS_MAX }),
        ].filter((item) => !names.has(nameOf(item)));
        const { chosen, left } = planBundle(lacking, Math.min(FILE_SIZE_MAX, bavail * bsize - RESERVE_SIZE));
        if (await holdsJust(path, chosen)) return "lacks nothing";
        if (chosen.length === 0) await rm(path, { force: true });
        else await writeBundle({ path, count: chosen.length, frames: payloads(chosen, depot) });
        const out = left.length > 0 ? `, no room for ${left.length}` : "";
        return `left ${chosen.length} in ${fileName}${out}`;
    } finally {
        depot.close();
    }
}

/** Whether a file is there, sound, and holds these items and no other. */
async function holdsJust(path: string, items: readonly BundleItem[]): Promise<boolean> {
    const source = await openFileSource(path, { followLinks: false }).catch(() => undefined);
    if (!source) return items.length === 0;
    try {
        const found = new Set<string>();
        const verdict = await verifyBundle(source, ({ frame }) => remember(found, frame));
        return verdict.ok && found.size === items.length && items.every((item) => found.has(nameOf(item)));
    } finally {
        await source.close();
    }
}

function* payloads(items: readonly BundleItem[], depot: StickDepot): Generator<Uint8Array> {
    for (const item of items) {
        const payload = depot.payload(item);
        if (!payload) throw new Error(`${item.kind} ${item.messageId} cannot be read any more`);
        yield payload;
    }
}

function nameOf({ kind, messageId }: Pick<BundleItem, "kind" | "messageId">): string {
    return `${kind} ${messageId}`;
}

function remember(names: Set<string>, frame: Uint8Array): void {
    const decoded = decodeWirePayload(frame);
    if (!decoded.ok || names.size >= NAMES_MAX) return;
    const { value } = decoded;
    const id = value.kind === "message" ? value.outer.messageId : value.tombstone.messageId;
    names.add(nameOf({ kind: value.kind, messageId: toHex(id) }));
}
