import type { EmberValues } from "./names.ts";

/** A TOML table. */
export type Table = Record<string, unknown>;

const TIERS: Readonly<Record<string, string>> = { best_effort: "besteffort" };
/** Names of one list's entries in Hearth's words; what is missing here has no meaning. */
const OF_PEER: Readonly<Record<string, string>> = {
    url: "url",
    cert_pin: "pins",
    node_pubkey: "public_id",
    username: "username",
    password: "password",
    tier: "tier",
    priority: "priority",
};
const OF_BROKER: Readonly<Record<string, string>> = {
    url: "url",
    client_id: "client_id",
    username: "username",
    password: "password",
};

/** [[peers.http]] and --peers, which Ember adds to them, as [[peer]]. */
export function peersOf(file: Table, values: EmberValues, problems: string[]): readonly Table[] {
    const peers = tableOf(file["peers"]);
    for (const key of Object.keys(peers)) {
        if (key !== "http") problems.push(`peers.${key} is no setting of Ember's node`);
    }
    const listed = listOf(peers["http"], "peers.http", problems);
    const more = [values.get("peers_list") ?? []].flat().map((url): Table => ({ url }));
    return [...listed, ...more].map((peer, index) => {
        const said = renamed(peer, OF_PEER, "peers.http", ["label"], problems);
        const tier = said["tier"];
        if (typeof tier === "string") said["tier"] = TIERS[tier] ?? tier;
        // Ember's node sends to peers whose key it does not know, and looks at no receipt.
        return { id: idOf(peer["label"], "peer", index), ...said, receipts: said["public_id"] !== undefined };
    });
}

/** [mqtt] and its brokers as [[mqtt]]. */
export function brokersOf(file: Table, values: EmberValues, problems: string[]): readonly Table[] {
    const listed = listOf(tableOf(file["mqtt"])["brokers"], "mqtt.brokers", problems);
    const url = values.get("mqtt_broker");
    const clientId = values.get("mqtt_client_id");
    const more: Table[] =
        url === undefined ? [] : [{ url, ...(clientId === undefined ? {} : { client_id: clientId }) }];
    const prefix = values.get("mqtt.topic_prefix");
    return [...listed, ...more].map((broker, index) => ({
        id: idOf(undefined, "mqtt", index),
        ...renamed(broker, OF_BROKER, "mqtt.brokers", [], problems),
        ...(prefix === undefined ? {} : { topic_prefix: prefix }),
    }));
}

function renamed(
    table: Table,
    names: Readonly<Record<string, string>>,
    where: string,
    idle: readonly string[],
    problems: string[],
): Table {
    const said: Table = {};
    for (const [key, value] of Object.entries(table)) {
        const name = names[key];
        if (name !== undefined) said[name] = value;
        else if (!idle.includes(key)) problems.push(`${where}.${key} is no setting of Ember's node`);
    }
    return said;
}

/** A short name of small letters, digits and dashes, made from a label where there is one. */
function idOf(label: unknown, word: string, index: number): string {
    const slug = String(label ?? "")
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, "-")
        .replaceAll(/^[^a-z]+|-+$/g, "")
        .slice(0, 16);
    return `${slug === "" ? word : slug}${index === 0 ? "" : index + 1}`;
}

function listOf(value: unknown, where: string, problems: string[]): readonly Table[] {
    if (value === undefined) return [];
    if (Array.isArray(value)) return value.map(tableOf);
    problems.push(`${where} must be written [[${where}]]`);
    return [];
}

function tableOf(value: unknown): Table {
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Table) : {};
}
