import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Secret } from "../../base/secret.ts";
import type { Clock } from "../../base/time.ts";
import { type MailboxClient, makeMailboxClient } from "../../carriers/http/mailbox-client.ts";
import { type Identity, makeIdentity } from "../../crypto/identity.ts";
import { decodeIdentityFile } from "../../crypto/identity-file.ts";
import { nativeCrypto } from "../../crypto/node/native.ts";
import type { Config } from "../config/config.ts";
import { systemEntropy } from "../entropy.ts";
import { readIdentityFile } from "./identity-store.ts";
import { CommandError, type Terminal } from "./terminal.ts";

/** Options of the commands that act for a person. */
export interface PersonOptions {
    readonly identity?: string | undefined;
    readonly passwordFile?: string | undefined;
    readonly url?: string | undefined;
    readonly username?: string | undefined;
    readonly mailboxPasswordFile?: string | undefined;
}

/** A password file's end of line does not belong to the password. What is no UTF-8 would lose its difference to others. */
export function readPassword(path: string): string {
    try {
        const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
        return text.replace(/\r?\n$/, "");
    } catch (cause) {
        throw new CommandError(`The password file cannot be read: ${cause instanceof Error ? cause.message : cause}`);
    }
}

export function identityPath(options: PersonOptions, config: Config): string {
    return options.identity ?? join(config.dataDir, "identity.ember");
}

/** The person's identity; asks for its password where it has one. */
export async function loadIdentity(options: PersonOptions, config: Config, terminal: Terminal): Promise<Identity> {
    const path = identityPath(options, config);
    const bytes = readIdentityFile(path);
    if (!bytes) throw new CommandError(`There is no identity in ${path}. Make one with: hearth identity new`);
    const given = options.passwordFile === undefined ? undefined : readPassword(options.passwordFile);
    let decoded = await decodeIdentityFile(nativeCrypto, bytes, given);
    if (!decoded.ok && decoded.error.kind === "password_required") {
        const password = await terminal.askSecret(`Password of ${path}: `);
        if (password === undefined) {
            throw new CommandError(`${path} has a password, and nobody is here to type it: use --password-file FILE.`);
        }
        decoded = await decodeIdentityFile(nativeCrypto, bytes, password);
    }
    if (!decoded.ok) throw new CommandError(`${path} cannot be opened: ${decoded.error.detail}`);
    return makeIdentity({ crypto: nativeCrypto, entropy: systemEntropy, secret: decoded.value });
}

/** The mailbox that a command talks to: the one named, or this machine's own gateway. */
export function mailboxClient(options: PersonOptions, config: Config, clock: Clock): MailboxClient {
    const { host, port } = config.http.listen;
    const own = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
    const file = options.mailboxPasswordFile;
    const credentials =
        options.username !== undefined && file !== undefined
            ? { username: options.username, password: new Secret(readPassword(file)) }
            : options.url === undefined
              ? config.http.credentials
              : undefined;
    if ((options.username === undefined) !== (file === undefined)) {
        throw new CommandError("--username and --mailbox-password-file belong together.");
    }
    return makeMailboxClient({ url: options.url ?? own, credentials, clock });
}
