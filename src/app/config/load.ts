import * as v from "valibot";
import { err, ok, type Result } from "../../base/result.ts";
import { networkKeySlot } from "../network-keys.ts";
import { parsePortName } from "../serial/port-name.ts";
import { type Config, configOf, listenOf, Values } from "./config.ts";
import { MESH_SETTINGS, MESHES_MAX, meshOf } from "./mesh-settings.ts";
import { boardGiven, presetGiven } from "./profile-values.ts";
import type { Setting } from "./setting.ts";
import { RADIO_SETTINGS, RADIOS_MAX, SETTINGS } from "./settings.ts";
import type { Given, Source } from "./sources.ts";

/** Names that no radio and no mesh can have. */
const OTHER_CARRIERS = ["http", "lan", "stick", "bundle"];

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
            { name, region: main.textIfSet("region") },
            problems,
        );
    });
    const meshes = meshValues(
        sources.map((source) => source.meshes ?? []),
        problems,
    );
    const said = new Set(sources.flatMap(({ given }) => given.map(({ path }) => path)));
    problems.push(...contradictions(main, radios, said), ...meshContradictions(meshes, radios));
    if (problems.length > 0) return err(problems);
    return ok({ ...configOf(main, radios), meshes: meshes.filter((mesh) => mesh.flag("enabled")).map(meshOf) });
}

/** The first source that names any mesh decides how many there are, as with radios. */
function meshValues(given: readonly (readonly (readonly Given[])[])[], problems: string[]): readonly Values[] {
    const count = Math.max(0, ...given.map((lists) => lists.length));
    if (count > MESHES_MAX) problems.push(`${count} meshes are more than the ${MESHES_MAX} that one gateway uses`);
    return Array.from({ length: Math.min(count, MESHES_MAX) }, (_, index) => {
        const name = count > 1 ? `meshtastic ${index + 1}: ` : "meshtastic: ";
        const automatic = { path: "id", value: `mesh${index === 0 ? "" : index + 1}`, where: name, words: false };
        const values = valuesOf(MESH_SETTINGS, [...given.map((lists) => lists[index] ?? []), [automatic]], problems);
        const port = values.textIfSet("port");
        if (port === undefined) problems.push(`${name}port is missing: name the node`);
        const parsed = port === undefined ? undefined : parsePortName(port);
        if (parsed && !parsed.ok) problems.push(name + parsed.error);
        return values;
    });
}

function meshContradictions(meshes: readonly Values[], radios: readonly Values[]): readonly string[] {
    const all = (path: string) => [...meshes, ...radios].flatMap((each) => each.textIfSet(path) ?? []);
    const taken = meshes.flatMap((mesh) => OTHER_CARRIERS.filter((name) => name === mesh.textIfSet("id")));
    return [
        ...[...twice(all("id"))]
            .filter((id) => meshes.some((mesh) => mesh.textIfSet("id") === id))
            .map((id) => `two carriers are called ${id}: give the mesh its own id`),
        ...[...twice(all("port"))]
            .filter((port) => meshes.some((mesh) => mesh.textIfSet("port") === port))
            .map((port) => `a mesh and another carrier use ${port}`),
        ...taken.map((id) => `a mesh cannot be called ${id}: that is another carrier`),
    ];
}

/** A radio without any setting, as an unconfigured device gets it. */
export function radioFallbacks(): Values {
    return valuesOf(RADIO_SETTINGS, [], []);
}

function radioValues(
    given: readonly (readonly Given[])[],
    index: number,
    { name, region }: { readonly name: string; readonly region: string | undefined },
    problems: string[],
): Values {
    const named = given.flat().some(({ path }) => path === "id");
    const automatic: Given = { path: "id", value: `lora${index === 0 ? "" : index + 1}`, where: name, words: false };
    const all = [...given, ...profileGiven(given.flat(), { name, region }, problems)];
    const values = valuesOf(RADIO_SETTINGS, named ? all : [...all, [automatic]], problems);
    problems.push(...keyProblems(values).map((problem) => name + problem));
    if (values.textIfSet("port") === undefined) problems.push(`${name}port is missing: name the serial device`);
    return values;
}

/** Whatever somebody said about the radio itself wins over its preset and its board. */
function profileGiven(
    said: readonly Given[],
    { name, region }: { readonly name: string; readonly region: string | undefined },
    problems: string[],
): readonly (readonly Given[])[] {
    const textOf = (path: string): string | undefined => {
        const value = said.find((each) => each.path === path)?.value;
        return typeof value === "string" && value !== "" ? value : undefined;
    };
    const [preset, board] = [textOf("preset"), textOf("board")];
    const results = [
        ...(preset === undefined ? [] : [presetGiven(preset, region)]),
        ...(board === undefined ? [] : [boardGiven(board)]),
    ];
    return results.flatMap((result) => {
        if (result.ok) return [result.value];
        problems.push(`${name}${result.error}`);
        return [];
    });
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
    if (setting.kind === "number") return /^-?\d{1,15}(?:\.\d{1,6})?$/.test(words) ? Number(words) : words;
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

/** What does not go together. A value that is wrong by itself was named already, and counts as absent here. */
function contradictions(values: Values, radios: readonly Values[], said: ReadonlySet<string>): readonly string[] {
    const problems: string[] = [];
    const half = said.has("http.username") !== said.has("http.password");
    if (half) problems.push("http.username and http.password belong together: set both or none");
    const listen = values.textIfSet("http.listen");
    const host = listen === undefined ? "localhost" : listenOf(listen).host;
    const isOpen = !said.has("http.username") && !said.has("http.password") && !values.flag("http.allow_anonymous");
    if (!LOOPBACK.test(host) && isOpen) {
        problems.push(
            `http.listen ${host} is reachable from outside: set http.username and http.password, or http.allow_anonymous = true`,
        );
    }
    const all = (path: string): readonly string[] => radios.flatMap((radio) => radio.textIfSet(path) ?? []);
    const ids = all("id");
    for (const id of twice(ids)) problems.push(`two radios are called ${id}: give each its own id`);
    if (ids.includes("http")) problems.push("a radio cannot be called http: that is the mailbox");
    for (const id of ["lan", "stick", "bundle"].filter((taken) => ids.includes(taken))) {
        problems.push(`a radio cannot be called ${id}: that is another carrier`);
    }
    for (const port of twice(all("port"))) problems.push(`two radios use ${port}`);
    return problems;
}

function twice(words: readonly string[]): ReadonlySet<string> {
    return new Set(words.filter((word, index) => words.indexOf(word) !== index));
}
