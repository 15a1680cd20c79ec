/** A setting of Ember's node: its place in the TOML file, and how the command line and the environment call it. */
export interface EmberName {
    /** Dotted. */
    readonly key: string;
    readonly kind: "text" | "integer" | "boolean" | "list";
    /** The long option of `serve`; its variable is EMBER_NODE_ and this in capitals. */
    readonly flag?: string;
    readonly short?: string;
    /** Where the variable is called otherwise, without EMBER_NODE_. */
    readonly variable?: string;
    /** An option without a value; what it stands for. */
    readonly means?: boolean;
}

/** Everything that SPEC section 21 lists for the node, but for the tables of peers and brokers. */
export const EMBER_NAMES: readonly EmberName[] = [
    { key: "log_level", kind: "text", flag: "log-level", short: "l" },
    { key: "storage_path", kind: "text", flag: "storage-path" },
    { key: "bind_addr", kind: "text", flag: "bind-addr", short: "b" },
    { key: "port", kind: "integer", flag: "port", short: "p" },
    { key: "max_messages", kind: "integer", flag: "max-messages", short: "m" },
    { key: "default_ttl", kind: "integer", flag: "default-ttl", short: "t" },
    { key: "node_id", kind: "text", flag: "node-id", variable: "ID" },
    { key: "peers_list", kind: "list", flag: "peers", short: "P" },
    { key: "max_body_size", kind: "integer", flag: "max-body-size" },
    { key: "max_batch_size", kind: "integer", flag: "max-batch-size" },
    { key: "auth_username", kind: "text", flag: "auth-username" },
    { key: "auth_password", kind: "text", flag: "auth-password" },
    { key: "identity_path", kind: "text", flag: "identity-path" },
    { key: "public_host", kind: "text", flag: "public-host" },
    { key: "additional_hosts", kind: "list", flag: "additional-hosts" },
    { key: "allow_insecure_destination", kind: "boolean", flag: "allow-insecure-destination", means: true },
    { key: "cleanup.enabled", kind: "boolean", flag: "cleanup-disabled", means: false },
    { key: "cleanup.interval_secs", kind: "integer", flag: "cleanup-interval" },
    { key: "cleanup.tombstone_delay_secs", kind: "integer", flag: "cleanup-tombstone-delay" },
    { key: "cleanup.orphan_delay_secs", kind: "integer", flag: "cleanup-orphan-delay" },
    { key: "cleanup.rate_limit_delay_secs", kind: "integer" },
    ...["submit_ip", "submit_key", "fetch_ip", "fetch_key"].flatMap((what) =>
        ["rps", "burst"].map(
            (figure): EmberName => ({
                key: `rate_limit.${what}_${figure}`,
                kind: "integer",
                flag: `rate-limit-${what.replace("_", "-")}-${figure}`,
            }),
        ),
    ),
    { key: "tls.enabled", kind: "boolean", flag: "tls-enabled" },
    { key: "tls.cert_path", kind: "text", flag: "tls-cert" },
    { key: "tls.key_path", kind: "text", flag: "tls-key" },
    { key: "mqtt.topic_prefix", kind: "text", flag: "mqtt-topic-prefix" },
    { key: "mqtt_broker", kind: "text", flag: "mqtt-broker" },
    { key: "mqtt_client_id", kind: "text", flag: "mqtt-client-id" },
    { key: "lan_discovery.enabled", kind: "boolean", flag: "lan-advertisement" },
];

/** Keys that stand on the command line only. */
const NOT_IN_FILE = new Set(["port", "peers_list", "mqtt_broker", "mqtt_client_id"]);

export const EMBER_FILE_KEYS: ReadonlySet<string> = new Set(
    EMBER_NAMES.map(({ key }) => key).filter((key) => !NOT_IN_FILE.has(key)),
);

const PREFIX = "EMBER_NODE_";

export function emberVariableOf({ flag, variable }: EmberName): string | undefined {
    if (flag === undefined) return undefined;
    return PREFIX + (variable ?? flag.toUpperCase().replaceAll("-", "_"));
}

/** What was said, by key, as text or as the file's own values. */
export type EmberValues = ReadonlyMap<string, unknown>;

/** The variables of Ember's node; those that it does not know are named. EMBER_NODE_CONFIG is the caller's. */
export function fromEmberEnvironment(env: Readonly<Record<string, string | undefined>>): {
    readonly values: EmberValues;
    readonly problems: readonly string[];
} {
    const values = new Map<string, unknown>();
    const problems: string[] = [];
    for (const [name, value] of Object.entries(env)) {
        if (!name.startsWith(PREFIX) || value === undefined || name === `${PREFIX}CONFIG`) continue;
        const known = EMBER_NAMES.find((each) => emberVariableOf(each) === name);
        if (!known) problems.push(`${name} is no variable of Ember's node`);
        else if (known.means === undefined) values.set(known.key, meant(known, value));
        else if (/^(?:1|true|yes|on)$/i.test(value)) values.set(known.key, known.means);
    }
    return { values, problems };
}

/** Options as commander hands them over. */
export function fromEmberOptions(options: Readonly<Record<string, unknown>>): EmberValues {
    const values = new Map<string, unknown>();
    for (const name of EMBER_NAMES) {
        const said = name.flag === undefined ? undefined : options[camel(name.flag)];
        if (said === undefined) continue;
        if (name.means === undefined) values.set(name.key, meant(name, String(said)));
        else values.set(name.key, name.means);
    }
    return values;
}

function camel(flag: string): string {
    return flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** What means nothing stays text, and is refused by whoever checks it. */
function meant({ kind }: EmberName, text: string): unknown {
    if (kind === "integer" && /^\d{1,15}$/.test(text)) return Number(text);
    if (kind === "boolean" && /^(?:true|false)$/.test(text)) return text === "true";
    if (kind === "list") return text.split(",").map((word) => word.trim());
    return text;
}
