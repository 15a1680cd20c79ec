import { err, ok, type Result } from "../../base/result.ts";
import { Secret } from "../../base/secret.ts";

export interface Login {
    readonly username: string;
    readonly password: Secret;
}

/** Where a broker is, without any login: safe to print. */
export interface BrokerPlace {
    readonly tls: boolean;
    readonly host: string;
    readonly port: number;
    /** As people write it: mqtt://host:port. */
    readonly shown: string;
}

const PORTS = { "mqtt:": 1883, "mqtts:": 8883 } as const;

/** Takes the login out of the address before anything can print it. The error never shows the address. */
export function parseBrokerUrl(
    text: string,
): Result<{ readonly place: BrokerPlace; readonly login: Login | undefined }, string> {
    const url = URL.parse(text);
    const scheme = url?.protocol;
    if (!url || (scheme !== "mqtt:" && scheme !== "mqtts:") || url.hostname === "") {
        return err("an address like mqtt://host:1883 or mqtts://host:8883");
    }
    const port = url.port === "" ? PORTS[scheme] : Number(url.port);
    const place = {
        tls: scheme === "mqtts:",
        host: url.hostname.replace(/^\[|\]$/g, ""),
        port,
        shown: `${scheme}//${url.hostname}:${port}`,
    };
    const isAnonymous = url.username === "" && url.password === "";
    const login = { username: decoded(url.username), password: new Secret(decoded(url.password)) };
    return ok({ place, login: isAnonymous ? undefined : login });
}

function decoded(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}
