import { toHex } from "../../base/encoding.ts";
import type { MailboxClient } from "../../carriers/http/mailbox-client.ts";
import { makeTombstone } from "../../crypto/ack.ts";
import type { Identity } from "../../crypto/identity.ts";
import { nativeCrypto } from "../../crypto/node/native.ts";
import { openMessage } from "../../crypto/sealing.ts";
import type { OuterEnvelope } from "../../wire/outer-envelope.ts";
import { decodeWirePayload, encodeTombstonePayload, wireErrorText } from "../../wire/payload.ts";
import { systemClock } from "../clock.ts";
import { loadIdentity, mailboxClient, type PersonOptions } from "./mailbox-options.ts";
import { configFrom, type SettingOptions } from "./settings-of.ts";
import { CommandError, type Terminal } from "./terminal.ts";

type Options = PersonOptions & SettingOptions & { readonly ack?: boolean; readonly json?: boolean };

interface Letter {
    readonly messageId: string;
    readonly from: string;
    readonly sentAt: string;
    readonly text?: string;
    readonly receipt?: { readonly kind: string; readonly of: string };
}

/** Fetches, opens and prints what waits for this identity; with `ack` also tells the mailbox to let go of it. */
export async function inbox(options: Options, terminal: Terminal): Promise<void> {
    const config = configFrom(options, terminal);
    const identity = await loadIdentity(options, config, terminal);
    const client = mailboxClient(options, config, systemClock);
    const fetched = await client.fetchAll(identity.routingKey);
    if (!fetched.ok) throw new CommandError(fetched.error.detail);
    const tombstones: Uint8Array[] = [];
    let unreadable = 0;
    const { payloads, complete } = fetched.value;
    for (const payload of payloads) {
        const opened = openLetter(payload, identity);
        if ("problem" in opened) {
            unreadable++;
            terminal.err(opened.problem);
            continue;
        }
        tombstones.push(opened.tombstone);
        print(opened.letter, options, terminal);
    }
    if (!options.json && payloads.length === 0) terminal.err("No messages.");
    if (unreadable > 0) terminal.err(`${unreadable} of ${payloads.length} could not be opened; they stay there.`);
    if (!complete) terminal.err("There is more: read on after acknowledging these with --ack.");
    if (options.ack && tombstones.length > 0) await acknowledge(tombstones, client);
}

async function acknowledge(tombstones: readonly Uint8Array[], client: MailboxClient): Promise<void> {
    const answer = await client.submit(tombstones);
    if (!answer.ok) throw new CommandError(`The messages were not acknowledged: ${answer.error.detail}`);
    const failed = answer.value.filter(({ status }) => status !== "ok").length;
    if (failed > 0) throw new CommandError(`${failed} messages were not acknowledged; they come again.`);
}

function openLetter(
    payload: Uint8Array,
    identity: Identity,
): { readonly letter: Letter; readonly tombstone: Uint8Array } | { readonly problem: string } {
    const decoded = decodeWirePayload(payload);
    if (!decoded.ok) return { problem: `The mailbox sent something unreadable: ${wireErrorText(decoded.error)}` };
    if (decoded.value.kind !== "message") return { problem: "The mailbox sent a tombstone." };
    const { outer } = decoded.value;
    const messageId = toHex(outer.messageId);
    const opened = openMessage({ crypto: nativeCrypto, recipient: identity, outer });
    if (!opened.ok) return { problem: `${messageId} cannot be opened: ${reasonOf(opened.error)}` };
    const { inner, ackSecret } = opened.value;
    const { content } = inner;
    const letter: Letter = {
        messageId,
        from: toHex(inner.from),
        sentAt: timeOf(inner.createdAtMs),
        ...(content.kind === "text"
            ? { text: content.body }
            : { receipt: { kind: content.receipt, of: toHex(content.targetMessageId) } }),
    };
    return { letter, tombstone: tombstoneOf(identity, outer, ackSecret) };
}

function tombstoneOf(identity: Identity, outer: OuterEnvelope, ackSecret: Uint8Array): Uint8Array {
    return encodeTombstonePayload(makeTombstone({ identity, messageId: outer.messageId, ackSecret }));
}

function reasonOf(error: { readonly kind: string }): string {
    return error.kind.replaceAll("_", " ");
}

/** What the sender claims; a number that is no date is shown as it is. */
function timeOf(createdAtMs: bigint): string {
    return createdAtMs <= 8_640_000_000_000_000n ? new Date(Number(createdAtMs)).toISOString() : `${createdAtMs} ms`;
}

function print(letter: Letter, options: Options, terminal: Terminal): void {
    if (options.json) {
        terminal.out(JSON.stringify(letter));
        return;
    }
    const what = letter.text ?? `(${letter.receipt?.kind} receipt for ${letter.receipt?.of})`;
    terminal.out(`${letter.sentAt}  from ${letter.from}\n${indent(safe(what))}\n`);
}

/** A stranger's text cannot move the cursor, change colours or fake another line of this list. */
function safe(text: string): string {
    return text.replaceAll(/[^\P{Cc}\n]/gu, "\u{fffd}").replaceAll(/[\u{202a}-\u{202e}\u{2066}-\u{2069}]/gu, "");
}

function indent(text: string): string {
    return text
        .split("\n")
        .map((line) => `    ${line}`)
        .join("\n");
}
