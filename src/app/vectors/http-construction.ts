import { toBase64Url } from "../../base/encoding.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { UnixSeconds } from "../../base/time.ts";
import { encodeMessagePayload } from "../../wire/payload.ts";
import type { BuiltSubmit } from "./http-format.ts";

/** How a group builds its messages, read out of its sentence. */
export interface Construction {
    readonly routingKey: Uint8Array;
    /** The mailbox's name in a path. */
    readonly keyText: string;
    message(submit: BuiltSubmit, index: number, now: UnixSeconds): Uint8Array;
}

export function parseConstruction(text: string): Result<Construction, string> {
    const version = /version (\d{1,3})\.(\d{1,3})/.exec(text);
    const ttl = /ttl (?:Some\((\d{1,5})\)|None)/.exec(text);
    const routingKey = repeated(text, "routing_key");
    const ephemeralKey = repeated(text, "ephemeral_key");
    const ackHash = repeated(text, "ack_hash");
    const isKnown = /timestamp_hours of now/.test(text) && /ciphertext_length bytes of value i\b/.test(text);
    if (!version || !ttl || !routingKey || !ephemeralKey || !ackHash || !isKnown) {
        return err("construction not understood");
    }
    const [, major, minor] = version;
    return ok({
        routingKey,
        keyText: toBase64Url(routingKey),
        message: (submit, index, now) =>
            encodeMessagePayload({
                version: { major: Number(major), minor: Number(minor) },
                routingKey,
                timestampHours: Math.floor(now / 3600),
                ttlHours: ttl[1] === undefined ? undefined : Number(ttl[1]),
                messageId: submit.message_id,
                ephemeralKey,
                ackHash,
                innerCiphertext: new Uint8Array(submit.ciphertext_length).fill(index & 0xff),
            }),
    });
}

/** "name 16 x 07" is sixteen bytes of that hex value. */
function repeated(text: string, name: string): Uint8Array | undefined {
    const match = new RegExp(`${name} (\\d{1,2}) x ([0-9a-f]{2})\\b`).exec(text);
    return match ? new Uint8Array(Number(match[1])).fill(Number.parseInt(match[2] ?? "", 16)) : undefined;
}
