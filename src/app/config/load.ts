import * as v from "valibot";
import { err, ok, type Result } from "../../base/result.ts";
import { networkKeySlot } from "../network-keys.ts";
import { parsePortName } from "../serial/port-name.ts";
import { BROKER_SETTINGS, BROKERS_MAX } from "./broker-settings.ts";
import { brokerOf } from "./brokers.ts";
import { type Config, configOf, listenOf, Values } from "./config.ts";
import { MESH_SETTINGS, MESHES_MAX, meshOf } from "./mesh-settings.ts";
import { PEER_SETTINGS, PEERS_MAX } from "./peer-settings.ts";
import { peerContradictions, peerOf } from "./peers.ts";
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
    const radios = listOf(
        sources.map((source) => source.radios),
        {
            word: "radio",
            most: RADIOS_MAX,
            settings: RADIO_SETTINGS,
            id: "lora",
            missing: ["port", "name the serial device"],
            more: (said, name) => profileGiven(said, { name, region: main.textIfSet("region") }, problems),
            check: keyProblems,
        },
        problems,
    );
    const brokers = listOf(
        sources.map((source) => source.brokers ?? []),
        { word: "mqtt", most: BROKERS_MAX, settings: BROKER_SETTINGS, id: "mqtt", missing: ["url", "name the broker"] },
        problems,
    );
    const peers = listOf(
        sources.map((source) => source.peers ?? []),
        { word: "peer", most: PEERS_MAX, settings: PEER_SETTINGS, id: "peer", missing: ["url", "name the mailbox"] },
        problems,
    );
    const meshes = listOf(
        sources.map((source) => source.meshes ?? []),
        {
            word: "meshtastic",
            most: MESHES_MAX,
            settings: MESH_SETTINGS,
            id: "mesh",
            missing: ["port", "name the node"],
            check: meshPortProblems,
        },
        problems,
    );
    const taken = [...radios, ...brokers, ...meshes].flatMap((each) => each.textIfSet("id") ?? []);
    problems.push(...peerContradictions(peers, taken));
    const said = new Set(sources.flatMap(({ given }) => given.map(({ path }) => path)));
    problems.push(...contradictions(main, radios, said), ...brokerContradictions(brokers, radios));
    problems.push(...meshContradictions(meshes, radios));
    if (problems.length > 0) return err(problems);
    return ok({
        ...configOf(main, radios),
        brokers: brokers.map(brokerOf),
        peers: peers.map(peerOf),
        meshes: meshes.filter((mesh) => mesh.flag("enabled")).map(meshOf),
    });
}

interface ListKind {
    readonly word: string;
    readonly most: number;
    readonly settings: readonly Setting[];
    /** The name that the first gets by itself. */
    readonly id: string;
    /** The setting without which there is nothing, and what to do about it. */
    readonly missing: readonly [path: string, advice: string];
    /** What follows out of what was said of one, and yields to it. */
    readonly more?: (said: readonly Given[], name: string) => readonly (readonly Given[])[];
    /** What does not go together in one. */
    readonly check?: (values: Values) => readonly string[];
}

/** The source with the most decides how many there are, the others only fill in. */
function listOf(
    given: readonly (readonly (readonly Given[])[])[],
    { word, most, settings, id, missing: [path, advice], more, check }: ListKind,
    problems: string[],
): readonly Values[] {
    const count = Math.max(0, ...given.map(({ length }) => length));
    if (count > most) problems.push(`${count} ${word}s are more than the ${most} that one gateway drives`);
    return Array.from({ length: Math.min(count, most) }, (_, index) => {
        const name = count > 1 ? `${word} ${index + 1}: ` : `${word}: `;
        const said = given.map((lists) => lists[index] ?? []);
        const mine = [...said, ...(more?.(said.flat(), name) ?? [])];
        const automatic = { path: "id", value: `${id}${index === 0 ? "" : index + 1}`, where: name, words: false };
        const isNamed = mine.flat().some((each) => each.path === "id");
        const values = valuesOf(settings, isNamed ? mine : [...mine, [automatic]], problems);
        problems.push(...(check?.(values) ?? []).map((problem) => name + problem));
        const isSaid = mine.flat().some((each) => each.path === path);
        if (!isSaid) problems.push(`${name}${path} is missing: ${advice}`);
        return values;
    });
}

function meshPortProblems(values: Values): readonly string[] {
    const port = values.textIfSet("port");
    const parsed = port === undefined ? undefined : parsePortName(port);
    return parsed && !parsed.ok ? [parsed.error] : [];
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

function brokerContradictions(brokers: readonly Values[], radios: readonly Values[]): readonly string[] {
    const ids = [...brokers, ...radios].flatMap((each) => each.textIfSet("id") ?? []);
    const problems = brokers
        .flatMap((broker) => broker.textIfSet("id") ?? [])
        .filter((id) => id === "http" || twice(ids).has(id))
        .map((id) => `${id} is taken: give the broker an id of its own`);
    for (const broker of brokers) {
        const half = (broker.textIfSet("username") === undefined) !== (broker.textIfSet("password") === undefined);
        if (half) problems.push(`mqtt ${broker.text("id")}: username and password belong together: set both or none`);
        const isPlain = broker.textIfSet("url")?.startsWith("mqtt:") === true;
        if (isPlain && (broker.textIfSet("ca_file") ?? broker.textIfSet("pin")) !== undefined)
            problems.push(`mqtt ${broker.text("id")}: ca_file and pin need an address with mqtts://`);
        if (broker.flag("home_assistant") && !broker.flag("state"))
            problems.push(`mqtt ${broker.text("id")}: home_assistant needs state = true`);
    }
    return [...new Set(problems)];
}

function twice(words: readonly string[]): ReadonlySet<string> {
    return new Set(words.filter((word, index) => words.indexOf(word) !== index));
}
