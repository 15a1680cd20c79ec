import type { Publish } from "./connection.ts";

/** What dashboards are told of a gateway. */
export interface GatewayStatus {
    /** Messages in the depot: neither acknowledged nor expired. */
    readonly queue: number;
    /** Time on the air in the last hour, all radios together, in milliseconds. */
    readonly airtimeMs: number;
    /** Gateways that the radios hear. */
    readonly neighbours: number;
    /** "up", "down", "starting" or "disabled", by the radio's name. */
    readonly radios: Readonly<Record<string, string>>;
}

export interface Dashboard {
    /** The gateway's name for people. */
    readonly name: string;
    /** Letters and digits that no other gateway has. */
    readonly unique: string;
    readonly version: string;
}

const TOPIC_NAME_MAX = 40;

/** `hearth/<name>/state`, with dashes for what a topic cannot hold. */
export function stateTopic(name: string): string {
    return `hearth/${name.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, TOPIC_NAME_MAX)}/state`;
}

export function onlineMessage(name: string, { queue, airtimeMs, neighbours, radios }: GatewayStatus): Publish {
    const state = { state: "online", queue, airtime_ms_hour: Math.round(airtimeMs), neighbours, radios };
    return { topic: stateTopic(name), text: JSON.stringify(state), retain: true };
}

export function offlineMessage(name: string): Publish {
    return { topic: stateTopic(name), text: JSON.stringify({ state: "offline" }), retain: true };
}

/** A retained message is removed by an empty one. MQTT 3.1.1 section 3.3.1.3. */
export function removal(topic: string): Publish {
    return { topic, text: "", retain: true };
}

/** Descriptions of the state for Home Assistant: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery. */
export function discoveryMessages(dashboard: Dashboard, radios: readonly string[]): readonly Publish[] {
    const counts = { state_class: "measurement" };
    return [
        sensor(dashboard, "queue", "Messages waiting", "queue", { ...counts, icon: "mdi:email-outline" }),
        sensor(dashboard, "airtime", "Airtime in the last hour", "airtime_ms_hour", {
            ...counts,
            unit_of_measurement: "ms",
            device_class: "duration",
        }),
        sensor(dashboard, "neighbours", "Neighbours", "neighbours", { ...counts, icon: "mdi:radio-tower" }),
        ...radios.map((radio) =>
            sensor(dashboard, `radio_${radio}`, `Radio ${radio}`, `radios['${radio}']`, { icon: "mdi:antenna" }),
        ),
    ];
}

function sensor(
    { name, unique, version }: Dashboard,
    object: string,
    label: string,
    field: string,
    more: Readonly<Record<string, string>>,
): Publish {
    const topic = stateTopic(name);
    const path = field.startsWith("radios[") ? `value_json.${field}` : `value_json['${field}']`;
    const config = {
        name: label,
        unique_id: `hearth_${unique}_${object}`,
        state_topic: topic,
        // The last state of a gateway that is gone holds no numbers.
        value_template: `{{ ${path} if value_json.state == 'online' else None }}`,
        availability_topic: topic,
        availability_template: "{{ value_json.state }}",
        payload_available: "online",
        payload_not_available: "offline",
        ...more,
        device: {
            identifiers: [`hearth_${unique}`],
            name: `Hearth ${name}`,
            manufacturer: "Hearth",
            sw_version: version,
        },
    };
    return {
        topic: `homeassistant/sensor/hearth_${unique}/${object}/config`,
        text: JSON.stringify(config),
        retain: true,
    };
}
