import type { Command } from "commander";
import { RADIO_KINDS } from "../config/module-settings.ts";
import { FAULTS, HABITS } from "../radio-kinds/faults.ts";
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

function mannersHelp(): string {
    return Object.entries({ ...FAULTS, ...HABITS })
        .map(([name, what]) => `  ${name.padEnd(12)}${what}`)
        .join("\n");
}
