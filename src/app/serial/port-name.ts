import { err, ok, type Result } from "../../base/result.ts";

/** What the setting `port` of a radio can say. */
export type PortName =
    | { readonly kind: "path"; readonly path: string }
    /** The serial number of a USB device. */
    | { readonly kind: "serial"; readonly serialNumber: string }
    | { readonly kind: "tcp"; readonly host: string; readonly port: number };

export function parsePortName(text: string): Result<PortName, string> {
    if (text.startsWith("tcp://")) {
        const [, host = "", digits = ""] =
            /^tcp:\/\/(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+):(\d{1,5})\/?$/.exec(text) ?? [];
        const port = Number(digits);
        if (host === "" || port < 1 || port > 65_535) return err(`${text} must be tcp://HOST:PORT`);
        return ok({ kind: "tcp", host: host.replace(/^\[|\]$/g, ""), port });
    }
    if (text.startsWith("serial:")) {
        const serialNumber = text.slice("serial:".length);
        return serialNumber === ""
            ? err("serial: needs the serial number of a USB device")
            : ok({ kind: "serial", serialNumber });
    }
    if (/^[a-z]+:\/\//.test(text)) return err(`${text} must be a device, serial:NUMBER or tcp://HOST:PORT`);
    return ok({ kind: "path", path: text });
}
