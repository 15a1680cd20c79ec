import { Secret } from "../../base/secret.ts";
import type { Tier } from "../../carriers/carrier.ts";
import type { CertPin } from "../../carriers/http/cert-pin.ts";
import type { BrokerPlace, Login } from "../../carriers/mqtt/broker-url.ts";
import type { Subscribed } from "../../carriers/mqtt/topics.ts";
import { parsePublicId } from "../../crypto/public-id.ts";
import { parseQuorum, type QuorumStrategy } from "../../relay/quorum.ts";
import type { RadioKindName } from "./module-settings.ts";
import type { LOG_LEVELS } from "./settings.ts";

export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Listen {
    readonly host: string;
    readonly port: number;
}

/** A token bucket: `perSecond` in the long run, `burst` at once. */
export interface Rate {
    readonly perSecond: number;
    readonly burst: number;
}

export interface HttpConfig {
    readonly listen: Listen;
    readonly credentials: { readonly username: string; readonly password: Secret } | undefined;
    readonly allowAnonymous: boolean;
    readonly trustProxy: boolean;
    /** HOST or HOST:PORT by which other nodes know this one; with none any destination is taken. */
    readonly publicHosts: readonly string[];
    readonly bodyBytesMax: number;
    readonly framesMax: number;
    readonly rates: {
        readonly submitIp: Rate;
        readonly submitKey: Rate;
        readonly fetchIp: Rate;
        readonly fetchKey: Rate;
    };
}

export interface MailboxConfig {
    readonly mailboxMessagesMax: number;
    readonly totalMessagesMax: number;
    readonly totalBytesMax: number;
    readonly ttlDefaultS: number;
}

export interface RadioConfig {
    readonly id: string;
    readonly kind: RadioKindName;
    readonly port: string;
    readonly board: string | undefined;
    readonly preset: string | undefined;
    /** Undefined: one is made from the gateway's identity where modules need one of their own. */
    readonly address: number | undefined;
    /** Undefined: the kind's usual one. */
    readonly networkId: number | undefined;
    /** Undefined: the region's usual one, or the next that the module has. */
    readonly frequencyHz: number | undefined;
    readonly spreadingFactor: number;
    readonly bandwidthHz: number;
    readonly codingRate: number;
    readonly preambleSymbols: number;
    /** Undefined: the kind's usual one. */
    readonly powerDbm: number | undefined;
    readonly antennaGainDbi: number;
    readonly binary: boolean;
    readonly listenBeforeTalk: boolean;
    readonly airRateBps: number;
    readonly powerClass: "T22" | "T30";
    /** Of modules whose speed is a setting. */
    readonly baudRate: number;
    readonly rssiByte: "none" | "offset" | "half";
    readonly trustSettings: boolean;
    readonly keepsSettings: boolean;
    readonly lines: RadioLines;
    readonly network: NetworkConfig | undefined;
    readonly emberChunks: boolean;
}

/** GPIO lines of a radio; undefined: not wired. */
export interface RadioLines {
    readonly chip: string | undefined;
    readonly m0: number | undefined;
    readonly m1: number | undefined;
    readonly aux: number | undefined;
    readonly power: number | undefined;
    readonly isPowerOffHigh: boolean;
}

/** Keys of 64 hex digits. The first digit tells the slot on the air: 0 to 3 is slot 0, 4 to 7 slot 1 and so on. */
export interface NetworkConfig {
    readonly current: Secret;
    readonly next: Secret | undefined;
    readonly previous: Secret | undefined;
}

export interface BrokerConfig {
    readonly id: string;
    readonly place: BrokerPlace;
    readonly login: Login | undefined;
    /** Undefined: one is made from the gateway's identity. */
    readonly clientId: string | undefined;
    readonly prefix: string;
    readonly subscribed: Subscribed;
    readonly caFile: string | undefined;
    readonly pin: CertPin | undefined;
    readonly state: boolean;
    readonly homeAssistant: boolean;
}

