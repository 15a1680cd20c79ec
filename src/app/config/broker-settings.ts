import * as v from "valibot";
import { parseCertPin } from "../../carriers/http/cert-pin.ts";
import { parseBrokerUrl } from "../../carriers/mqtt/broker-url.ts";
import { PREFIX_DEFAULT, parseSubscribed } from "../../carriers/mqtt/topics.ts";
import { flag, type Setting, setting, text } from "./setting.ts";

/** MQTT brokers of one gateway. */
export const BROKERS_MAX = 8;

/** Settings of each [[mqtt]]; their variables are HEARTH_MQTT_1_URL and so on. */
export const BROKER_SETTINGS: readonly Setting[] = [
    setting(
        "id",
        "text",
        v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,19}$/, "a short name of small letters, digits and dashes")),
        "Name of this broker in logs and in the depot; keep it when the address changes.",
        "mqtt",
    ),
    setting(
        "url",
        // It may hold a password.
        "secret",
        fits(1000, (url) => parseBrokerUrl(url).ok, "an address like mqtt://host:1883 or mqtts://host:8883"),
        "The broker: mqtt://HOST:1883 or mqtts://HOST:8883.",
    ),
    setting("username", "text", text(200), "Login; wins over one in the address."),
    setting("password", "secret", text(1000), "Its password; better set by HEARTH_MQTT_1_PASSWORD."),
    setting(
        "client_id",
        "text",
        v.pipe(v.string(), v.regex(/^[\w.:-]{1,64}$/, "1 to 64 letters, digits, dots, colons and dashes")),
        "Name of the session at the broker; made from the gateway's identity.",
    ),
    setting(
        "topic_prefix",
        "text",
        v.pipe(
            v.string(),
            v.regex(/^[^\p{Cc}+#/$][^\p{Cc}+#]{0,199}$/u, "a topic of 1 to 200 characters without + or #"),
        ),
        "What the topics begin with.",
        PREFIX_DEFAULT,
    ),
    setting(
        "subscribe",
        "text",
        fits(
            10_000,
            (keys) => parseSubscribed(keys) !== undefined,
            "all, none, or routing keys of 32 hex digits, with commas between them",
        ),
        "Whose messages are fetched from the broker: all, none, or the routing keys named.",
        "all",
    ),
    setting("ca_file", "text", text(4096), "Certificates in PEM that vouch for the broker instead of the system's."),
    setting(
        "pin",
        "text",
        fits(200, (pin) => parseCertPin(pin).ok, "spki//sha256/BASE64 or cert//sha256/BASE64"),
        "What the broker's certificate must be, besides being vouched for.",
    ),
    setting("state", "boolean", flag, "Keep a retained state for dashboards under hearth/NAME/state.", true),
    setting("home_assistant", "boolean", flag, "Describe the state to Home Assistant; needs state.", false),
];

function fits(max: number, isGood: (text: string) => boolean, wanted: string): v.GenericSchema<unknown> {
    return v.pipe(v.string(), v.maxLength(max, `at most ${max} characters`), v.check(isGood, wanted));
}
