import { EMBER_FILE_KEYS, type EmberValues } from "./names.ts";
import { brokersOf, peersOf, type Table } from "./peers.ts";

/** Ember's node configuration in Hearth's words. */
export interface Translation {
    /** As a Hearth configuration file would say it. */
    readonly tree: Table;
    /** Where the node's own key lies, if that was said. */
    readonly identityPath: string | undefined;
    /** Where the node's database lies; undefined where it was in memory. */
    readonly storagePath: string | undefined;
    /** What the operator should know. */
    readonly notes: readonly string[];
    /** What is not supported, each by its name. */
    readonly problems: readonly string[];
}

const IN_MEMORY = ":memory:";
const DEFAULT_BIND = "0.0.0.0:23003";
const LOG_LEVELS: Readonly<Record<string, string>> = { trace: "debug" };

/** Straight from one name to the other. */
const SAME: Readonly<Record<string, string>> = {
    max_messages: "mailbox.messages_max",
    node_id: "name",
    max_body_size: "http.limits.body_bytes_max",
    max_batch_size: "http.limits.frames_max",
    auth_username: "http.username",
    auth_password: "http.password",
    ...Object.fromEntries(
        ["submit_ip", "submit_key", "fetch_ip", "fetch_key"].flatMap((what) =>
            ["rps", "burst"].map((figure) => [`rate_limit.${what}_${figure}`, `http.limits.${what}_${figure}`]),
        ),
    ),
};

/** What has no meaning in Hearth and does no harm. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
    "cleanup.interval_secs": "Hearth sweeps every minute",
    "cleanup.tombstone_delay_secs": "Hearth keeps no row that a tombstone ended",
    "cleanup.orphan_delay_secs": "Hearth has no orphans",
    "cleanup.rate_limit_delay_secs": "Hearth's buckets are bounded",
};

/** `file` is the parsed TOML; `said` what command line and environment say, which win. */
export function translate(file: Table, said: EmberValues): Translation {
    const { values, problems } = flatten(file);
    for (const [key, value] of said) values.set(key, value);
    const notes = notesOn(values);
    const pairs = [...values].flatMap(([key, value]): [string, unknown][] => {
        const same = SAME[key];
        return same === undefined ? [] : [[same, value]];
    });
    pairs.push(...listening(values), ...switches(values, problems), ...lifetime(values, problems));
    const storage = values.get("storage_path");
    const storagePath = storage === undefined || storage === IN_MEMORY ? undefined : String(storage);
    if (storagePath === undefined) notes.push("Ember's node kept its messages in memory; Hearth keeps them on disk.");
    else pairs.push(["data_dir", `${storagePath}.hearth`]);
    const tree = nested(pairs);
    const peers = peersOf(file, values, problems);
    if (peers.length > 0) tree["peer"] = peers;
    const brokers = brokersOf(file, values, problems);
    if (brokers.length > 0) tree["mqtt"] = brokers;
    const identity = values.get("identity_path");
    return { tree, identityPath: identity === undefined ? undefined : String(identity), storagePath, notes, problems };
}

function notesOn(values: EmberValues): string[] {
    const notes: string[] = [];
    for (const [key, value] of values) {
        const idle = WITHOUT_EFFECT[key];
        if (idle !== undefined) notes.push(`${key} has no effect: ${idle}.`);
        if (key.startsWith("rate_limit.") && key.endsWith("_ip_rps") && value !== 0) {
            notes.push(`${key} = ${value} now means ${value} a second; Ember let one through every ${value} seconds.`);
        }
    }
    return notes;
}

function listening(values: EmberValues): [string, unknown][] {
    const port = values.get("port");
    const listen = port === undefined ? (values.get("bind_addr") ?? DEFAULT_BIND) : `0.0.0.0:${port}`;
    const pairs: [string, unknown][] = [["http.listen", listen]];
    // Ember's node asks nobody to log in unless both are set.
    if (!values.has("auth_username") && !values.has("auth_password")) pairs.push(["http.allow_anonymous", true]);
    const hosts = [values.get("public_host"), values.get("additional_hosts")]
        .flat()
        .filter((host) => host !== undefined);
    if (hosts.length > 0) pairs.push(["http.public_hosts", hosts.join(",")]);
    const level = values.get("log_level");
    if (level !== undefined) pairs.push(["log_level", LOG_LEVELS[String(level)] ?? level]);
    return pairs;
}

function switches(values: EmberValues, problems: string[]): [string, unknown][] {
    if (values.get("cleanup.enabled") === false) {
        problems.push("cleanup.enabled = false is not supported: Hearth always removes what expired");
    }
    if (values.get("tls.enabled") === true) {
        problems.push("tls.enabled = true is not supported: let a proxy speak TLS before Hearth, see docs/mailbox.md");
    }
    const discovery = values.get("lan_discovery.enabled");
    if (discovery === undefined) return [];
    // Ember's node says on the network that it relays and stores.
    return [
        ["lan.enabled", discovery],
        ["lan.accept_relay", discovery],
    ];
}

function lifetime(values: EmberValues, problems: string[]): [string, unknown][] {
    const ttl = values.get("default_ttl");
    if (ttl === undefined) return [];
    if (typeof ttl === "number" && ttl > 0 && ttl % 3600 === 0) return [["mailbox.ttl_default_hours", ttl / 3600]];
    problems.push(`default_ttl = ${ttl} is not supported: Hearth counts whole hours, so take a multiple of 3600`);
    return [];
}

/** Keys of the file with their values; lists of peers and brokers are left to others. */
function flatten(file: Table): { readonly values: Map<string, unknown>; readonly problems: string[] } {
    const values = new Map<string, unknown>();
    const problems: string[] = [];
    const visit = (table: Table, prefix: string): void => {
        for (const [key, value] of Object.entries(table)) {
            const path = prefix + key;
            if (EMBER_FILE_KEYS.has(path)) values.set(path, value);
            else if (path === "peers" || path === "mqtt.brokers") continue;
            else if (isTable(value) && [...EMBER_FILE_KEYS].some((known) => known.startsWith(`${path}.`))) {
                visit(value, `${path}.`);
            } else problems.push(`${path} is no setting of Ember's node`);
        }
    };
    visit(file, "");
    return { values, problems };
}

function isTable(value: unknown): value is Table {
    return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function nested(pairs: readonly (readonly [string, unknown])[]): Table {
    const tree: Table = {};
    for (const [path, value] of pairs) {
        const words = path.split(".");
        const last = words.pop() ?? "";
        let table = tree;
        for (const word of words) {
            const inner = table[word];
            const next = isTable(inner) ? inner : {};
            table[word] = next;
            table = next;
        }
        table[last] = value;
    }
    return tree;
}
