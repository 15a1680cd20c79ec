import type { Command } from "commander";
import { RADIO_KINDS } from "../config/module-settings.ts";
import { FAULTS, HABITS } from "../radio-kinds/faults.ts";
import { withSettings } from "./shared-options.ts";
import type { Terminal } from "./terminal.ts";

/** Everything on the command line that is about radios. */
export function addRadioCommands(program: Command, terminal: Terminal): void {
    program
        .command("emulate")
        .description("radios without hardware: each behaves as the module does, on an air that they share")
        .argument("<kind>", RADIO_KINDS.join(", "))
        .option("--peers <n>", "how many", "1")
        .option("--loss <percent>", "frames that the air loses", "0")
        .option("--seed <n>", "the same seed, the same weather")
        .option("--link <path>", "a symbolic link to the pseudo-terminal; with several peers PATH-1, PATH-2 ...")
        .option("--tcp [port]", "a TCP port instead of a pseudo-terminal, as RNodes on a network have it (7633)")
        .option("--air <name>", "share the air with other processes that say the same name")
        .option("--region <name>", "where modules are set whose line alone cannot set them", "EU868")
        .option("--misbehave <how>", "one of those below")
        .option("--json", "one JSON object a line")
        .addHelpText("after", `\nHow a device can misbehave:\n${mannersHelp()}`)
        .action(async (kind, options) => {
            const { emulate } = await import("./emulate.ts");
            await emulate(kind, options, terminal);
        });
    const radio = program.command("radio").description("find, ask, test and set up radios");
    addRadioTools(radio, terminal);
    addRadioTest(radio, terminal);
    addRadioSetup(radio, terminal);
    program
        .command("profiles")
        .description("laws, modules, boards and presets that Hearth knows: lists and explains them")
        .argument("[what]", "regions, modules, boards or presets")
        .argument("[name]", "one of them")
        .option("--json", "as JSON")
        .action(async (what, name, options) => {
            const { showProfiles } = await import("./profiles.ts");
            showProfiles(what, name, options, terminal);
        });
}

function addRadioTools(radio: Command, terminal: Terminal): void {
    withSettings(radio.command("list"))
        .description("USB serial devices and what they may be; nothing is opened without --probe")
        .option("--probe", "ask known radio boards and configured ports what they are")
        .option("--json", "as JSON")
        .action(async (options) => {
            const { listRadios } = await import("./radio-list.ts");
            await listRadios(options, terminal);
        });
    radio
        .command("probe")
        .description("ask one device what it is, by questions that change nothing on a radio")
        .argument("<port>", "device, serial:NUMBER or tcp://HOST:PORT")
        .option("--kind <kind>", "ask only whether it is this one")
        .option("--json", "as JSON")
        .addHelpText("after", "\nNever probe an EBYTE module or another transparent radio: it transmits what it hears.")
        .action(async (port, options) => {
            const { probeRadio } = await import("./radio-list.ts");
            await probeRadio(port, options, terminal);
        });
}

function addRadioTest(radio: Command, terminal: Terminal): void {
    withSettings(radio.command("test"))
        .description("two radios: loss, round trip, RSSI and SNR at each data rate, within the law of --region")
        .argument("<a>", "KIND=PORT, or the port or id of a configured radio")
        .argument("<b>", "the other one")
        .option("--frames <n>", "frames each way at each rate", "5")
        .option("--bandwidth <kHz>", "bandwidths, e.g. 125,250,500", "125")
        .option("--json", "one JSON object a rate")
        .action(async (a, b, options) => {
            const { testRadios } = await import("./radio-test.ts");
            await testRadios(a, b, options, terminal);
        });
}

function addRadioSetup(radio: Command, terminal: Terminal): void {
    radio
        .command("setup")
        .description("write a radio into hearth.toml: asks, shows what would stand there, and asks again")
        .option("--config <file>", "the file (also HEARTH_CONFIG); what stands there is kept")
        .option("--port <port>", "device, serial:NUMBER or tcp://HOST:PORT")
        .option("--kind <kind>", RADIO_KINDS.join(", "))
        .option("--board <computer/hat>", "instead of a port; see hearth profiles boards")
        .option("--preset <name>", "the channel; see hearth profiles presets")
        .option("--region <name>", "where the antenna stands")
        .option("--id <name>", "its name in logs")
        .option("--yes", "write without asking")
        .option("--json", "as JSON")
        .action(async (options) => {
            const { setUpRadio } = await import("./radio-setup.ts");
            await setUpRadio(options, terminal);
        });
}

function mannersHelp(): string {
    return Object.entries({ ...FAULTS, ...HABITS })
        .map(([name, what]) => `  ${name.padEnd(12)}${what}`)
        .join("\n");
}
