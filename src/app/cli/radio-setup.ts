import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { presetFiles } from "../../../profiles/presets/index.ts";
import { regionNames } from "../../link/region.ts";
import { withRadio } from "../config/edit-toml.ts";
import { loadConfig } from "../config/load.ts";
import { RADIO_KINDS, type RadioKindName } from "../config/module-settings.ts";
import { fromToml } from "../config/sources.ts";
import { presetObjection } from "../profiles/obedience.ts";
import { radioProblems } from "../radios.ts";
import { lastingName, serialDevices } from "../serial/devices.ts";
import { usbMeaning } from "../serial/usb-ids.ts";
import { probeOf } from "./radio-list.ts";
import { CommandError, type Terminal } from "./terminal.ts";
import { oneOfWords } from "./words.ts";

const EMPTY_FILE_MODE = 0o600;

interface Options {
    readonly config?: string;
    readonly port?: string;
    readonly kind?: string;
    readonly board?: string;
    readonly preset?: string;
    readonly region?: string;
    readonly id?: string;
    readonly yes?: boolean;
    readonly json?: boolean;
}

/** What the new radio is, from flags or from answers. */
interface Choice {
    readonly port: string | undefined;
    readonly kind: string | undefined;
    readonly board: string | undefined;
    readonly preset: string | undefined;
    readonly region: string | undefined;
    readonly id: string | undefined;
}

/** Writes a [[radio]] into the configuration after showing it and asking. */
export async function setUpRadio(options: Options, terminal: Terminal): Promise<void> {
    const file = fileOf(options, terminal);
    const before = existsSync(file) ? readFileSync(file, "utf8") : "";
    const known = sourceOf(before, file);
    const regionBefore = known.given.find(({ path }) => path === "region")?.value;
    const choice = await choiceOf(options, typeof regionBefore === "string" ? regionBefore : undefined, terminal);
    const after = withRadio(before, {
        region: choice.region,
        radio: tableOf(choice, known.radios.length),
    });
    const problems = problemsOf(after, file);
    if (problems.length > 0) {
        throw new CommandError(
            `Nothing was written, because so it would not work:\n${problems.map((each) => `  - ${each}`).join("\n")}`,
        );
    }
    if (!options.json) terminal.out(`${file} would be:\n\n${after.replaceAll(/^/gm, "    ")}`);
    const isSure = options.yes === true || (await saysYes(`Write ${file}?`, terminal));
    if (isSure) writeWhole(file, after);
    if (options.json) terminal.out(JSON.stringify({ file, written: isSure, toml: after }));
    if (!isSure) throw new CommandError("Nothing was written: answer yes, or add --yes.");
    if (!options.json) terminal.out(`Written. Run it: hearth run --config ${file}`);
}

function fileOf({ config }: Options, { env }: Terminal): string {
    const home = env["HEARTH_HOME"];
    return config ?? env["HEARTH_CONFIG"] ?? (home === undefined ? "hearth.toml" : join(home, "hearth.toml"));
}

function sourceOf(text: string, file: string) {
    const source = fromToml(text, file);
    if (!source.ok) throw new CommandError(`${source.error}. Mend that first.`);
    return source.value;
}

function problemsOf(text: string, file: string): readonly string[] {
    const config = loadConfig([sourceOf(text, file)]);
    return config.ok ? radioProblems(config.value) : config.error;
}

/** Whatever no flag said is asked, if somebody sits there. */
async function choiceOf(options: Options, regionBefore: string | undefined, terminal: Terminal): Promise<Choice> {
    const region = await regionOf(options, regionBefore, terminal);
    if (options.board?.includes("/"))
        return { ...optionsOf(options), region, preset: await presetOf(options, region, undefined, terminal) };
    const port = options.port ?? (options.board === undefined ? await askPort(terminal) : undefined);
    const kind = options.kind ?? (await askKind(port, terminal));
    const preset =
        kind === "e22" || kind === "e220"
            ? options.preset
            : await presetOf(options, region, oneOfWords(kind, RADIO_KINDS, "--kind"), terminal);
    return { ...optionsOf(options), port, kind, region, preset };
}

function optionsOf({ port, kind, board, preset, id }: Options): Omit<Choice, "region"> {
    return { port, kind, board, preset, id };
}

async function regionOf(options: Options, before: string | undefined, terminal: Terminal): Promise<string | undefined> {
    if (options.region !== undefined) return oneOfWords(options.region, regionNames(), "--region");
    if (before !== undefined) return before;
    const answer = await terminal.ask(
        `Where does the antenna stand? (${regionNames().join(", ")}; empty: it only listens) `,
    );
    return answer ? oneOfWords(answer.trim(), regionNames(), "the region") : undefined;
}

async function askPort(terminal: Terminal): Promise<string> {
    const devices = serialDevices();
    for (const [index, device] of devices.entries()) {
        terminal.err(`  ${index + 1}  ${lastingName(device)}  ${usbMeaning(device.usb).title}`);
    }
    const answer = (
        await terminal.ask("Which device is the radio? (a number from above, a path, or tcp://HOST:PORT) ")
    )?.trim();
    const device = answer !== undefined && /^\d{1,2}$/.test(answer) ? devices[Number(answer) - 1] : undefined;
    const port = device ? lastingName(device) : answer;
    if (!port) throw new CommandError("Name the device: --port PORT, or --board COMPUTER/HAT.");
    return port;
}

async function askKind(port: string | undefined, terminal: Terminal): Promise<string> {
    if (
        port !== undefined &&
        (await saysYes(`May ${port} be asked what it is? (not an EBYTE module, it would transmit)`, terminal))
    ) {
        const answer = (await probeOf(port, undefined, false, terminal)).find((finding) => finding.answer)?.answer;
        if (answer) {
            terminal.err(`It is a ${answer.kind}, ${answer.text}.`);
            return answer.kind;
        }
        terminal.err("It did not answer as anything that Hearth knows.");
    }
    const answer = (await terminal.ask(`What kind is it? (${RADIO_KINDS.join(", ")}) `))?.trim();
    if (!answer) throw new CommandError(`Say what it is: --kind ${RADIO_KINDS.join("|")}.`);
    return oneOfWords(answer, RADIO_KINDS, "the kind");
}

async function presetOf(
    options: Options,
    region: string | undefined,
    kind: RadioKindName | undefined,
    terminal: Terminal,
): Promise<string | undefined> {
    if (options.preset !== undefined || region === undefined) return options.preset;
    const names = Object.keys(presetFiles).filter((name) => presetObjection(name, region, kind) === undefined);
    const answer = (await terminal.ask(`Which channel? (${names.join(", ")}; empty: as valley) `))?.trim();
    return answer ? oneOfWords(answer, names, "the preset") : undefined;
}

function tableOf(
    { port, kind, board, preset, id }: Choice,
    radiosBefore: number,
): readonly (readonly [string, string])[] {
    const number = radiosBefore === 0 ? undefined : `lora${radiosBefore + 1}`;
    const pairs = { id: id ?? number, kind, port, board, preset };
    return Object.entries(pairs).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
}

async function saysYes(question: string, terminal: Terminal): Promise<boolean> {
    return /^y(?:es)?$/i.test((await terminal.ask(`${question} [y/N] `))?.trim() ?? "");
}

/** Whoever reads the file meanwhile sees the old one or the new one. */
function writeWhole(file: string, text: string): void {
    const mode = existsSync(file) ? statSync(file).mode & 0o777 : EMPTY_FILE_MODE;
    const fresh = `${file}.new`;
    writeFileSync(fresh, text, { mode });
    renameSync(fresh, file);
}
