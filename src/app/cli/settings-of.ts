import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import {
    CONFIG_BYTES_MAX,
    EMPTY_SOURCE,
    fromEnvironment,
    fromToml,
    type Given,
    type Source,
} from "../config/sources.ts";
import { radioProblems } from "../radios.ts";
import { CommandError, type Terminal } from "./terminal.ts";

/** Options that several commands share, as commander hands them over. */
export interface SettingOptions {
    readonly config?: string | undefined;
    readonly dataDir?: string | undefined;
    readonly http?: string | undefined;
    readonly region?: string | undefined;
    readonly name?: string | undefined;
    readonly logLevel?: string | undefined;
    readonly radio?: readonly string[] | undefined;
    /** In place of a configuration file. */
    readonly source?: Source | undefined;
}

/** Exit code for a configuration that cannot be used, as sysexits.h has it. */
export const EXIT_CONFIG = 78;

/** The configuration from command line, environment and file; every problem at once, as one error. */
export function configFrom(options: SettingOptions, terminal: Terminal): Config {
    const { env } = terminal;
    const file = options.source ?? fromFile(options, terminal);
    const config = loadConfig([fromOptions(options), fromEnvironment(env), file, fromHome(env)]);
    const problems = config.ok ? radioProblems(config.value) : config.error;
    if (config.ok && problems.length === 0) return config.value;
    const list = problems.map((problem) => `  - ${problem}`).join("\n");
    throw new CommandError(`The configuration has ${count(problems.length)}:\n${list}`, EXIT_CONFIG);
}

function count(problems: number): string {
    return problems === 1 ? "a problem" : `${problems} problems`;
}

function fromOptions(options: SettingOptions): Source {
    const given: Given[] = [];
    const add = (path: string, option: string, value: string | undefined): void => {
        if (value !== undefined) given.push({ path, value, where: option, words: true });
    };
    add("data_dir", "--data-dir", options.dataDir);
    add("http.listen", "--http", options.http);
    add("region", "--region", options.region);
    add("name", "--name", options.name);
    add("log_level", "--log-level", options.logLevel);
    const radios = (options.radio ?? []).map(radioGiven);
    return { given, radios, problems: [] };
}

/** "PORT", or "KIND=PORT". */
function radioGiven(text: string): readonly Given[] {
    const [, kind, rest] = /^([a-z0-9-]+)=(.+)$/.exec(text) ?? [];
    const given = (path: string, value: string): Given => ({ path, value, where: "--radio", words: true });
    return kind === undefined || rest === undefined
        ? [given("port", text)]
        : [given("kind", kind), given("port", rest)];
}

/** The scripts of a clone say where it lies, so that its data does not depend on where somebody stands. */
function fromHome(env: Terminal["env"]): Source {
    const home = env["HEARTH_HOME"];
    if (home === undefined) return EMPTY_SOURCE;
    const given: Given = { path: "data_dir", value: join(home, "data"), where: "HEARTH_HOME", words: true };
    return { ...EMPTY_SOURCE, given: [given] };
}

function fileAtHome(home: string | undefined): string | undefined {
    if (home === undefined) return undefined;
    const file = join(home, "hearth.toml");
    return existsSync(file) ? file : undefined;
}

function fromFile(options: SettingOptions, terminal: Terminal): Source {
    const file = options.config ?? terminal.env["HEARTH_CONFIG"] ?? fileAtHome(terminal.env["HEARTH_HOME"]);
    if (file === undefined) return EMPTY_SOURCE;
    if (!existsSync(file)) throw new CommandError(`There is no configuration file ${file}.`, EXIT_CONFIG);
    let text: string;
    try {
        if (statSync(file).size > CONFIG_BYTES_MAX) throw new Error(`it is larger than ${CONFIG_BYTES_MAX} bytes`);
        text = readFileSync(file, "utf8");
    } catch (cause) {
        throw new CommandError(
            `The configuration file ${file} cannot be read: ${cause instanceof Error ? cause.message : cause}`,
            EXIT_CONFIG,
        );
    }
    const source = fromToml(text, file);
    if (!source.ok) throw new CommandError(source.error, EXIT_CONFIG);
    return source.value;
}
