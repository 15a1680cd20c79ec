import { parse, TomlError } from "smol-toml";
import { err, ok, type Result } from "../../base/result.ts";
import { BROKER_SETTINGS, BROKERS_MAX } from "./broker-settings.ts";
import { MESH_SETTINGS, MESHES_MAX } from "./mesh-settings.ts";
import { PEER_SETTINGS, PEERS_MAX } from "./peer-settings.ts";
import type { Setting } from "./setting.ts";
import { RADIO_SETTINGS, RADIOS_MAX, SETTINGS, variableOf } from "./settings.ts";

/** One thing somebody said about a setting, and where. */
export interface Given {
    readonly path: string;
    readonly value: unknown;
    /** For people: "http.listen in hearth.toml", "HEARTH_HTTP_LISTEN", "--http". */
    readonly where: string;
    /** True for words of a command line or an environment, which have still to become numbers and flags. */
    readonly words: boolean;
}

/** What one source says: about the gateway, and about each radio, broker and peer in turn. */
export interface Source {
    readonly given: readonly Given[];
    readonly radios: readonly (readonly Given[])[];
    readonly brokers?: readonly (readonly Given[])[];
    readonly peers?: readonly (readonly Given[])[];
    readonly meshes?: readonly (readonly Given[])[];
    readonly problems: readonly string[];
}

export const EMPTY_SOURCE: Source = { given: [], radios: [], problems: [] };

/** Largest configuration file, in bytes. */
export const CONFIG_BYTES_MAX = 1024 * 1024;

/** Variables of the scripts around Hearth, not of its configuration. */
const OTHER_VARIABLES = new Set(["HEARTH_CONFIG", "HEARTH_HOME"]);

export function fromToml(text: string, file: string): Result<Source, string> {
    let tree: Record<string, unknown>;
    try {
        tree = parse(text);
    } catch (cause) {
        const at = cause instanceof TomlError ? ` at line ${cause.line}, column ${cause.column}` : "";
        const why = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "";
        return err(`${file} is no valid TOML${at}: ${why}`);
    }
    const { radio, mqtt, peer, meshtastic, ...rest } = tree;
    const main = flatten(rest, SETTINGS, "", file);
    const radios = tables("radio", radio, RADIO_SETTINGS, file);
    const brokers = tables("mqtt", mqtt, BROKER_SETTINGS, file);
    const peers = tables("peer", peer, PEER_SETTINGS, file);
    const meshes = tables("meshtastic", meshtastic, MESH_SETTINGS, file);
    const all = [main, radios, brokers, peers, meshes];
    return ok({
        given: main.given,
        radios: radios.given,
        brokers: brokers.given,
        peers: peers.given,
        meshes: meshes.given,
        problems: all.flatMap(({ problems }) => problems),
    });
}

/** The tables of one list, e.g. every [[radio]]. */
function tables(
    name: string,
    list: unknown = [],
    settings: readonly Setting[],
    file: string,
): { readonly given: readonly (readonly Given[])[]; readonly problems: readonly string[] } {
    if (!Array.isArray(list)) return { given: [], problems: [`${name} in ${file} must be written [[${name}]]`] };
    const each = list.map((table, index) => flatten(table, settings, `${name} ${index + 1}: `, file));
    return { given: each.map(({ given }) => given), problems: each.flatMap(({ problems }) => problems) };
}

function flatten(tree: unknown, settings: readonly Setting[], prefix: string, file: string): Source {
    const given: Given[] = [];
    const problems: string[] = [];
    const known = new Set(settings.map(({ path }) => path));
    const visit = (value: unknown, path: string): void => {
        if (known.has(path)) given.push({ path, value, where: `${prefix}${path} in ${file}`, words: false });
        else if (isTable(value) && (path === "" || settings.some((each) => each.path.startsWith(`${path}.`)))) {
            for (const [key, inner] of Object.entries(value)) visit(inner, path === "" ? key : `${path}.${key}`);
        } else problems.push(unknownKey(prefix, path, settings, file));
    };
    visit(tree, "");
    return { given, radios: [], problems };
}

