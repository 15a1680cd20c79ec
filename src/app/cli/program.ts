import { Command, CommanderError } from "commander";
import { BROKER_SETTINGS } from "../config/broker-settings.ts";
import { MESH_SETTINGS } from "../config/mesh-settings.ts";
import { PEER_SETTINGS } from "../config/peer-settings.ts";
import { RADIO_SETTINGS, SETTINGS, variableOf } from "../config/settings.ts";
import { VERSION } from "../version.ts";
import { addBundle } from "./bundle-commands.ts";
import { addNode } from "./node-commands.ts";
import { addRadioCommands } from "./radio-commands.ts";
import { configFrom } from "./settings-of.ts";
import { withSettings } from "./shared-options.ts";
import { CommandError, type Terminal } from "./terminal.ts";

/** Runs one command line; returns the exit code. Heavy rooms are loaded by the command that needs them. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
    const program = makeProgram(terminal);
    try {
        await program.parseAsync(args, { from: "user" });
        return 0;
    } catch (cause) {
        if (cause instanceof CommanderError) return cause.exitCode;
        if (cause instanceof CommandError || isMendable(cause)) {
            terminal.err(`hearth: ${cause.message}`);
            return cause instanceof CommandError ? cause.exitCode : 1;
        }
        throw cause;
    }
}

/** Errors that other rooms throw for the user to mend. */
function isMendable(cause: unknown): cause is Error {
    return cause instanceof Error && ["DepotUnusable", "MailboxStartError"].includes(cause.name);
}

function makeProgram(terminal: Terminal): Command {
    const program = new Command("hearth")
        .description("A gateway for Ember messages over LoRa: it stores what arrives and brings it on.")
        .version(VERSION)
        .exitOverride()
        .configureOutput({
            writeOut: (text) => terminal.out(text.trimEnd()),
            writeErr: (text) => terminal.err(text.trimEnd()),
        })
        .showHelpAfterError("Add --help for what there is.")
        .addHelpText("after", "\nEvery setting can also stand in a TOML file or a variable: see hearth config --help.");
    addGateway(program, terminal);
    addPerson(program, terminal);
    addBundle(program, terminal);
    addNode(program, terminal);
    addTools(program, terminal);
    return program;
}

function addGateway(program: Command, terminal: Terminal): void {
    withSettings(program.command("trace"))
        .description("show where a message stands: who has it, who was tried, and when")
        .argument("<message>", "its id, 32 hex digits")
        .option("--json", "JSON for scripts")
        .action(async (message, options) => {
            const { trace } = await import("./trace.ts");
            await trace(message, options, terminal);
        });
    withSettings(program.command("run"))
        .description("run the gateway")
        .option(
            "--radio <[kind=]port>",
            "a radio, e.g. rnode=/dev/ttyACM0; a RYLR998 unless said; repeat for more",
            collect,
        )
        .option("--json", "one JSON object a line instead of text for people")
        .action(async (options) => {
            const { runGateway } = await import("./run.ts");
            await runGateway(options, terminal);
        });
    withSettings(program.command("status"))
        .description("what the running gateway of this data directory is doing")
        .option("--json", "as JSON")
        .action(async (options) => {
            const { showStatus } = await import("./status.ts");
            await showStatus(options, terminal);
        });
    withSettings(program.command("neighbours"))
        .description("gateways that the running one has heard on its Meshtastic meshes")
        .option("--json", "as JSON")
        .action(async (options) => {
            const { showNeighbours } = await import("./neighbours.ts");
            await showNeighbours(options, terminal);
        });
    withSettings(program.command("demo"))
        .description("two gateways in this process with emulated LoRa modules: watch a message cross")
        .option("--loss <percent>", "frames that the emulated air loses", "0")
        .option("--once", "end after the first message instead of serving on")
        .action(async (options) => {
            const { runDemo } = await import("./demo.ts");
            await runDemo(options, terminal);
        });
}

