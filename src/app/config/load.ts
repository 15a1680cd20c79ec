import * as v from "valibot";
import { err, ok, type Result } from "../../base/result.ts";
import { networkKeySlot } from "../network-keys.ts";
import { type Config, configOf, Values } from "./config.ts";
import { RADIO_SETTINGS, RADIOS_MAX, SETTINGS, type Setting } from "./settings.ts";
import type { Given, Source } from "./sources.ts";

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

/** The checked configuration, or every problem at once. Earlier sources win over later ones. */
export function loadConfig(sources: readonly Source[]): Result<Config, readonly string[]> {
    const problems = sources.flatMap((source) => source.problems);
    const main = valuesOf(
        SETTINGS,
        sources.map(({ given }) => given),
        problems,
    );
    // Radios are a list: the first source that names any decides how many there are, the others only fill in.
    const count = Math.max(0, ...sources.map(({ radios }) => radios.length));
    if (count > RADIOS_MAX) problems.push(`${count} radios are more than the ${RADIOS_MAX} that one gateway drives`);
    const radios = Array.from({ length: Math.min(count, RADIOS_MAX) }, (_, index) => {
        const name = count > 1 ? `radio ${index + 1}: ` : "radio: ";
        return radioValues(
            sources.map((source) => source.radios[index] ?? []),
            index,
            name,
            problems,
        );
    });
    if (problems.length > 0) return err(problems);
    const config = configOf(main, radios);
    problems.push(...contradictions(config, main));
    return problems.length > 0 ? err(problems) : ok(config);
}

/** A radio without any setting, as an unconfigured device gets it. */
export function radioFallbacks(): Values {
    return valuesOf(RADIO_SETTINGS, [], []);
}

function radioValues(given: readonly (readonly Given[])[], index: number, name: string, problems: string[]): Values {
    const named = given.flat().some(({ path }) => path === "id");
    const automatic: Given = { path: "id", value: `lora${index === 0 ? "" : index + 1}`, where: name, words: false };
    const values = valuesOf(RADIO_SETTINGS, named ? given : [...given, [automatic]], problems);
    problems.push(...keyProblems(values).map((problem) => name + problem));
    if (values.textIfSet("port") === undefined) problems.push(`${name}port is missing: name the serial device`);
    return values;
}

/** Says nothing of a key but that it is wrong. */
function keyProblems(values: Values): readonly string[] {
    const paths = ["network_key", "network_key_next", "network_key_previous"];
    const given = paths.flatMap((path) => values.textIfSet(path) ?? []);
    if (given.length > 0 && values.textIfSet("network_key") === undefined)
        return ["network_key is missing: the keys beside it do nothing alone"];
    const slots = new Set(given.map(networkKeySlot));
    return slots.size < given.length
        ? [
              "two of the network keys have the same slot: make the new one with hearth network-key new, which avoids that",
          ]
        : [];
}

function valuesOf(settings: readonly Setting[], given: readonly (readonly Given[])[], problems: string[]): Values {
    const values = new Map<string, unknown>();
    for (const setting of settings) {
        const said = given.flat().find(({ path }) => path === setting.path);
        if (!said) {
            if (setting.fallback !== undefined) values.set(setting.path, setting.fallback);
            continue;
        }
        const value = checked(setting, said);
        if (value.ok) values.set(setting.path, value.value);
        else problems.push(value.error);
    }
    return new Values(values);
}

function checked(setting: Setting, said: Given): Result<unknown, string> {
    const value = said.words ? meant(setting, String(said.value)) : said.value;
    const result = v.safeParse(setting.check, value);
    if (result.success) return ok(result.output);
    const wanted = result.issues[0]?.message ?? "something else";
    const shown = setting.kind === "secret" ? "" : `, not ${show(said.value)}`;
    return err(`${said.where} must be ${wanted.startsWith("Invalid") ? `a ${setting.kind}` : wanted}${shown}`);
}

/** Words of a command line or an environment as the value they mean; what means nothing is left for the check to refuse. */
function meant(setting: Setting, words: string): unknown {
    if (setting.kind === "integer") return /^-?\d{1,15}$/.test(words) ? Number(words) : words;
    if (setting.kind === "boolean") {
        if (/^(?:true|yes|on|1)$/i.test(words)) return true;
        return /^(?:false|no|off|0)$/i.test(words) ? false : words;
    }
    return words;
}

function show(value: unknown): string {
    const text = typeof value === "bigint" ? String(value) : (JSON.stringify(value) ?? String(value));
    return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function contradictions(config: Config, values: Values): readonly string[] {
    const problems: string[] = [];
    const { http, radios } = config;
    const half =
        (values.textIfSet("http.username") === undefined) !== (values.textIfSet("http.password") === undefined);
    if (half) problems.push("http.username and http.password belong together: set both or none");
    if (!half && !LOOPBACK.test(http.listen.host) && !http.credentials && !http.allowAnonymous) {
        problems.push(
            `http.listen ${http.listen.host} is reachable from outside: set http.username and http.password, or http.allow_anonymous = true`,
        );
    }
    const ids = radios.map(({ id }) => id);
    for (const id of new Set(ids.filter((each, index) => ids.indexOf(each) !== index))) {
        problems.push(`two radios are called ${id}: give each its own id`);
    }
    if (ids.includes("http")) problems.push("a radio cannot be called http: that is the mailbox");
    const ports = radios.map(({ port }) => port);
    for (const port of new Set(ports.filter((each, index) => ports.indexOf(each) !== index))) {
        problems.push(`two radios use ${port}`);
    }
    return problems;
}
