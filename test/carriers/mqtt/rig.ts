import mqtt from "mqtt";
import { systemClock } from "../../../src/app/clock.ts";
import { systemEntropy } from "../../../src/app/entropy.ts";
import { Secret } from "../../../src/base/secret.ts";
import type { Arrival, Carrier, CarrierState, Parcel } from "../../../src/carriers/carrier.ts";
import { parseBrokerUrl } from "../../../src/carriers/mqtt/broker-url.ts";
import { type MqttCarrierOptions, makeMqttCarrier, type Shown } from "../../../src/carriers/mqtt/mqtt-carrier.ts";
import { PREFIX_DEFAULT } from "../../../src/carriers/mqtt/topics.ts";
import type { TestMessage } from "../../support/envelopes.ts";

/** Longest wait for a real broker on a busy machine. */
export const WAIT_MS = 20_000;

const NOTHING_SHOWN: Shown = { online: undefined, offline: undefined, onConnect: () => [], onTold: () => undefined };

export interface Rig {
    readonly carrier: Carrier;
    readonly states: CarrierState[];
    readonly arrived: Uint8Array[];
    readonly notices: string[];
    /** Instead of "stored". */
    answer: (payload: Uint8Array) => Promise<Arrival>;
}

const rigs: Carrier[] = [];

export async function openRig(url: string, options: Partial<MqttCarrierOptions> = {}): Promise<Rig> {
    const parsed = parseBrokerUrl(url);
    if (!parsed.ok) throw new Error(parsed.error);
    const rig: Rig = {
        states: [],
        arrived: [],
        notices: [],
        answer: async () => ({ kind: "stored" }),
        carrier: makeMqttCarrier({
            id: "mqtt",
            ...parsed.value,
            tls: { ca: undefined, pin: undefined },
            clientId: "hearth0123456789abcdef",
            prefix: PREFIX_DEFAULT,
            subscribed: "all",
            shown: NOTHING_SHOWN,
            clock: systemClock,
            entropy: systemEntropy,
            onNotice: (text) => rig.notices.push(text),
            ...options,
        }),
    };
    rigs.push(rig.carrier);
    await rig.carrier.start({
        onPayload: (payload) => {
            rig.arrived.push(payload);
            return rig.answer(payload);
        },
        onState: (state) => rig.states.push(state),
    });
    return rig;
}

export async function closeRigs(): Promise<void> {
    await Promise.all(rigs.splice(0).map((carrier) => carrier.stop()));
}

export async function until(done: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const end = Date.now() + WAIT_MS;
    while (!(await done())) {
        if (Date.now() > end) throw new Error(`not within ${WAIT_MS} ms: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

export const isUp = ({ states }: Rig): boolean => states.at(-1)?.kind === "up";

export function parcelOf(message: TestMessage, kind: Parcel["kind"] = "message"): Parcel {
    const messageId = Buffer.from(message.messageId).toString("hex");
    return { kind, messageId, payload: kind === "message" ? message.payload : message.tombstone, attempts: 0 };
}

export const never = new AbortController().signal;

export function login(username: string, password: string): MqttCarrierOptions["login"] {
    return { username, password: new Secret(password) };
}

/** Somebody else at the broker, by the library's own ways. */
export async function openOther(url: string, options: mqtt.IClientOptions = {}) {
    const seen: { topic: string; text: string; retain: boolean; qos: number }[] = [];
    const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...options });
    client.on("message", (topic, payload, { retain, qos }) =>
        seen.push({ topic, text: payload.toString("latin1"), retain, qos }),
    );
    return { client, seen };
}

export function messageTopicOf(message: TestMessage): string {
    return `${PREFIX_DEFAULT}/messages/${Buffer.from(message.routingKey).toString("hex")}`;
}

export function base64(payload: Uint8Array): string {
    return Buffer.from(payload).toString("base64");
}