export interface PeerConfig {
    readonly id: string;
    /** Without its login. */
    readonly url: string;
    readonly credentials: { readonly username: string; readonly password: Secret } | undefined;
    readonly publicId: Uint8Array | undefined;
    readonly receipts: boolean;
    readonly sends: boolean;
    readonly tier: Tier;
    readonly priority: number;
    readonly replicates: boolean;
    readonly refreshS: number;
    readonly fetch: PeerFetch;
    readonly pollMs: number;
    readonly pins: readonly CertPin[];
    readonly caFile: string | undefined;
}

export type PeerFetch = "none" | "replication" | readonly Uint8Array[];

export interface LanConfig {
    /** False: the local network is left alone. */
    readonly enabled: boolean;
    readonly listen: Listen;
    readonly interfaces: readonly string[];
    /** Public ids. */
    readonly contacts: readonly Uint8Array[];
    readonly acceptRelay: boolean;
    readonly useRelays: boolean;
    readonly relayBytesPerDay: number;
    readonly peersMax: number;
    readonly refreshMs: number;
}

export interface MeshConfig {
    readonly id: string;
    readonly port: string;
    readonly channel: number;
    /** Frames for one gateway go to it alone. */
    readonly pki: boolean;
    /** Of the airtime budget, above 0 and at most 1. */
    readonly share: number;
    /** In percent. */
    readonly channelUseMax: number;
    /** Tells the mesh which mailboxes are read here. */
    readonly asks: boolean;
}

/** Everything a gateway is told by its operator, checked. */
export interface Config {
    readonly name: string;
    readonly dataDir: string;
    readonly logLevel: LogLevel;
    readonly region: string | undefined;
    readonly radioAutodetect: boolean;
    /** Where sticks are mounted; undefined: they are left alone. */
    readonly sticks: string | undefined;
    readonly http: HttpConfig;
    readonly mailbox: MailboxConfig;
    readonly lan: LanConfig;
    readonly radios: readonly RadioConfig[];
    readonly brokers: readonly BrokerConfig[];
    readonly peers: readonly PeerConfig[];
    /** How many peers must have a message before it counts as distributed. */
    readonly quorum: QuorumStrategy;
    readonly meshes: readonly MeshConfig[];
}

/** Checked values by path. The table in settings.ts and these names are held together by a test. */
export class Values {
    readonly #values: ReadonlyMap<string, unknown>;

    constructor(values: ReadonlyMap<string, unknown>) {
        this.#values = values;
    }

