import { afterEach } from "vitest";
import type { Arrival, CarrierState } from "../../../src/carriers/carrier.ts";
import { NO_RATES } from "../../../src/carriers/http/limits.ts";
import { makeMailboxServer } from "../../../src/carriers/http/mailbox-server.ts";
import type {
    MailboxIdentity,
    MailboxPages,
    MailboxRow,
    MailboxServer,
    MailboxServerOptions,
} from "../../../src/carriers/http/options.ts";
import { encodeSubmitBody } from "../../../src/wire/submit-body.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { type RawAnswer, RawConnection, type RequestLines, requestBytes } from "./raw-connection.ts";

/** A mailbox server over a mailbox of rows that the test lays in, and a gateway that answers what the test says. */
export interface Fixture {
    readonly server: MailboxServer;
    readonly port: number;
    readonly clock: VirtualClock;
    readonly rows: MailboxRow[];
    /** Every payload that reached the gateway. */
    readonly arrived: Uint8Array[];
    readonly states: CarrierState[];
    connect(): Promise<RawConnection>;
    /** One request on a connection of its own. */
    ask(request: RequestLines): Promise<RawAnswer>;
    submit(frames: readonly Uint8Array[], headers?: Readonly<Record<string, string>>): Promise<RawAnswer>;
}

export interface FixtureOptions extends Partial<MailboxServerOptions> {
    readonly onPayload?: (payload: Uint8Array, index: number) => Promise<Arrival>;
}

const open: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
    for (const each of open.splice(0).toReversed()) await each.close();
});

export async function startServer({ onPayload, ...options }: FixtureOptions = {}): Promise<Fixture> {
    const clock = new VirtualClock();
    const rows: MailboxRow[] = [];
    const arrived: Uint8Array[] = [];
    const states: CarrierState[] = [];
    const server = makeMailboxServer({
        id: "http",
        mode: "node",
        host: "127.0.0.1",
        port: 0,
        mailbox: pagesOf(rows),
        clock,
        rates: NO_RATES,
        ...options,
    });
    await server.start({
        onPayload: (payload) => {
            arrived.push(Uint8Array.from(payload));
            return onPayload?.(payload, arrived.length - 1) ?? Promise.resolve({ kind: "stored" });
        },
        onState: (state) => states.push(state),
    });
    open.push({ close: () => server.stop() });
    const port = server.address?.port ?? 0;
    const connect = async (): Promise<RawConnection> => {
        const connection = await RawConnection.open(port);
        open.push(connection);
        return connection;
    };
    const ask = async (request: RequestLines): Promise<RawAnswer> => {
        const connection = await connect();
        connection.send(requestBytes(request));
        const answer = await connection.answer({ isHead: request.method === "HEAD" });
        connection.close();
        if (!answer) throw new Error("the server closed the connection without an answer");
        return answer;
    };
    return {
        server,
        port,
        clock,
        rows,
        arrived,
        states,
        connect,
        ask,
        submit: (frames, headers = {}) => ask(submitRequest(frames, headers)),
    };
}

export function submitRequest(
    frames: readonly Uint8Array[],
    headers: Readonly<Record<string, string>> = {},
): RequestLines {
    return { method: "POST", path: "/api/v1/submit", headers, body: encodeSubmitBody(frames) };
}

/** A mailbox that is the same for every routing key. */
export function pagesOf(rows: readonly MailboxRow[]): MailboxPages {
    return {
        page: ({ after, limit }) => rows.filter(({ row }) => row > after).slice(0, limit),
        stats: () => ({ mailboxes: Math.min(1, rows.length), messages: rows.length }),
    };
}

/** Says things that a test can tell from each other; nothing here is secret. */
export const speakingIdentity: MailboxIdentity = {
    publicId: new Uint8Array(32).fill(1),
    routingKey: new Uint8Array(16).fill(2),
    identityAnswer: (challenge) => new Uint8Array(64).fill(challenge[0] ?? 0),
    receipt: async (messageId) => new Uint8Array(64).fill(messageId[15] ?? 0),
    ackSecret: () => new Uint8Array(16).fill(7),
};
