import { existsSync, rmSync } from "node:fs";
import { fromHex } from "../../base/encoding.ts";
import { type BundleItem, type BundlePlan, planBundle } from "../../carriers/bundle/plan.ts";
import { writeBundle } from "../../carriers/bundle/write.ts";
import { routingKeyOf } from "../../crypto/public-id.ts";
import { type DepotListing, openListing } from "../../depot/sqlite/listing.ts";
import { makeProgress } from "./progress.ts";
import { publicIdOf } from "./send.ts";
import { configFrom, type SettingOptions } from "./settings-of.ts";
import { CommandError, type Terminal } from "./terminal.ts";
import { bytesOf, countOf, secondsOf, sizeText } from "./units.ts";

/** Items that one bundle chooses from: the newest so many. */
const ITEMS_MAX = 1_000_000;

export interface ChoiceOptions extends SettingOptions {
    readonly routingKey?: string;
    readonly to?: string;
    readonly since?: string;
    readonly limit?: string;
    readonly size?: string;
    readonly journey?: string;
    readonly tombstones?: boolean;
    readonly json?: boolean;
}

export interface ExportOptions extends ChoiceOptions {
    readonly force?: boolean;
}

/** Writes what waits here into a `.ember` file. The depot is only read, so a running gateway does not notice. */
export async function exportBundle(file: string, options: ExportOptions, terminal: Terminal): Promise<void> {
    if (existsSync(file) && !options.force) {
        throw new CommandError(`${file} exists already. Overwrite it with --force, or name another file.`);
    }
    await withPlan(options, terminal, async (plan, listing) => {
        if (plan.chosen.length === 0) {
            rmSync(file, { force: true });
            if (options.json) terminal.out(JSON.stringify({ file: null, ...planJson(plan) }));
            terminal.err("Nothing to export.");
            return;
        }
        await write(file, plan, listing, terminal);
        if (options.json) terminal.out(JSON.stringify({ file, ...planJson(plan) }));
        terminal.err(`Exported ${countText(plan.chosen)} to ${file}, ${sizeText(plan.fileSize)}.`);
        if (plan.left.length > 0) terminal.err(`Left out: ${countText(plan.left)}, ${sizeText(bytesIn(plan.left))}.`);
    });
}

/** Says what `export` would write with the same options, and what would stay out. */
export async function showPlan(options: ChoiceOptions, terminal: Terminal): Promise<void> {
    await withPlan(options, terminal, async (plan) => {
        if (options.json) {
            terminal.out(JSON.stringify(planJson(plan)));
            return;
        }
        terminal.out(`goes in    ${describe(plan.chosen)}; the file has ${sizeText(plan.fileSize)}`);
        terminal.out(`stays out  ${describe(plan.left)}`);
    });
}

async function withPlan(
    options: ChoiceOptions,
    terminal: Terminal,
    use: (plan: BundlePlan, listing: DepotListing) => Promise<void>,
): Promise<void> {
    const config = configFrom(options, terminal);
    const fileSizeMax = options.size === undefined ? undefined : bytesOf(options.size, "--size");
    const listing = openListing(config.dataDir);
    try {
        await use(planBundle(itemsFor(listing, options, Math.floor(terminal.now() / 1000)), fileSizeMax), listing);
    } finally {
        listing.close();
    }
}

function itemsFor(listing: DepotListing, options: ChoiceOptions, wall: number): readonly BundleItem[] {
    const now = wall + (options.journey === undefined ? 0 : secondsOf(options.journey, "--journey"));
    const since = options.since === undefined ? undefined : wall - secondsOf(options.since, "--since");
    const routingKey = keyOf(options);
    const limit = options.limit === undefined ? ITEMS_MAX : countOf(options.limit, "--limit");
    const all = listing.items({ kind: "message", now, since, routingKey, limit: ITEMS_MAX });
    const items = all.slice(Math.max(0, all.length - limit));
    if (!options.tombstones) return items;
    return [...items, ...listing.items({ kind: "tombstone", now, limit: ITEMS_MAX })];
}

function keyOf({ routingKey, to }: ChoiceOptions): Uint8Array | undefined {
    if (routingKey !== undefined && to !== undefined) {
        throw new CommandError("--routing-key and --to both name a mailbox: choose.");
    }
    if (to !== undefined) return routingKeyOf(publicIdOf(to));
    if (routingKey === undefined) return undefined;
    const key = fromHex(routingKey);
    if (key?.length !== 16) throw new CommandError("--routing-key must have 32 hex digits.");
    return key;
}

async function write(file: string, { chosen }: BundlePlan, listing: DepotListing, terminal: Terminal): Promise<void> {
    const progress = makeProgress(terminal, "writing", chosen.length);
    try {
        await writeBundle({
            path: file,
            count: chosen.length,
            frames: payloads(chosen, listing),
            onProgress: progress.show,
        });
    } catch (cause) {
        throw new CommandError(`${file} cannot be written: ${cause instanceof Error ? cause.message : cause}`);
    } finally {
        progress.end();
    }
}

export function* payloads(items: readonly BundleItem[], listing: DepotListing): Generator<Uint8Array> {
    for (const item of items) {
        const payload = listing.payload(item);
        if (!payload) throw new Error(`${item.kind} ${item.messageId} cannot be read any more`);
        yield payload;
    }
}

function planJson(plan: BundlePlan) {
    return {
        chosen: plan.chosen.length,
        fileBytes: plan.fileSize,
        left: plan.left.length,
        leftBytes: bytesIn(plan.left),
    };
}

function describe(items: readonly BundleItem[]): string {
    const messages = items.filter(({ kind }) => kind === "message");
    const [oldest, newest] = [messages[0], messages.at(-1)];
    if (!oldest || !newest) return countText(items);
    const waiting = messages.filter((item) => item.waiting).length;
    return `${countText(items)}, ${waiting} of them nowhere else yet, from ${timeText(oldest)} to ${timeText(newest)}`;
}

function countText(items: readonly BundleItem[]): string {
    const tombstones = items.filter(({ kind }) => kind === "tombstone").length;
    const messages = `${items.length - tombstones} messages`;
    return tombstones === 0 ? messages : `${messages} and ${tombstones} tombstones`;
}

function bytesIn(items: readonly BundleItem[]): number {
    return items.reduce((sum, { size }) => sum + size, 0);
}

function timeText({ receivedAt }: BundleItem): string {
    return new Date(receivedAt * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}
