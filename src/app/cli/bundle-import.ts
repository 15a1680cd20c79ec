import { type FileSource, openFileSource } from "../../carriers/bundle/bytes-source.ts";
import { type FrameSink, type ImportCounts, importBundle } from "../../carriers/bundle/import.ts";
import { DepotUnusable } from "../../depot/errors.ts";
import { openDepot } from "../../depot/sqlite/depot.ts";
import { decodeWirePayload } from "../../wire/payload.ts";
import { importMarks } from "../bundle/marks.ts";
import { depotSink, mailboxSink } from "../bundle/sinks.ts";
import { systemClock } from "../clock.ts";
import type { Config } from "../config/config.ts";
import { mailboxClient, type PersonOptions } from "./mailbox-options.ts";
import { makeProgress } from "./progress.ts";
import { configFrom, type SettingOptions } from "./settings-of.ts";
import { CommandError, type Terminal } from "./terminal.ts";

export interface ImportFileOptions extends SettingOptions, Omit<PersonOptions, "identity" | "passwordFile"> {
    readonly salvage?: boolean;
    readonly json?: boolean;
}

/** Imports a `.ember` file: into the depot when no gateway uses it, else through the mailbox of the gateway. */
export async function importFile(file: string, options: ImportFileOptions, terminal: Terminal): Promise<void> {
    const config = configFrom(options, terminal);
    const source = await openSource(file);
    try {
        await withSink(options, config, terminal, (sink) =>
            importSource({ file, source, sink, config, options, terminal }),
        );
    } finally {
        await source.close();
    }
}

/** Hands `use` the way into the gateway of this data directory: its depot where nobody runs on it, else its mailbox. */
export async function withSink(
    options: ImportFileOptions,
    config: Config,
    terminal: Terminal,
    use: (sink: FrameSink) => Promise<void>,
): Promise<void> {
    const depot = options.url === undefined ? await openUnlessInUse(config, terminal) : undefined;
    if (!depot) return use(mailboxSink(mailboxClient(options, config, systemClock), systemClock));
    try {
        const latest = depot.store.latestReceipt() ?? 0;
        await use(depotSink(depot, config.mailbox, () => Math.max(latest, Math.floor(terminal.now() / 1000))));
    } finally {
        await depot.close();
    }
}

async function openUnlessInUse(config: Config, terminal: Terminal) {
    try {
        return await openDepot({
            directory: config.dataDir,
            decodes: (payload) => decodeWirePayload(payload).ok,
            onNotice: (text) => terminal.err(text),
        });
    } catch (cause) {
        if (cause instanceof DepotUnusable && cause.inUse) return undefined;
        throw cause;
    }
}

async function openSource(file: string): Promise<FileSource> {
    try {
        return await openFileSource(file);
    } catch (cause) {
        throw new CommandError(`${file} cannot be read: ${cause instanceof Error ? cause.message : cause}`);
    }
}

interface Parts {
    readonly file: string;
    readonly source: FileSource;
    readonly sink: FrameSink;
    readonly config: Config;
    readonly options: ImportFileOptions;
    readonly terminal: Terminal;
}

async function importSource({ file, source, sink, config, options, terminal }: Parts): Promise<void> {
    const bars = {
        verify: makeProgress(terminal, "verifying", source.size),
        import: makeProgress(terminal, "importing", source.size),
    };
    const result = await importBundle({
        source,
        sink,
        salvage: options.salvage === true,
        marks: importMarks(config.dataDir),
        onProgress: ({ phase, bytes }) => bars[phase].show(bytes),
    }).finally(bars.import.end);
    if (!result.ok) {
        if (result.error.kind === "damaged") {
            throw new CommandError(
                `${file} is damaged, nothing was imported: ${result.error.text}. Get it again, or take what is left of it with --salvage.`,
            );
        }
        sum(result.error.counts, options, terminal);
        throw new CommandError(`The import stopped: ${result.error.text} Run it again: it goes on from there.`);
    }
    const { damage } = result.value;
    if (damage) terminal.err(`${file} is damaged (${damage.kind.replaceAll("_", " ")}): this is what was left of it.`);
    sum(result.value, options, terminal);
}

function sum(counts: ImportCounts, { json }: ImportFileOptions, terminal: Terminal): void {
    const { frames, stored, duplicates, refused, reasons } = counts;
    if (json) {
        terminal.out(JSON.stringify({ frames, stored, duplicates, refused, reasons: Object.fromEntries(reasons) }));
    }
    terminal.err(`${frames} frames: ${stored} stored, ${duplicates} known already, ${refused} refused.`);
    for (const [reason, count] of reasons) terminal.err(`  ${count} × ${reason.replaceAll(/\p{Cc}/gu, "?")}`);
}
