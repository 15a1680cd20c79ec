import { type Command, Option } from "commander";
import { EMBER_NAMES, type EmberName, emberVariableOf } from "../ember-node/names.ts";
import { withSettings } from "./shared-options.ts";
import type { Terminal } from "./terminal.ts";

/** `hearth node …` in place of `ember-node …`, and the way over to Hearth's own words. */
export function addNode(program: Command, terminal: Terminal): void {
    // As with Ember's node, three options stand before or behind the sub-command, and those of serve behind it.
    const node = withEmber(program.command("node"), GLOBAL)
        .option("-c, --config <file>", "the node's TOML file (EMBER_NODE_CONFIG)")
        .description("stands in for Ember's node: its options, variables (EMBER_NODE_…) and TOML file; alone it serves")
        .action(async (options) => {
            const { serveAsNode } = await import("./node.ts");
            await serveAsNode(options, terminal);
        });
    withEmber(node.command("serve"), SERVE)
        .description("run the gateway as the node was configured")
        .action(async (_, command) => {
            const { serveAsNode } = await import("./node.ts");
            await serveAsNode(command.optsWithGlobals(), terminal);
        });
    node.command("export")
        .description("write the messages of all mailboxes, or of one, into a .ember file")
        .argument("<file>", "the file to write")
        .option("--routing-key <hex>", "only this mailbox, 32 hex digits")
        .option("--since <duration>", "only what came within, e.g. 2h 30m or 7days")
        .option("--limit <n>", "at most so many, the oldest")
        .option("--force", "overwrite the file if it is there")
        .action(async (file, _, command) => {
            const { exportAsNode } = await import("./node.ts");
            await exportAsNode(file, command.optsWithGlobals(), terminal);
        });
    node.command("import")
        .description("take over what a .ember file holds")
        .argument("<file>", "the file to read")
        .action(async (file, _, command) => {
            const { importAsNode } = await import("./node.ts");
            await importAsNode(file, command.optsWithGlobals(), terminal);
        });
    withSettings(program.command("import-ember-node"))
        .description("take over the messages and the key of an Ember node, once")
        .argument("<file>", "its SQLite database; it is only read")
        .option("--identity <file>", "the node's key (default: where Ember keeps it)")
        .option("--password-file <file>", "the key's password, if it has one")
        .option("--json", "JSON for scripts")
        .action(async (file, options) => {
            const { importEmberNode } = await import("./import-ember-node.ts");
            await importEmberNode(file, options, terminal);
        });
}

const GLOBAL = EMBER_NAMES.filter(({ key }) => key === "log_level" || key === "storage_path");
const SERVE = EMBER_NAMES.filter((name) => !GLOBAL.includes(name));

function withEmber(command: Command, names: readonly EmberName[]): Command {
    for (const name of names) {
        const { flag, short, means } = name;
        if (flag === undefined) continue;
        const flags = `${short === undefined ? "" : `-${short}, `}--${flag}${means === undefined ? " <value>" : ""}`;
        command.addOption(new Option(flags, `as Ember's (${emberVariableOf(name)})`));
    }
    return command;
}
