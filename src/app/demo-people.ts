import { existsSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "../base/encoding.ts";
import type { Result } from "../base/result.ts";
import { makeMailboxClient } from "../carriers/http/mailbox-client.ts";
import { makeIdentity, SECRET_SIZE } from "../crypto/identity.ts";
import { nativeCrypto } from "../crypto/node/native.ts";
import { openMessage, sealMessage } from "../crypto/sealing.ts";
import { decodeWirePayload } from "../wire/payload.ts";
import { readIdentityFile, writeIdentityFile } from "./cli/identity-store.ts";
import { systemClock } from "./clock.ts";
import { systemEntropy } from "./entropy.ts";
import { newMessageId } from "./message-id.ts";

const TTL_HOURS = 168;

/** Somebody of the demonstration, with an identity file that the commands can use too. */
export interface Person {
    readonly file: string;
    readonly publicId: Uint8Array;
    readonly publicIdHex: string;
    /** Returns the size of what the mailbox stored, in bytes. */
    send(mailboxUrl: string, to: Uint8Array, text: string): Promise<number>;
    /** Every text that waits. */
    read(mailboxUrl: string): Promise<readonly string[]>;
}

export function makePerson(directory: string, name: string): Person {
    const file = join(directory, `${name}.ember`);
    if (!existsSync(file)) {
        const secret = new Uint8Array(SECRET_SIZE);
        systemEntropy.fill(secret);
        writeIdentityFile(file, secret);
    }
    const secret = readIdentityFile(file) ?? new Uint8Array(0);
    const identity = makeIdentity({ crypto: nativeCrypto, entropy: systemEntropy, secret });
    return {
        file,
        publicId: identity.publicId,
        publicIdHex: toHex(identity.publicId),
        async send(mailboxUrl, to, text) {
            const now = Date.now();
            const sealed = orThrow(
                sealMessage({
                    crypto: nativeCrypto,
                    entropy: systemEntropy,
                    sender: identity,
                    recipient: to,
                    inner: {
                        from: identity.publicId,
                        createdAtMs: BigInt(now),
                        content: { kind: "text", body: text },
                        prevSelf: undefined,
                        observedHeads: [],
                        epoch: 0,
                        flags: 0,
                    },
                    messageId: newMessageId(systemEntropy),
                    nowHours: Math.floor(now / 3_600_000),
                    ttlHours: TTL_HOURS,
                }),
            );
            const [result] = orThrow(await clientOf(mailboxUrl).submit([sealed.payload]));
            if (result?.status !== "ok") throw new Error(`the mailbox refused the message: ${result?.error}`);
            return sealed.payload.length;
        },
        async read(mailboxUrl) {
            const { payloads } = orThrow(await clientOf(mailboxUrl).fetchAll(identity.routingKey));
            return payloads.flatMap((payload) => {
                const decoded = decodeWirePayload(payload);
                if (!decoded.ok || decoded.value.kind !== "message") return [];
                const opened = openMessage({ crypto: nativeCrypto, recipient: identity, outer: decoded.value.outer });
                return opened.ok && opened.value.inner.content.kind === "text" ? [opened.value.inner.content.body] : [];
            });
        },
    };
}

function clientOf(url: string) {
    return makeMailboxClient({ url, clock: systemClock });
}

function orThrow<T>(result: Result<T, { readonly kind: string; readonly detail?: string }>): T {
    if (result.ok) return result.value;
    throw new Error(result.error.detail ?? result.error.kind);
}
