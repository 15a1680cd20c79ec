import { type Command, Option } from "commander";

/** Options of every command that reads the configuration. */
export function withSettings(command: Command): Command {
    return command
        .option("--config <file>", "configuration in TOML (also HEARTH_CONFIG)")
        .option("--data-dir <dir>", "where depot and identity are kept (HEARTH_DATA_DIR)")
        .option("--http <host:port>", "where the mailbox answers (HEARTH_HTTP_LISTEN)")
        .option("--region <name>", "the radio law that holds here, e.g. EU868 (HEARTH_REGION)")
        .option("--name <name>", "this gateway's name (HEARTH_NAME)")
        .addOption(new Option("--log-level <level>", "debug, info, warn or error (HEARTH_LOG_LEVEL)"));
}
