import { toHex } from "../../base/encoding.ts";
import { nativeCrypto } from "../../crypto/node/native.ts";
import { parsePublicId } from "../../crypto/public-id.ts";
import { sealMessage } from "../../crypto/sealing.ts";
import { systemClock } from "../clock.ts";
import { systemEntropy } from "../entropy.ts";
import { newMessageId } from "../message-id.ts";
import { loadIdentity, mailboxClient, type PersonOptions } from "./mailbox-options.ts";
import { configFrom, type SettingOptions } from "./settings-of.ts";
import { CommandError, type Terminal } from "./terminal.ts";

/** Largest text, in bytes: what a mailbox page can still carry after sealing and base64. */
const TEXT_BYTES_MAX = 48_000;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

type Options = PersonOptions & SettingOptions & { readonly ttlHours?: string; readonly json?: boolean };

/** Seals a text for one recipient and hands it to the mailbox. `words` is undefined for the standard input. */
export async function send(to: string, words: string | undefined, options: Options, terminal: Terminal): Promise<void> {
    const recipient = publicIdOf(to);
    const ttlHours = ttlOf(options.ttlHours);
    const body = words ?? (await textFromInput(terminal));
    if (new TextEncoder().encode(body).length > TEXT_BYTES_MAX) {
        throw new CommandError(`The text is longer than ${TEXT_BYTES_MAX} bytes. Send it in parts.`);
    }
    const config = configFrom(options, terminal);
    const sender = await loadIdentity(options, config, terminal);
    const now = terminal.now();
    const sealed = sealMessage({
        crypto: nativeCrypto,
        entropy: systemEntropy,
        sender,
        recipient,
        inner: {
            from: sender.publicId,
            createdAtMs: BigInt(now),
            content: { kind: "text", body },
            prevSelf: undefined,
            observedHeads: [],
            epoch: 0,
            flags: 0,
        },
        messageId: newMessageId(systemEntropy),
        nowHours: Math.floor(now / 3_600_000),
        ttlHours,
    });
    if (!sealed.ok) throw new CommandError("The recipient's public id is not usable: no message can be sealed for it.");
    const client = mailboxClient(options, config, systemClock);
    const submitted = await client.submit([sealed.value.payload]);
    if (!submitted.ok) throw new CommandError(submitted.error.detail);
    const [result] = submitted.value;
    if (result?.status !== "ok") throw new CommandError(`The mailbox refused the message: ${result?.error}`);
    const messageId = toHex(sealed.value.messageId);
    if (options.json) terminal.out(JSON.stringify({ messageId, size: sealed.value.payload.length, stored: true }));
    else terminal.out(`stored  ${messageId}  ${sealed.value.payload.length} bytes`);
}

export function publicIdOf(text: string): Uint8Array {
    const parsed = parsePublicId(text);
    if (!parsed.ok) {
        throw new CommandError(
            `${JSON.stringify(text.slice(0, 80))} is no public id: it takes 64 hex digits or 44 base64 characters (hearth identity show prints both).`,
        );
    }
    return parsed.value;
}

function ttlOf(text: string | undefined): number {
    if (text === undefined) return 168;
    if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 65_535) {
        throw new CommandError("--ttl-hours must be a whole number from 1 to 65535.");
    }
    return Number(text);
}

async function textFromInput(terminal: Terminal): Promise<string> {
    const bytes = await terminal.readInput(TEXT_BYTES_MAX);
    if (!bytes) throw new CommandError(`The text is longer than ${TEXT_BYTES_MAX} bytes. Send it in parts.`);
    try {
        return UTF8.decode(bytes).replace(/\r?\n$/, "");
    } catch {
        throw new CommandError("The text on the standard input is not UTF-8.");
    }
}