function addPerson(program: Command, terminal: Terminal): void {
    const identity = program.command("identity").description("the keys of a person");
    withPerson(identity.command("new"))
        .description("make an identity; asks for a password")
        .option("--plain", "keep it without a password")
        .action(async (options) => {
            const { newIdentity } = await import("./identity.ts");
            await newIdentity(options, terminal);
        });
    withPerson(identity.command("show"))
        .description("show the public id that others write to")
        .action(async (options) => {
            const { showIdentity } = await import("./identity.ts");
            await showIdentity(options, terminal);
        });
    withMailbox(program.command("send"))
        .description("seal a text and hand it to a mailbox")
        .argument("<to>", "the recipient's public id")
        .argument("[text]", "the message; without it the standard input is read")
        .option("--ttl-hours <hours>", "how long it may travel", "168")
        .action(async (to, text, options) => {
            const { send } = await import("./send.ts");
            await send(to, text, options, terminal);
        });
    withMailbox(program.command("inbox"))
        .description("fetch, open and show what waits in a mailbox")
        .option("--ack", "let the mailbox forget what was shown")
        .action(async (options) => {
            const { inbox } = await import("./inbox.ts");
            await inbox(options, terminal);
        });
}

function withPerson(command: Command): Command {
    return withSettings(command)
        .option("--identity <file>", "the identity file (default: identity.ember in the data directory)")
        .option("--password-file <file>", "the identity's password; without it a person is asked")
        .option("--json", "JSON for scripts");
}

function withMailbox(command: Command): Command {
    return withPerson(command)
        .option("--url <url>", "the mailbox (default: this machine's gateway)")
        .option("--username <name>", "Basic authentication of the mailbox")
        .option("--mailbox-password-file <file>", "its password");
}

function addTools(program: Command, terminal: Terminal): void {
    program
        .command("vectors")
        .description("check a folder of Ember test vectors against this program")
        .argument("<dir>", "folder with *.json")
        .action(async (directory) => {
            const { vectors } = await import("./vectors.ts");
            await vectors(directory, terminal);
        });
    addRadioCommands(program, terminal);
    withSettings(program.command("network-key").description("the key of a closed network").command("new"))
        .description("print a fresh key, one that can follow the present ones")
        .action(async (options) => {
            const { showNewNetworkKey } = await import("./network-key.ts");
            showNewNetworkKey(options, terminal);
        });
    const config = program
        .command("config")
        .description("look at the configuration")
        .addHelpText("after", settingsHelp());
    withSettings(config.command("check"))
        .description("say every problem at once")
        .action((options) => {
            configFrom(options, terminal);
            terminal.out("The configuration is good.");
        });
    withSettings(config.command("show"))
        .description("show what holds, wherever it was said")
        .action((options) => terminal.out(JSON.stringify(configFrom(options, terminal), undefined, 2)));
}

function settingsHelp(): string {
    const line = (path: string, fallback: unknown, help: string): string =>
        `  ${path.padEnd(32)}${help}${fallback === undefined ? "" : ` Default: ${fallback}.`}`;
    return [
        "\nSettings. The command line wins over variables, variables over the file, the file over the defaults.",
        `The variable of a setting is ${variableOf("http.listen")} for http.listen, and so on.\n`,
        ...SETTINGS.map(({ path, fallback, help }) => line(path, fallback, help)),
        "\nFor each [[radio]], or HEARTH_RADIO_1_PORT and so on:\n",
        ...RADIO_SETTINGS.map(({ path, fallback, help }) => line(path, fallback, help)),
        "\nFor each [[mqtt]], or HEARTH_MQTT_1_URL and so on:\n",
        ...BROKER_SETTINGS.map(({ path, fallback, help }) => line(path, fallback, help)),
        "\nFor each [[peer]], or HEARTH_PEER_1_URL and so on:\n",
        ...PEER_SETTINGS.map(({ path, fallback, help }) => line(path, fallback, help)),
        "",
        "of each [[meshtastic]] (HEARTH_MESHTASTIC_1_PORT and so on):",
        ...MESH_SETTINGS.map(({ path, fallback, help }) => line(path, fallback, help)),
    ].join("\n");
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
    return [...before, value];
}
