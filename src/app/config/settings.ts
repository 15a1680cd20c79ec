import * as v from "valibot";
import { parsePublicId } from "../../crypto/public-id.ts";
import { regionNames } from "../../link/region.ts";
import { MODULE_SETTINGS } from "./module-settings.ts";
import { between, flag, oneOf, type Setting, setting, text } from "./setting.ts";

/** Radios of one gateway. */
export const RADIOS_MAX = 8;

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

const HOST_PORT = /^(?:\[[0-9a-fA-F:]+\]|[0-9A-Za-z.-]+):\d{1,5}$/;
const NAME_MAX = 40;

const hostPort = v.pipe(
    v.string(),
    v.regex(HOST_PORT, "HOST:PORT, e.g. 127.0.0.1:23003 or [::1]:23003"),
    v.check(portFits, "a port from 0 to 65535 after the colon"),
);
const RATE_MAX = 1_000_000;

export const SETTINGS: readonly Setting[] = [
    setting("name", "text", text(NAME_MAX), "The gateway's name, shown to people.", "hearth"),
    setting("data_dir", "text", text(4096), "Where the depot and the identity are kept.", "data"),
    setting("log_level", "text", oneOf(LOG_LEVELS), "How much the log says.", "info"),
    setting(
        "region",
        "text",
        oneOf(regionNames()),
        "The radio law that holds where the antenna stands. Without it nothing is transmitted.",
    ),
    setting(
        "radio_autodetect",
        "boolean",
        flag,
        "With no [[radio]] given, take the USB serial devices for RYLR998s and write to them.",
        false,
    ),
    setting("sticks", "text", text(4096), "Exchange messages with every stick mounted below this folder, e.g. /media."),
    setting(
        "http.listen",
        "text",
        hostPort,
        "Where the mailbox answers. Port 0 takes any free one.",
        "127.0.0.1:23003",
    ),
    setting(
        "http.username",
        "text",
        v.pipe(v.string(), v.regex(/^[^:\p{Cc}]{1,200}$/u, "a text of 1 to 200 characters without a colon")),
        "Basic authentication; needs a password too.",
    ),
    setting(
        "http.password",
        "secret",
        v.pipe(v.string(), v.minLength(1, "a text that is not empty"), v.maxLength(1000, "at most 1000 characters")),
        "Basic authentication; better set by HEARTH_HTTP_PASSWORD.",
    ),
    setting("http.allow_anonymous", "boolean", flag, "Listen beyond loopback although nobody has to log in.", false),
    setting("http.trust_proxy", "boolean", flag, "Believe X-Forwarded-For when counting requests per address.", false),
    ...rate("submit_ip", "submits of one address", 10, 10),
    ...rate("submit_key", "frames for one routing key", 5, 20),
    ...rate("fetch_ip", "fetches of one address", 20, 50),
    ...rate("fetch_key", "fetches of one routing key", 10, 30),
    setting(
        "http.limits.body_bytes_max",
        "integer",
        between(1024, 64 * 1024 * 1024),
        "Largest submit body in bytes.",
        2 * 1024 * 1024,
    ),
    setting("http.limits.frames_max", "integer", between(1, 10_000), "Most frames in one submit body.", 100),
    setting("mailbox.messages_max", "integer", between(1, 1_000_000), "Messages kept for one routing key.", 1000),
    setting("mailbox.total_messages_max", "integer", between(1, 100_000_000), "Messages kept altogether.", 500_000),
    setting("mailbox.total_mebibytes_max", "integer", between(1, 1_000_000), "Space for all messages, in MiB.", 1024),
    setting(
        "mailbox.ttl_default_hours",
        "integer",
        between(1, 24 * 365),
        "Life of a message that names no time to live.",
        168,
    ),
    setting("lan.enabled", "boolean", flag, "Find Ember's programs on the local network, and be found.", false),
    setting("lan.listen", "text", hostPort, "Where direct deliveries of the local network come in.", "[::]:23004"),
    setting("lan.interfaces", "text", text(400), "Use only these interfaces, e.g. eth0,wlan0. Default: all."),
    setting(
        "lan.contacts",
        "text",
        v.pipe(v.string(), v.check(arePublicIds, "public ids with commas between them")),
        "People whose programs must prove themselves before they are given anything.",
    ),
    setting("lan.accept_relay", "boolean", flag, "Store and bring on what anybody on the network leaves here.", false),
    setting("lan.use_relays", "boolean", flag, "Hand messages to relays that are found on the network.", false),
    setting(
        "lan.relay_mebibytes_per_day",
        "integer",
        between(1, 100_000),
        "What the network may leave here in a day, in MiB.",
        256,
    ),
    setting("lan.peers_max", "integer", between(1, 4_096), "Programs on the network that are remembered.", 256),
    setting("lan.refresh_seconds", "integer", between(30, 86_400), "How often they are looked after.", 300),
];

/** Settings of each [[radio]]; their variables are HEARTH_RADIO_1_PORT and so on. */
export const RADIO_SETTINGS: readonly Setting[] = [
    setting(
        "id",
        "text",
        v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,19}$/, "a short name of small letters, digits and dashes")),
        "Name of this radio in logs and in the depot; keep it when the device moves.",
        "lora",
    ),
    ...MODULE_SETTINGS,
    networkKey(
        "network_key",
        "Gateways with this key hear each other and nobody else; hearth network-key new makes one.",
    ),
    networkKey("network_key_next", "The key that comes after: accepted, not yet used."),
    networkKey("network_key_previous", "The key before: still accepted."),
    setting(
        "ember_chunks",
        "boolean",
        flag,
        "Send messages as Ember's planned chunks, for listeners that are no Hearth: nobody acknowledges them.",
        false,
    ),
];

export function variableOf(path: string): string {
    return `HEARTH_${path.replaceAll(".", "_").toUpperCase()}`;
}

function networkKey(path: string, help: string): Setting {
    return setting(path, "secret", v.pipe(v.string(), v.regex(/^[0-9a-fA-F]{64}$/, "64 hex digits")), help);
}

function rate(what: string, whom: string, rps: number, burst: number): readonly Setting[] {
    return [
        setting(`http.limits.${what}_rps`, "integer", between(0, RATE_MAX), `Per second, ${whom}; 0 is no limit.`, rps),
        setting(
            `http.limits.${what}_burst`,
            "integer",
            between(0, RATE_MAX),
            `At once, ${whom}; 0 takes the rate.`,
            burst,
        ),
    ];
}

function arePublicIds(words: string): boolean {
    return words.split(",").every((word) => parsePublicId(word).ok);
}

function portFits(listen: string): boolean {
    return Number(listen.slice(listen.lastIndexOf(":") + 1)) <= 65_535;
}
