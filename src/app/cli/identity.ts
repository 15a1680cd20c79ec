import { toBase64, toHex } from "../../base/encoding.ts";
import { type Identity, makeIdentity } from "../../crypto/identity.ts";
import { encodeIdentityFile } from "../../crypto/identity-file.ts";
import { nativeCrypto } from "../../crypto/node/native.ts";
import { fingerprintOf } from "../../crypto/public-id.ts";
import { systemEntropy } from "../entropy.ts";
import { writeIdentityFile } from "./identity-store.ts";
import { identityPath, loadIdentity, type PersonOptions, readPassword } from "./mailbox-options.ts";
import { configFrom, type SettingOptions } from "./settings-of.ts";
import { CommandError, type Terminal } from "./terminal.ts";

type Options = PersonOptions & SettingOptions & { readonly json?: boolean; readonly plain?: boolean };

export async function newIdentity(options: Options, terminal: Terminal): Promise<void> {
    if (options.plain && options.passwordFile !== undefined) {
        throw new CommandError("--plain is without a password, --password-file with one: choose.");
    }
    const path = identityPath(options, configFrom(options, terminal));
    const secret = new Uint8Array(32);
    systemEntropy.fill(secret);
    const password = options.plain ? undefined : await newPassword(options, terminal);
    if (password === undefined) writeIdentityFile(path, secret);
    else {
        const file = await encodeIdentityFile({ crypto: nativeCrypto, entropy: systemEntropy, secret, password });
        if (!file.ok) throw new CommandError(`Nothing was written: ${file.error.detail}.`);
        writeIdentityFile(path, file.value);
    }
    show(makeIdentity({ crypto: nativeCrypto, entropy: systemEntropy, secret }), path, options, terminal);
    if (!options.json) {
        terminal.err(`Keep a copy of ${path}: nobody can make this identity again.`);
        if (password === undefined) terminal.err("It has no password: whoever reads the file can read your messages.");
    }
}

async function newPassword(options: Options, terminal: Terminal): Promise<string | undefined> {
    if (options.passwordFile !== undefined) {
        const password = readPassword(options.passwordFile);
        if (password === "") throw new CommandError(`${options.passwordFile} is empty: a password cannot be.`);
        return password;
    }
    const first = await terminal.askSecret("Password for the new identity (empty for none): ");
    if (first === undefined) {
        throw new CommandError("Nobody is here to choose a password: use --password-file FILE, or --plain for none.");
    }
    if (first === "") return undefined;
    if ((await terminal.askSecret("Once more: ")) !== first) {
        throw new CommandError("The two passwords differ. Nothing was written.");
    }
    return first;
}

export async function showIdentity(options: Options, terminal: Terminal): Promise<void> {
    const config = configFrom(options, terminal);
    show(await loadIdentity(options, config, terminal), identityPath(options, config), options, terminal);
}

function show(identity: Identity, path: string, options: Options, terminal: Terminal): void {
    const publicId = toHex(identity.publicId);
    const routingKey = toHex(identity.routingKey);
    const fingerprint = toHex(fingerprintOf(identity.publicId));
    if (options.json) {
        terminal.out(JSON.stringify({ publicId, base64: toBase64(identity.publicId), routingKey, fingerprint, path }));
        return;
    }
    terminal.out(`public id    ${publicId}`);
    terminal.out(`  in base64  ${toBase64(identity.publicId)}`);
    terminal.out(`routing key  ${routingKey}`);
    terminal.out(`fingerprint  ${fingerprint}`);
    terminal.err(`Others need the public id to write to you. File: ${path}`);
}
