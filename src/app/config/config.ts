import { Secret } from "../../base/secret.ts";
import type { CertPin } from "../../carriers/http/cert-pin.ts";
import type { BrokerPlace, Login } from "../../carriers/mqtt/broker-url.ts";
import type { Subscribed } from "../../carriers/mqtt/topics.ts";
import type { LOG_LEVELS, RADIO_KINDS } from "./settings.ts";

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
    readonly kind: (typeof RADIO_KINDS)[number];
    readonly port: string;
    /** Undefined: one is made from the gateway's identity. */
    readonly address: number | undefined;
    readonly networkId: number;
    /** Undefined: the region's usual one. */
    readonly frequencyHz: number | undefined;
    readonly spreadingFactor: number;
    readonly bandwidthHz: number;
    readonly codingRate: number;
    readonly preambleSymbols: number;
    readonly powerDbm: number;
    readonly antennaGainDbi: number;
    readonly binary: boolean;
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

/** Everything a gateway is told by its operator, checked. */
export interface Config {
    readonly name: string;
    readonly dataDir: string;
    readonly logLevel: LogLevel;
    readonly region: string | undefined;
    readonly radioAutodetect: boolean;
    readonly http: HttpConfig;
    readonly mailbox: MailboxConfig;
    readonly radios: readonly RadioConfig[];
    readonly brokers: readonly BrokerConfig[];
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

export function configOf(values: Values, radios: readonly Values[]): Omit<Config, "brokers"> {
    return {
        name: values.text("name"),
        dataDir: values.text("data_dir"),
        logLevel: values.text("log_level") as LogLevel,
        region: values.textIfSet("region"),
        radioAutodetect: values.flag("radio_autodetect"),
        http: httpOf(values),
        mailbox: {
            mailboxMessagesMax: values.number("mailbox.messages_max"),
            totalMessagesMax: values.number("mailbox.total_messages_max"),
            totalBytesMax: values.number("mailbox.total_mebibytes_max") * 1024 * 1024,
            ttlDefaultS: values.number("mailbox.ttl_default_hours") * 3600,
        },
        radios: radios.map(radioOf),
    };
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
        address: values.numberIfSet("address"),
        networkId: values.number("network_id"),
        frequencyHz: values.numberIfSet("frequency_hz"),
        spreadingFactor: values.number("spreading_factor"),
        bandwidthHz: values.number("bandwidth_khz") * 1000,
        codingRate: values.number("coding_rate"),
        preambleSymbols: values.number("preamble_symbols"),
        powerDbm: values.number("power_dbm"),
        antennaGainDbi: values.number("antenna_gain_dbi"),
        binary: values.flag("binary"),
    };
}

/** The radio that an unconfigured serial device becomes. */
export function radioOnPort(port: string, id: string, fallbacks: Values): RadioConfig {
    return { ...radioOf(fallbacks), id, port };
}
