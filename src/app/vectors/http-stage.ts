import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret } from "../../base/secret.ts";
import { mailboxIdentity } from "../../carriers/http/identity.ts";
import { NO_RATES } from "../../carriers/http/limits.ts";
import { makeMailboxServer } from "../../carriers/http/mailbox-server.ts";
import { signedVerifier } from "../../carriers/http/signed.ts";
import { type Identity, makeIdentity } from "../../crypto/identity.ts";
import { nativeCrypto } from "../../crypto/node/native.ts";
import { openDepot } from "../../depot/sqlite/depot.ts";
import { RELAY_LIMITS_DEFAULT, type RelayLimits } from "../../relay/limits.ts";
import { decodeWirePayload } from "../../wire/payload.ts";
import { systemEntropy } from "../entropy.ts";
import { Gateway } from "../gateway.ts";
import { ManualClock } from "./manual-clock.ts";

export interface StageOptions {
    readonly mode: "node" | "embedded";
    readonly now: number;
    readonly secret: Uint8Array | null;
    readonly publicHost: string | null;
    readonly auth: readonly [string, string] | null;
    readonly limits: Partial<RelayLimits>;
}

/** A real gateway with nothing but a mailbox, on a loopback port, in a directory of its own. */
export interface Stage {
    readonly port: number;
    readonly clock: ManualClock;
    readonly identity: Identity | undefined;
    close(): Promise<void>;
}

export async function openStage(options: StageOptions): Promise<Stage> {
    const directory = await mkdtemp(join(tmpdir(), "hearth-vectors-"));
    const clock = new ManualClock(options.now);
    const depot = await openDepot({
        directory,
        decodes: (payload) => decodeWirePayload(payload).ok,
        onNotice: () => undefined,
    });
    const { secret, publicHost, auth, mode } = options;
    const identity = secret ? makeIdentity({ crypto: nativeCrypto, entropy: systemEntropy, secret }) : undefined;
    const server = makeMailboxServer({
        id: "http",
        mode,
        host: "127.0.0.1",
        port: 0,
        mailbox: depot.mailbox,
        clock,
        identity: identity && mailboxIdentity(identity),
        verifySigned: signedVerifier(nativeCrypto, publicHost === null ? [] : [publicHost]),
        credentials: auth ? { username: auth[0], password: new Secret(auth[1]) } : undefined,
        rates: NO_RATES,
    });
    const gateway = new Gateway({
        depot,
        carriers: [server],
        clock,
        limits: { ...RELAY_LIMITS_DEFAULT, ...options.limits },
        onEvent: () => undefined,
    });
    await gateway.start();
    return {
        port: server.address?.port ?? 0,
        clock,
        identity,
        async close() {
            await gateway.stop();
            await depot.close();
            await rm(directory, { recursive: true, force: true });
        },
    };
}
