import { systemClock } from "../../../src/app/clock.ts";
import { systemEntropy } from "../../../src/app/entropy.ts";
import { mailboxIdentity } from "../../../src/carriers/http/identity.ts";
import { makeMailboxServer } from "../../../src/carriers/http/mailbox-server.ts";
import { Discovery } from "../../../src/carriers/lan/discovery.ts";
import { makeIdentity } from "../../../src/crypto/identity.ts";
import { nativeCrypto } from "../../../src/crypto/node/native.ts";

/** Advertises somebody else's routing key, `spoof-child.ts KEY`, and says what it is asked for. */
const routingKey = Uint8Array.from(Buffer.from(process.argv[2] ?? "", "hex"));
const own = makeIdentity({ crypto: nativeCrypto, entropy: systemEntropy, secret: new Uint8Array(32).fill(9) });
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const server = makeMailboxServer({
    id: "spoof",
    mode: "node",
    host: "0.0.0.0",
    port: 23_999,
    mailbox: { page: () => [], stats: () => ({ mailboxes: 0, messages: 0 }) },
    clock: systemClock,
    allowAnonymous: true,
    identity: {
        ...mailboxIdentity(own),
        identityAnswer(challenge) {
            say("asked for identity");
            return mailboxIdentity(own).identityAnswer(challenge);
        },
    },
});
await server.start({
    onPayload: async () => {
        say("given a message");
        return { kind: "stored" };
    },
    onState: () => undefined,
});
const discovery = new Discovery({
    own: { routingKey, port: 23_999, caps: undefined },
    only: [],
    clock: systemClock,
    onSeen: () => undefined,
    onLost: () => undefined,
    onTrouble: say,
});
discovery.start();
setInterval(() => discovery.tick(systemClock.now().monotonic), 1_000);
process.on("SIGTERM", () => process.exit(0));
