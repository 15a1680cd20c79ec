import type { Command } from "commander";
import { withSettings } from "./shared-options.ts";
import type { Terminal } from "./terminal.ts";

/** `hearth bundle …`: messages in a file, for a stick in somebody's pocket. */
export function addBundle(program: Command, terminal: Terminal): void {
    const bundle = program.command("bundle").description("carry messages in .ember files");
    withChoice(withSettings(bundle.command("export")))
        .description("write what waits here into a .ember file; a running gateway does not notice")
        .argument("<file>", "the file to write")
        .option("--force", "overwrite the file if it is there")
        .option("--include-sent", "as Ember's; a gateway's export always has them")
        .action(async (file, options) => {
            const { exportBundle } = await import("./bundle-export.ts");
            await exportBundle(file, options, terminal);
        });
    withChoice(withSettings(bundle.command("plan")))
        .description("say what an export with these options would hold, and what stays out")
        .action(async (options) => {
            const { showPlan } = await import("./bundle-export.ts");
            await showPlan(options, terminal);
        });
    withSettings(bundle.command("import"))
        .description("take over what a .ember file holds; run again after an interruption, it goes on")
        .argument("<file>", "the file to read")
        .option("--salvage", "of a damaged file take the frames that can be read")
        .option("--url <url>", "another mailbox than this machine's gateway")
        .option("--username <name>", "Basic authentication of the mailbox")
        .option("--mailbox-password-file <file>", "its password")
        .option("--json", "JSON for scripts")
        .action(async (file, options) => {
            const { importFile } = await import("./bundle-import.ts");
            await importFile(file, options, terminal);
        });
}

function withChoice(command: Command): Command {
    return command
        .option("--to <public id>", "only messages for this person")
        .option("--routing-key <hex>", "only messages of this mailbox, 32 hex digits")
        .option("--since <duration>", "only what came within, e.g. 2h 30m or 7days")
        .option("--limit <n>", "at most so many, the oldest")
        .option("--size <size>", "a file of at most so many bytes, e.g. 32M")
        .option("--journey <duration>", "leave out what expires on the way")
        .option("--tombstones", "also what tells others to forget a message")
        .option("--json", "JSON for scripts");
}