function isTable(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function unknownKey(prefix: string, path: string, settings: readonly Setting[], file: string): string {
    const near = nearest(
        path,
        settings.map((each) => each.path),
    );
    return `${prefix}${path || "the table"} in ${file} is no setting of Hearth${near ? `; did you mean ${near}?` : ""}`;
}

/** Variables that begin with HEARTH_ and are none of ours are problems too: they are most likely misspelt. */
export function fromEnvironment(env: Readonly<Record<string, string | undefined>>): Source {
    const given: Given[] = [];
    const lists: Record<ListName, Map<number, Given[]>> = {
        radio: new Map(),
        mqtt: new Map(),
        peer: new Map(),
        meshtastic: new Map(),
    };
    const problems: string[] = [];
    for (const [name, value] of Object.entries(env)) {
        if (!name.startsWith("HEARTH_") || value === undefined || OTHER_VARIABLES.has(name)) continue;
        const meaning = meaningOf(name);
        if (typeof meaning === "string") {
            problems.push(meaning);
            continue;
        }
        const said: Given = { path: meaning.path, value, where: name, words: true };
        if (meaning.list === undefined) given.push(said);
        else {
            const list = lists[meaning.list];
            list.set(meaning.number, [...(list.get(meaning.number) ?? []), said]);
        }
    }
    const { radio, mqtt, peer, meshtastic } = lists;
    const [radios, brokers] = [inOrder(radio), inOrder(mqtt)];
    const [peers, meshes] = [inOrder(peer), inOrder(meshtastic)];
    return { given, radios, brokers, peers, meshes, problems };
}

function inOrder(list: ReadonlyMap<number, readonly Given[]>): readonly (readonly Given[])[] {
    return Array.from({ length: Math.max(0, ...list.keys()) }, (_, index) => list.get(index + 1) ?? []);
}

type ListName = "radio" | "mqtt" | "peer" | "meshtastic";

/** Settings that there can be several times, by the word in their variables. */
const LISTS = [
    { word: "RADIO", list: "radio", what: "a radio", settings: RADIO_SETTINGS, max: RADIOS_MAX },
    { word: "MQTT", list: "mqtt", what: "a broker", settings: BROKER_SETTINGS, max: BROKERS_MAX },
    { word: "PEER", list: "peer", what: "a peer", settings: PEER_SETTINGS, max: PEERS_MAX },
    { word: "MESHTASTIC", list: "meshtastic", what: "a mesh", settings: MESH_SETTINGS, max: MESHES_MAX },
] as const;

type Meaning =
    | { readonly path: string; readonly list?: undefined }
    | { readonly path: string; readonly list: ListName; readonly number: number };

/** The setting that a variable names, or the problem with it. */
function meaningOf(name: string): Meaning | string {
    const setting = SETTINGS.find(({ path }) => variableOf(path) === name);
    if (setting) return { path: setting.path };
    const [, word, digits, key] = /^HEARTH_([A-Z]+)_(\d{1,2})_(.+)$/.exec(name) ?? [];
    const known = LISTS.find((each) => each.word === word);
    const number = Number(digits);
    if (known && key !== undefined && number >= 1 && number <= known.max) {
        const { list, what, settings } = known;
        const path = settings.find((each) => each.path.toUpperCase() === key)?.path;
        return path === undefined ? `${name} is no setting of ${what}` : { path, list, number };
    }
    const near = nearest(
        name,
        SETTINGS.map(({ path }) => variableOf(path)),
    );
    return `${name} is no setting of Hearth${near ? `; did you mean ${near}?` : ""}`;
}

/** The candidate that differs in two letters or a third of them at most. */
function nearest(word: string, candidates: readonly string[]): string | undefined {
    let best: { readonly word: string; readonly distance: number } | undefined;
    for (const candidate of candidates) {
        if (word.length > 60) return undefined;
        const distance = editDistance(word, candidate);
        if (distance <= Math.max(2, candidate.length / 3) && (!best || distance < best.distance))
            best = { word: candidate, distance };
    }
    return best?.word;
}

function editDistance(a: string, b: string): number {
    let row = Array.from({ length: b.length + 1 }, (_, index) => index);
    for (let i = 1; i <= a.length; i++) {
        const next = [i];
        for (let j = 1; j <= b.length; j++) {
            const same = a[i - 1] === b[j - 1] ? 0 : 1;
            next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
        }
        row = next;
    }
    return row[b.length] ?? 0;
}
