import { existsSync, readFileSync, statSync } from "node:fs";
import { parse, stringify } from "smol-toml";
import { CONFIG_BYTES_MAX, fromToml } from "../config/sources.ts";
import { adoptIdentity, usualIdentityPath } from "../ember-node/adopt.ts";
import { fromEmberEnvironment, fromEmberOptions } from "../ember-node/names.ts";
import type { Table } from "../ember-node/peers.ts";
import { type Translation, translate } from "../ember-node/translate.ts";
import { type ExportOptions, exportBundle } from "./bundle-export.ts";
import { importFile } from "./bundle-import.ts";
import { runGateway } from "./run.ts";
import { configFrom, EXIT_CONFIG, type SettingOptions } from "./settings-of.ts";
import { CommandError, type Terminal } from "./terminal.ts";

/** Options of Ember's node, as commander hands them over. */
export type NodeOptions = Readonly<Record<string, unknown>>;

/** Runs a gateway as an Ember node was configured. */
export async function serveAsNode(options: NodeOptions, terminal: Terminal): Promise<void> {
    const translation = translated(options, terminal);
    const settings = settingsOf(translation);
    const { dataDir } = configFrom(settings, terminal);
    for (const note of translation.notes) terminal.err(note);
    const { identityPath, storagePath } = translation;
    const file = identityPath ?? usualIdentityPath(terminal.env);
    if (await adoptIdentity({ dataDir, file, password: undefined, terminal })) {
        terminal.err(`This gateway has the key of ${file}.`);
    }
    if (storagePath !== undefined && existsSync(storagePath)) {
        terminal.err(
            `Messages in ${storagePath} are taken over once with: hearth import-ember-node ${storagePath} --data-dir ${dataDir}`,
        );
    }
    await runGateway(settings, terminal);
}

export async function exportAsNode(
    file: string,
    options: NodeOptions & ExportOptions,
    terminal: Terminal,
): Promise<void> {
    const { routingKey, since, limit, force } = options;
    const said = Object.fromEntries(
        Object.entries({ routingKey, since, limit, force }).filter(([, value]) => value !== undefined),
    );
    await exportBundle(file, { ...settingsOf(translated(options, terminal)), ...said }, terminal);
}

export async function importAsNode(file: string, options: NodeOptions, terminal: Terminal): Promise<void> {
    await importFile(file, settingsOf(translated(options, terminal)), terminal);
}

function settingsOf({ tree }: Translation): SettingOptions {
    const source = fromToml(stringify(tree), "Ember's configuration in Hearth's words");
    if (!source.ok) throw new CommandError(source.error, EXIT_CONFIG);
    return { source: source.value };
}

/** Command line over variables over file; everything that is not supported at once. */
function translated(options: NodeOptions, terminal: Terminal): Translation {
    const path = options["config"] ?? terminal.env["EMBER_NODE_CONFIG"];
    const file = path === undefined ? {} : readToml(String(path));
    const environment = fromEmberEnvironment(terminal.env);
    const said = new Map([...environment.values, ...fromEmberOptions(options)]);
    const translation = translate(file, said);
    const problems = [...environment.problems, ...translation.problems];
    if (problems.length === 0) return translation;
    const list = problems.map((problem) => `  - ${problem}`).join("\n");
    throw new CommandError(`Not everything of this node can be taken over:\n${list}`, EXIT_CONFIG);
}

function readToml(path: string): Table {
    try {
        if (statSync(path).size > CONFIG_BYTES_MAX) throw new Error(`it is larger than ${CONFIG_BYTES_MAX} bytes`);
        return parse(readFileSync(path, "utf8"));
    } catch (cause) {
        const why = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
        throw new CommandError(`The configuration file ${path} cannot be read: ${why}`, EXIT_CONFIG);
    }
}
