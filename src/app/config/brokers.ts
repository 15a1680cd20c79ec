import { Secret } from "../../base/secret.ts";
import { parseCertPin } from "../../carriers/http/cert-pin.ts";
import { parseBrokerUrl } from "../../carriers/mqtt/broker-url.ts";
import { parseSubscribed } from "../../carriers/mqtt/topics.ts";
import type { BrokerConfig, Values } from "./config.ts";

/** Of values that were checked. */
export function brokerOf(values: Values): BrokerConfig {
    const url = parseBrokerUrl(values.text("url"));
    if (!url.ok) throw new Error(`url must be ${url.error}`);
    const username = values.textIfSet("username");
    const pin = values.textIfSet("pin");
    const parsedPin = pin === undefined ? undefined : parseCertPin(pin);
    return {
        id: values.text("id"),
        place: url.value.place,
        login: username === undefined ? url.value.login : { username, password: new Secret(values.text("password")) },
        clientId: values.textIfSet("client_id"),
        prefix: values.text("topic_prefix"),
        subscribed: parseSubscribed(values.text("subscribe")) ?? "all",
        caFile: values.textIfSet("ca_file"),
        pin: parsedPin?.ok ? parsedPin.value : undefined,
        state: values.flag("state"),
        homeAssistant: values.flag("home_assistant"),
    };
}
