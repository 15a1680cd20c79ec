import { encodeTxt, hostName, instanceLabel, instanceName, parseTxt, SERVICE_TYPE } from "../../carriers/lan/txt.ts";
import { routingKeyOf } from "../../crypto/public-id.ts";
import { firstOf, type Group, same } from "./check.ts";
import type { Fields } from "./fields.ts";

export const mdnsTxt: Group = {
    encode(fields) {
        const routingKey = routingKeyOf(fields.bytes("public_id"));
        const caps = capsIn(fields);
        const txt = encodeTxt({ routingKey, port: fields.number("port"), caps });
        return firstOf(
            same("the routing key", routingKey, fields.bytes("routing_key")),
            same("the TXT record", Object.fromEntries(txt), fields.raw("txt")),
            same("the service type", `${SERVICE_TYPE}.`, fields.text("service_type")),
            same("the instance", instanceLabel(routingKey), fields.text("instance_name")),
            same("its whole name", `${instanceName(routingKey)}.`, fields.text("fullname")),
            same("the host", `${hostName(routingKey)}.`, fields.text("host_fqdn")),
        );
    },
    decode(fields) {
        const txt = fields.child("txt");
        const parsed = parseTxt(new Map(txt.keys().map((key) => [key, txt.text(key)])));
        if (!fields.flag("valid")) {
            return firstOf(
                same("the category", parsed.ok ? "none" : parsed.error.kind, fields.text("category")),
                same("the text", parsed.ok ? "none" : parsed.error.text, fields.text("error_text")),
            );
        }
        if (!parsed.ok) return parsed.error.text;
        return firstOf(
            same("the routing key", parsed.value.routingKey, fields.bytes("routing_key")),
            same("the port", parsed.value.port, fields.number("port")),
            same("the capabilities", parsed.value.caps, capsIn(fields)),
        );
    },
};

function capsIn(fields: Fields): readonly string[] | undefined {
    return fields.has("caps") ? fields.array("caps").map(String) : undefined;
}
