import { fromBase64Url, fromHex } from "../../base/encoding.ts";
import { Secret } from "../../base/secret.ts";
import { parseCertPin } from "../../carriers/http/cert-pin.ts";
import { parseTargetUrl } from "../../carriers/http/target-url.ts";
import { parsePublicId } from "../../crypto/public-id.ts";
import type { PeerConfig, PeerFetch, Values } from "./config.ts";

/** Mailboxes of one peer that are fetched. */
const KEYS_MAX = 256;
const TIERS = { direct: "direct", quorum: "quorum", besteffort: "best_effort" } as const;

/** Of values that were checked. */
export function peerOf(values: Values): PeerConfig {
    const url = parseTargetUrl(values.text("url"));
    const username = values.textIfSet("username");
    const inUrl = url?.auth && { username: url.auth.username, password: new Secret(url.auth.password) };
    const publicId = parsePublicId(values.textIfSet("public_id") ?? "");
    return {
        id: values.text("id"),
        url: url?.sanitized ?? "",
        credentials: username === undefined ? inUrl : { username, password: new Secret(values.text("password")) },
        publicId: publicId.ok ? publicId.value : undefined,
        receipts: values.flag("receipts"),
        sends: values.flag("send"),
        tier: TIERS[values.text("tier") as keyof typeof TIERS],
        priority: values.number("priority"),
        replicates: values.flag("replicate"),
        refreshS: values.number("refresh_hours") * 3600,
        fetch: keysOf(values.text("fetch")) ?? "none",
        pollMs: values.number("poll_s") * 1000,
        pins: (values.textIfSet("pins")?.split(",") ?? []).flatMap((text) => {
            const pin = parseCertPin(text.trim());
            return pin.ok ? [pin.value] : [];
        }),
        caFile: values.textIfSet("ca_file"),
    };
}

/** What does not go together. */
export function peerContradictions(peers: readonly Values[], taken: readonly string[]): readonly string[] {
    const ids = peers.flatMap((peer) => peer.textIfSet("id") ?? []);
    const problems = ids
        .filter((id, index) => id === "http" || taken.includes(id) || ids.indexOf(id) !== index)
        .map((id) => `${id} is taken: give the peer an id of its own`);
    for (const peer of peers) {
        const name = `peer ${peer.textIfSet("id") ?? ""}`;
        const half = (peer.textIfSet("username") === undefined) !== (peer.textIfSet("password") === undefined);
        if (half) problems.push(`${name}: username and password belong together: set both or none`);
        const hasKey = peer.textIfSet("public_id") !== undefined;
        const isBlind = peer.flag("send") && peer.flag("receipts") && !hasKey;
        if (isBlind)
            problems.push(`${name}: say its public_id, so that its receipts can be checked, or receipts = false`);
        if (peer.textIfSet("tier") === "direct" && !hasKey) problems.push(`${name}: tier direct needs its public_id`);
        const tls = peer.textIfSet("pins") ?? peer.textIfSet("ca_file");
        if (tls !== undefined && peer.textIfSet("url")?.startsWith("http:")) {
            problems.push(`${name}: pins and ca_file need an address with https://`);
        }
    }
    return problems;
}

/** Routing keys in hex or base64url; undefined where one is neither. */
export function keysOf(text: string): PeerFetch | undefined {
    if (text === "none" || text === "replication") return text;
    const keys = text.split(",").map((key) => fromHex(key.trim()) ?? fromBase64Url(key.trim()));
    const good = keys.filter((key) => key?.length === 16).filter((key) => key !== undefined);
    return good.length === keys.length && good.length <= KEYS_MAX ? good : undefined;
}
