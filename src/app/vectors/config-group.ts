import { formatCertPin, parseCertPin } from "../../carriers/http/cert-pin.ts";
import { parseTargetUrl, targetIdOf } from "../../carriers/http/target-url.ts";
import { firstOf, type Group, same } from "./check.ts";

export const configStrings: Group = {
    urls(fields) {
        const text = fields.text("url");
        const url = parseTargetUrl(text);
        const auth = fields.has("auth") ? fields.array("auth") : undefined;
        return firstOf(
            same("that it is a URL", url !== undefined, fields.flag("valid")),
            fields.has("sanitized")
                ? same("without its login, it", url?.sanitized, fields.text("sanitized"))
                : undefined,
            same("the login", url?.auth && [url.auth.username, url.auth.password], auth),
            fields.has("http_target_id")
                ? same("the name", targetIdOf("http", text), fields.text("http_target_id"))
                : undefined,
            fields.has("mqtt_target_id")
                ? same("the MQTT name", targetIdOf("mqtt", text), fields.text("mqtt_target_id"))
                : undefined,
        );
    },
    cert_pins(fields) {
        const pin = parseCertPin(fields.text("pin"));
        if (!fields.flag("valid")) return same("the error", pin.ok ? "none" : pin.error, fields.text("error_text"));
        if (!pin.ok) return pin.error;
        return firstOf(
            same("the hash", pin.value.hash, fields.bytes("hash")),
            same("written again, it", formatCertPin(pin.value), fields.text("formatted")),
        );
    },
};
