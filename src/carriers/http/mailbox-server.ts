import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { isIPv6, Socket } from "node:net";
import type { CarrierHandlers, CarrierTraits, SendOutcome } from "../carrier.ts";
import { type Answer, busyAnswer, errorAnswer } from "./answers.ts";
import { isLoopback } from "./auth.ts";
import { Connections } from "./connection.ts";
import { EMBEDDED_LIMITS, FETCHABLE_SIZE_MAX, type HttpLimits, NODE_LIMITS } from "./limits.ts";
import type { MailboxServer, MailboxServerOptions } from "./options.ts";
import { RequestHandler } from "./requests.ts";

/**
 * An `import` of node:http reads all its exports, and with WebSocket comes the whole HTTP client of Node: 14 MB and tens
 * of milliseconds that a server never needs.
 */
const { createServer } = process.getBuiltinModule("node:http");

const internalError = errorAnswer(500, "Internal error");

/** Why the server did not start, for the user to mend. */
export class MailboxStartError extends Error {
    override readonly name = "MailboxStartError";
}

/** Ember's HTTP mailbox (SPEC 14) or its embedded server (SPEC 16), as a carrier that only answers. */
export function makeMailboxServer(options: MailboxServerOptions): MailboxServer {
    if (options.mode === "embedded" && !options.identity) throw new Error("the embedded server needs an identity");
    return new HttpMailbox(options);
}

class HttpMailbox implements MailboxServer {
    readonly id: string;
    readonly traits: CarrierTraits = {
        offers: false,
        payloadSizeMax: FETCHABLE_SIZE_MAX,
        inFlightMax: 0,
        unknownTombstone: "refuse",
        revives: true,
    };
    readonly #options: MailboxServerOptions;
    readonly #limits: HttpLimits;
    #server: Server | undefined;
    #handlers: CarrierHandlers | undefined;
    #stopping: Promise<void> | undefined;
    #address: MailboxServer["address"];

    constructor(options: MailboxServerOptions) {
        this.id = options.id;
        this.#options = options;
        this.#limits = { ...(options.mode === "node" ? NODE_LIMITS : EMBEDDED_LIMITS), ...options.limits };
    }

    get address(): MailboxServer["address"] {
        return this.#address;
    }

    async start(handlers: CarrierHandlers): Promise<void> {
        const problem = exposure(this.#options);
        if (problem !== undefined) throw new MailboxStartError(problem);
        this.#handlers = handlers;
        const connections = new Connections(this.#limits);
        const requests = new RequestHandler(this.#options, this.#limits, (payload, via) =>
            handlers.onPayload(payload, via),
        );
        const server = makeServer(this.#limits, connections, requests);
        await listen(server, this.#options);
        this.#server = server;
        const bound = server.address();
        if (bound === null || typeof bound === "string") throw new Error("a TCP server has an address and a port");
        const host = isIPv6(bound.address) ? `[${bound.address}]` : bound.address;
        this.#address = { host: bound.address, port: bound.port, url: `http://${host}:${bound.port}` };
        const { url } = this.#address;
        // A failed accept, e.g. for want of file descriptors, ends one connection and not the service.
        server.on("error", (error) => this.#handlers?.onState({ kind: "up", detail: `${url} (${error.message})` }));
        handlers.onState({ kind: "up", detail: url });
    }

    async send(): Promise<SendOutcome> {
        return { kind: "failed", detail: "a mailbox only answers" };
    }

    stop(): Promise<void> {
        this.#stopping ??= this.#close();
        return this.#stopping;
    }

    async #close(): Promise<void> {
        this.#handlers = undefined;
        const server = this.#server;
        if (!server) return;
        this.#address = undefined;
        await new Promise<void>((resolve) => {
            const timer = setTimeout(() => server.closeAllConnections(), this.#limits.stopMsMax);
            server.close(() => {
                clearTimeout(timer);
                resolve();
            });
            server.closeIdleConnections();
        });
    }
}

function makeServer(limits: HttpLimits, connections: Connections, requests: RequestHandler): Server {
    const server = createServer({
        maxHeaderSize: limits.headerSizeMax,
        headersTimeout: limits.headersMsMax,
        requestTimeout: limits.requestMsMax,
        keepAliveTimeout: limits.keepAliveMs,
        connectionsCheckingInterval: limits.checkEveryMs,
        // Asked for by the request handler, which answers in JSON.
        requireHostHeader: false,
    });
    server.maxConnections = limits.connectionsMax;
    server.setTimeout(limits.stallMsMax);
    const answerTo = (request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> =>
        requests.answer(request, response, () => connections.received(request)).catch(() => internalError);
    const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
        const answer = connections.begin(request) ? await answerTo(request, response) : busyAnswer();
        if (!answer) return connections.forget(request);
        if (!server.listening) response.shouldKeepAlive = false;
        connections.answer(request, response, answer);
    };
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => void respond(request, response);
    server.on("request", onRequest);
    server.on("checkContinue", onRequest);
    server.on("checkExpectation", onRequest);
    server.on("clientError", (error, socket) => {
        if (socket instanceof Socket) connections.failed(error, socket);
        else socket.destroy();
    });
    return server;
}

function listen(server: Server, { host, port }: MailboxServerOptions): Promise<void> {
    return new Promise((resolve, reject) => {
        const fail = (error: Error): void => {
            reject(new MailboxStartError(`cannot listen on ${host} port ${port}: ${error.message}`));
        };
        server.once("error", fail);
        server.listen({ host, port }, () => {
            server.off("error", fail);
            resolve();
        });
    });
}

/** Nothing listens beyond this machine without credentials unless somebody says so. */
function exposure({ host, credentials, allowAnonymous }: MailboxServerOptions): string | undefined {
    if (credentials || allowAnonymous === true || isLoopback(host)) return undefined;
    return `listening on ${host} lets everybody there submit and fetch: set a user name and a password, or allow anonymous use`;
}
