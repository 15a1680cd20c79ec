import { createInterface } from "node:readline";
import { systemClock } from "../../../src/app/clock.ts";
import { Gateway } from "../../../src/app/gateway.ts";
import { NO_RATES } from "../../../src/carriers/http/limits.ts";
import { makeMailboxServer } from "../../../src/carriers/http/mailbox-server.ts";
import { openDepot } from "../../../src/depot/sqlite/depot.ts";
import { RELAY_LIMITS_DEFAULT } from "../../../src/relay/limits.ts";
import { decodeWirePayload } from "../../../src/wire/payload.ts";

/**
 * A whole gateway with a mailbox. Waits for a directory on its standard input, so that it can be started ahead of its
 * turn, then says the port on its standard output and serves until it is killed.
 */
for await (const directory of createInterface({ input: process.stdin })) {
    const depot = await openDepot({
        directory,
        decodes: (payload) => decodeWirePayload(payload).ok,
        onNotice: (text) => {
            throw new Error(text);
        },
    });
    const server = makeMailboxServer({
        id: "http",
        mode: "node",
        host: "127.0.0.1",
        port: 0,
        mailbox: depot.mailbox,
        clock: systemClock,
        rates: NO_RATES,
    });
    const gateway = new Gateway({
        depot,
        carriers: [server],
        clock: systemClock,
        limits: { ...RELAY_LIMITS_DEFAULT, mailboxMessagesMax: 1_000_000 },
        onEvent: () => undefined,
    });
    await gateway.start();
    process.stdout.write(`${server.address?.port}\n`);
}
