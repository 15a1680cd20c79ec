import * as v from "valibot";
import { parseCertPin } from "../../carriers/http/cert-pin.ts";
import { parseTargetUrl } from "../../carriers/http/target-url.ts";
import { parsePublicId } from "../../crypto/public-id.ts";
import { keysOf } from "./peers.ts";
import { between, flag, oneOf, type Setting, setting, text } from "./setting.ts";

/** HTTP peers of one gateway. */
export const PEERS_MAX = 16;

/** Settings of each [[peer]]; their variables are HEARTH_PEER_1_URL and so on. */
export const PEER_SETTINGS: readonly Setting[] = [
    setting(
        "id",
        "text",
        v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,19}$/, "a short name of small letters, digits and dashes")),
        "Name of this peer in logs and in the depot; keep it when the address changes.",
        "peer",
    ),
    setting(
        "url",
        // It may hold a password.
        "secret",
        fits(1000, isHttp, "an address like http://host:23003 or https://host"),
        "Another mailbox, Ember's or Hearth's. May hold a login: https://USER:PASSWORD@HOST.",
    ),
    setting("username", "text", text(200), "Login; wins over one in the address."),
    setting("password", "secret", text(1000), "Its password; better set by HEARTH_PEER_1_PASSWORD."),
    setting(
        "public_id",
        "text",
        fits(200, (id) => parsePublicId(id).ok, "a public id: 64 hex digits, or base64"),
        "The peer's key. Its receipts must be signed by it, and requests that it signed count as its own.",
    ),
    setting(
        "receipts",
        "boolean",
        flag,
        "Count a delivery only when the peer proved it by a signed receipt; needs public_id.",
        true,
    ),
    setting("send", "boolean", flag, "Send there what is stored here; false only fetches.", true),
    setting(
        "tier",
        "text",
        oneOf(["direct", "quorum", "besteffort"]),
        "direct: the recipient's own node, and only for it. quorum: a store that counts. besteffort: does not count.",
        "quorum",
    ),
    setting("priority", "integer", between(0, 1000), "Greater goes first among peers that need not all have it.", 100),
    setting(
        "replicate",
        "boolean",
        flag,
        "A replica gets everything; false spares it what the others have already.",
        true,
    ),
    setting(
        "refresh_hours",
        "integer",
        between(0, 24 * 365),
        "Send again after so long what it confirmed, in case it lost it; 0 never. Ember's clients say 4.",
        0,
    ),
    setting(
        "fetch",
        "text",
        fits(10_000, (keys) => keysOf(keys) !== undefined, "none, replication, or routing keys with commas between"),
        "What is fetched there: none, the mailboxes of these routing keys, or, from another Hearth, all that lacks here.",
        "none",
    ),
    setting("poll_s", "integer", between(1, 86_400), "How often it is fetched from, in seconds.", 60),
    setting(
        "pins",
        "text",
        fits(2_000, (pins) => pinsOf(pins).every((pin) => pin.ok), "spki//sha256/BASE64 or cert//sha256/BASE64"),
        "What the server's certificate must be, besides being vouched for; several with commas between.",
    ),
    setting("ca_file", "text", text(4096), "Certificates in PEM that vouch for the server instead of the system's."),
];

export function pinsOf(pins: string): readonly ReturnType<typeof parseCertPin>[] {
    return pins.split(",").map((pin) => parseCertPin(pin.trim()));
}

function isHttp(url: string): boolean {
    return /^https?:/.test(parseTargetUrl(url)?.sanitized ?? "");
}

function fits(max: number, isGood: (text: string) => boolean, wanted: string): v.GenericSchema<unknown> {
    return v.pipe(v.string(), v.maxLength(max, `at most ${max} characters`), v.check(isGood, wanted));
}
