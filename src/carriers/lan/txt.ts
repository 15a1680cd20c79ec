import { fromHex, toHex } from "../../base/encoding.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { ROUTING_KEY_SIZE } from "../../wire/outer-envelope.ts";

/** Ember's DNS-SD names and TXT records (SPEC section 17). */
export const SERVICE_TYPE = "_ember._tcp.local";

const VERSION = 1;
const VERSION_MAX = 255;
const PORT_MAX = 65_535;

export interface Advertisement {
    /** 16 bytes. */
    readonly routingKey: Uint8Array;
    /** As the TXT record says; the SRV record's counts. */
    readonly port: number;
    /** Undefined where none are named. */
    readonly caps: readonly string[] | undefined;
}

export interface TxtError {
    readonly kind: "missing_field" | "invalid_version" | "invalid_routing_key" | "invalid_port";
    /** Ember's exact words. */
    readonly text: string;
}

export function instanceLabel(routingKey: Uint8Array): string {
    return `ember-${toHex(routingKey)}`;
}

export function instanceName(routingKey: Uint8Array): string {
    return `${instanceLabel(routingKey)}.${SERVICE_TYPE}`;
}

export function hostName(routingKey: Uint8Array): string {
    return `${instanceLabel(routingKey)}.local`;
}

export function encodeTxt({ routingKey, port, caps }: Advertisement): ReadonlyMap<string, string> {
    const txt = new Map([
        ["v", String(VERSION)],
        ["rk", toHex(routingKey)],
        ["port", String(port)],
    ]);
    if (caps && caps.length > 0) txt.set("caps", caps.join(","));
    return txt;
}

/** The order of checks is Ember's; keys that nobody knows are ignored. */
export function parseTxt(txt: ReadonlyMap<string, string>): Result<Advertisement, TxtError> {
    const version = txt.get("v");
    if (version === undefined) return missing("v");
    if (rustNumber(version, VERSION_MAX) !== VERSION) {
        return err({ kind: "invalid_version", text: `invalid version: ${version}` });
    }
    const routingKey = keyOf(txt.get("rk"));
    if (!routingKey.ok) return routingKey;
    const portText = txt.get("port");
    if (portText === undefined) return missing("port");
    const port = rustNumber(portText, PORT_MAX);
    if (port === undefined) return err({ kind: "invalid_port", text: `invalid port: ${portText}` });
    return ok({ routingKey: routingKey.value, port, caps: capsOf(txt.get("caps")) });
}

function keyOf(text: string | undefined): Result<Uint8Array, TxtError> {
    if (text === undefined) return missing("rk");
    const key = fromHex(text);
    if (!key) return err({ kind: "invalid_routing_key", text: `invalid routing key: ${text}` });
    if (key.length === ROUTING_KEY_SIZE) return ok(key);
    const words = `expected ${ROUTING_KEY_SIZE} bytes, got ${key.length}`;
    return err({ kind: "invalid_routing_key", text: `invalid routing key: ${words}` });
}

function capsOf(text: string | undefined): readonly string[] | undefined {
    const caps = (text ?? "")
        .split(",")
        .map((cap) => cap.trim())
        .filter((cap) => cap !== "");
    return caps.length > 0 ? caps : undefined;
}

/** As Rust parses an unsigned number: an optional plus sign and leading zeros. */
function rustNumber(text: string, max: number): number | undefined {
    if (!/^\+?\d{1,255}$/.test(text)) return undefined;
    const value = Number(text);
    return value <= max ? value : undefined;
}

function missing(field: string): { readonly ok: false; readonly error: TxtError } {
    return err({ kind: "missing_field", text: `missing TXT field: ${field}` });
}