    text(path: string): string {
        return String(this.#values.get(path));
    }

    textIfSet(path: string): string | undefined {
        return this.#values.has(path) ? this.text(path) : undefined;
    }

    number(path: string): number {
        return Number(this.#values.get(path));
    }

    numberIfSet(path: string): number | undefined {
        return this.#values.has(path) ? this.number(path) : undefined;
    }

    flag(path: string): boolean {
        return this.#values.get(path) === true;
    }
}

export function configOf(values: Values, radios: readonly Values[]): Omit<Config, "brokers" | "peers" | "meshes"> {
    return {
        name: values.text("name"),
        dataDir: values.text("data_dir"),
        logLevel: values.text("log_level") as LogLevel,
        region: values.textIfSet("region"),
        radioAutodetect: values.flag("radio_autodetect"),
        sticks: values.textIfSet("sticks"),
        http: httpOf(values),
        quorum: quorumOf(values.text("delivery.quorum")),
        mailbox: {
            mailboxMessagesMax: values.number("mailbox.messages_max"),
            totalMessagesMax: values.number("mailbox.total_messages_max"),
            totalBytesMax: values.number("mailbox.total_mebibytes_max") * 1024 * 1024,
            ttlDefaultS: values.number("mailbox.ttl_default_hours") * 3600,
        },
        lan: lanOf(values),
        radios: radios.map(radioOf),
    };
}

function quorumOf(text: string): QuorumStrategy {
    const quorum = parseQuorum(text);
    if (!quorum.ok) throw new Error(`delivery.quorum must be ${quorum.error}`);
    return quorum.value;
}

function httpOf(values: Values): HttpConfig {
    const username = values.textIfSet("http.username");
    const password = values.textIfSet("http.password");
    const both = username !== undefined && password !== undefined;
    return {
        listen: listenOf(values.text("http.listen")),
        credentials: both ? { username, password: new Secret(password) } : undefined,
        allowAnonymous: values.flag("http.allow_anonymous"),
        trustProxy: values.flag("http.trust_proxy"),
        publicHosts: (values.textIfSet("http.public_hosts") ?? "").split(",").flatMap((host) => host.trim() || []),
        bodyBytesMax: values.number("http.limits.body_bytes_max"),
        framesMax: values.number("http.limits.frames_max"),
        rates: {
            submitIp: rateOf(values, "submit_ip"),
            submitKey: rateOf(values, "submit_key"),
            fetchIp: rateOf(values, "fetch_ip"),
            fetchKey: rateOf(values, "fetch_key"),
        },
    };
}

function lanOf(values: Values): LanConfig {
    return {
        enabled: values.flag("lan.enabled"),
        listen: listenOf(values.text("lan.listen")),
        interfaces: wordsOf(values.textIfSet("lan.interfaces")),
        contacts: wordsOf(values.textIfSet("lan.contacts")).flatMap((word) => {
            const publicId = parsePublicId(word);
            return publicId.ok ? [publicId.value] : [];
        }),
        acceptRelay: values.flag("lan.accept_relay"),
        useRelays: values.flag("lan.use_relays"),
        relayBytesPerDay: values.number("lan.relay_mebibytes_per_day") * 1024 * 1024,
        peersMax: values.number("lan.peers_max"),
        refreshMs: values.number("lan.refresh_seconds") * 1000,
    };
}

function wordsOf(text: string | undefined): readonly string[] {
    return (text ?? "")
        .split(",")
        .map((word) => word.trim())
        .filter((word) => word !== "");
}

function rateOf(values: Values, what: string): Rate {
    const perSecond = values.number(`http.limits.${what}_rps`);
    return { perSecond, burst: values.number(`http.limits.${what}_burst`) || perSecond };
}

export function listenOf(text: string): Listen {
    const colon = text.lastIndexOf(":");
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(text.slice(colon + 1)) };
}

function radioOf(values: Values): RadioConfig {
    return {
        id: values.text("id"),
        kind: values.text("kind") as RadioConfig["kind"],
        port: values.text("port"),
        board: values.textIfSet("board"),
        preset: values.textIfSet("preset"),
        address: values.numberIfSet("address"),
        networkId: values.numberIfSet("network_id"),
        frequencyHz: values.numberIfSet("frequency_hz"),
        spreadingFactor: values.number("spreading_factor"),
        bandwidthHz: Math.round(values.number("bandwidth_khz") * 1000),
        codingRate: values.number("coding_rate"),
        preambleSymbols: values.number("preamble_symbols"),
        powerDbm: values.numberIfSet("power_dbm"),
        antennaGainDbi: values.number("antenna_gain_dbi"),
        binary: values.flag("binary"),
        listenBeforeTalk: values.flag("listen_before_talk"),
        airRateBps: values.number("air_rate"),
        powerClass: values.text("power_class") as RadioConfig["powerClass"],
        baudRate: values.number("baud_rate"),
        rssiByte: values.text("rssi_byte") as RadioConfig["rssiByte"],
        trustSettings: values.flag("trust_settings"),
        keepsSettings: values.flag("keep_settings"),
        lines: {
            chip: values.textIfSet("gpio_chip"),
            m0: values.numberIfSet("m0_gpio"),
            m1: values.numberIfSet("m1_gpio"),
            aux: values.numberIfSet("aux_gpio"),
            power: values.numberIfSet("power_gpio"),
            isPowerOffHigh: values.flag("power_off_high"),
        },
        network: networkOf(values),
        emberChunks: values.flag("ember_chunks"),
    };
}

function networkOf(values: Values): NetworkConfig | undefined {
    const secret = (path: string): Secret | undefined => {
        const text = values.textIfSet(path);
        return text === undefined ? undefined : new Secret(text);
    };
    const current = secret("network_key");
    return current && { current, next: secret("network_key_next"), previous: secret("network_key_previous") };
}

/** The radio that an unconfigured serial device becomes. */
export function radioOnPort(port: string, id: string, fallbacks: Values): RadioConfig {
    return { ...radioOf(fallbacks), id, port };
}
