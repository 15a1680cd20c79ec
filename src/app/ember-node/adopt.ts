import { join } from "node:path";
import { equalBytes } from "../../base/bytes.ts";
import { decodeIdentityFile } from "../../crypto/identity-file.ts";
import { nativeCrypto } from "../../crypto/node/native.ts";
import { readIdentityFile, writeIdentityFile } from "../cli/identity-store.ts";
import { CommandError, type Terminal } from "../cli/terminal.ts";

/** Where Ember's node keeps its key unless told otherwise (SPEC section 15). */
export function usualIdentityPath(env: Terminal["env"]): string {
    const home = env["XDG_CONFIG_HOME"] ?? join(env["HOME"] ?? "/", ".config");
    return join(home, "ember", "node-identity.key");
}

export interface Adoption {
    readonly dataDir: string;
    /** Plain or with a password. */
    readonly file: string;
    readonly password: string | undefined;
    readonly terminal: Terminal;
}

/**
 * Makes the key of an Ember node this gateway's own, so that whoever knows the node still does. A gateway that has
 * another key already keeps it, and this fails. Returns false where there is no such file.
 */
export async function adoptIdentity({ dataDir, file, password, terminal }: Adoption): Promise<boolean> {
    const bytes = readIdentityFile(file);
    if (!bytes) return false;
    let decoded = await decodeIdentityFile(nativeCrypto, bytes, password);
    if (!decoded.ok && decoded.error.kind === "password_required") {
        decoded = await decodeIdentityFile(nativeCrypto, bytes, await terminal.askSecret(`Password of ${file}: `));
    }
    if (!decoded.ok) throw new CommandError(`The node's key ${file} cannot be opened: ${decoded.error.detail}.`);
    const own = join(dataDir, "node-identity.key");
    const present = readIdentityFile(own);
    if (!present) writeIdentityFile(own, decoded.value);
    else if (!equalBytes(present, decoded.value)) {
        throw new CommandError(
            `This gateway has a key of its own already, ${own}, and it is not that of ${file}. Move away the one that is wrong.`,
        );
    }
    return true;
}
