import {
    type Dashboard,
    discoveryMessages,
    type GatewayStatus,
    offlineMessage,
    onlineMessage,
    removal,
    stateTopic,
} from "./dashboard.ts";
import type { Shown } from "./mqtt-carrier.ts";

/** Retained topics of a gateway on one broker, in the notes of its last life. */
const TOPICS_MAX = 100;

export interface ShownOptions {
    readonly dashboard: Dashboard;
    readonly state: boolean;
    readonly homeAssistant: boolean;
    readonly radios: readonly string[];
    readonly status: () => GatewayStatus;
    /** Remembers what lies retained at the broker, so that it can be removed when it is switched off. */
    readonly memory: { load(): Uint8Array | undefined; save(bytes: Uint8Array): void };
}

export function makeShown({ dashboard, state, homeAssistant, radios, status, memory }: ShownOptions): Shown {
    const { name } = dashboard;
    const descriptions = homeAssistant ? discoveryMessages(dashboard, radios) : [];
    const topics = [...(state ? [stateTopic(name)] : []), ...descriptions.map(({ topic }) => topic)];
    return {
        online: state ? () => onlineMessage(name, status()) : undefined,
        offline: state ? offlineMessage(name) : undefined,
        onConnect: () => [
            ...noted(memory.load())
                .filter((topic) => !topics.includes(topic))
                .map(removal),
            ...descriptions,
        ],
        onTold() {
            const before = noted(memory.load());
            if (JSON.stringify(before) !== JSON.stringify(topics))
                memory.save(new TextEncoder().encode(JSON.stringify(topics)));
        },
    };
}

function noted(bytes: Uint8Array | undefined): readonly string[] {
    try {
        const read: unknown = JSON.parse(new TextDecoder().decode(bytes));
        return Array.isArray(read) ? read.filter((each) => typeof each === "string").slice(0, TOPICS_MAX) : [];
    } catch {
        return [];
    }
}
