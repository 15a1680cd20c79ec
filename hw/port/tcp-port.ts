import { connect, type Socket } from "node:net";
import type { BytePort, BytePortFactory, BytePortHandlers } from "./byte-port.ts";

const CONNECT_MS_MAX = 10_000;
/** The kernel asks a silent peer after this time whether it is still there. */
const KEEPALIVE_MS = 30_000;
/** Bytes that a peer has not taken; one that takes nothing is gone. */
export const TCP_BACKLOG_BYTES_MAX = 256 * 1024;

export interface TcpPortOptions {
    readonly host: string;
    readonly port: number;
    /** In milliseconds; 10 s unless said. */
    readonly connectMsMax?: number;
}

/** Ports on one TCP server, one use each. */
export function tcpPort(options: TcpPortOptions): BytePortFactory {
    return () => new TcpBytePort(options);
}

/** The server's side of a connection that was accepted. */
export function acceptedPort(socket: Socket): BytePort {
    return new TcpBytePort({ host: socket.remoteAddress ?? "somewhere", port: socket.remotePort ?? 0 }, socket);
}

class TcpBytePort implements BytePort {
    readonly label: string;
    readonly #options: TcpPortOptions;
    #socket: Socket | undefined;
    #handlers: BytePortHandlers | undefined;
    #state: "new" | "opening" | "open" | "closed" = "new";

    constructor(options: TcpPortOptions, accepted?: Socket) {
        const { host, port } = options;
        this.label = `${host.includes(":") ? `[${host}]` : host}:${port}`;
        this.#options = options;
        this.#socket = accepted;
    }

    async open(handlers: BytePortHandlers): Promise<void> {
        if (this.#state !== "new") throw new Error(`${this.label} was used already; make a new port`);
        this.#state = "opening";
        const socket = this.#socket ?? connect({ host: this.#options.host, port: this.#options.port });
        this.#socket = socket;
        if (socket.connecting) await this.#connected(socket);
        if (this.#state !== "opening") throw new Error(`${this.label} was closed before it was open`);
        this.#state = "open";
        this.#handlers = handlers;
        socket.setNoDelay(true).setKeepAlive(true, KEEPALIVE_MS);
        socket.on("data", (chunk: Uint8Array) => {
            if (this.#state === "open") handlers.onBytes(Uint8Array.from(chunk));
        });
        socket.on("error", (cause) => this.#end(cause));
        socket.on("end", () => this.#end(new Error(`${this.label} hung up`)));
        socket.on("close", () => this.#end(new Error(`${this.label} hung up`)));
        if (socket.destroyed) this.#end(new Error(`${this.label} hung up`));
    }

    write(bytes: Uint8Array): Promise<void> {
        const socket = this.#socket;
        if (!socket || this.#state !== "open") return Promise.reject(new Error(`${this.label} is not open`));
        if (socket.writableLength + bytes.length > TCP_BACKLOG_BYTES_MAX) {
            this.#end(new Error(`${this.label} takes nothing any more`));
            return Promise.reject(new Error(`${this.label} takes nothing any more`));
        }
        return new Promise((resolve, reject) => {
            socket.write(Uint8Array.from(bytes), (cause) => (cause ? reject(cause) : resolve()));
        });
    }

    async close(): Promise<void> {
        if (this.#state === "open") this.#end(undefined);
        this.#state = "closed";
        this.#socket?.destroy();
    }

    #connected(socket: Socket): Promise<void> {
        return new Promise((resolve, reject) => {
            const fail = (why: string): void => {
                this.#state = "closed";
                clearTimeout(timer);
                socket.destroy();
                reject(new Error(`${this.label} ${why}`));
            };
            const waitMs = this.#options.connectMsMax ?? CONNECT_MS_MAX;
            const timer = setTimeout(() => fail(`does not answer within ${waitMs / 1000} s`), waitMs);
            socket.once("connect", () => {
                clearTimeout(timer);
                resolve();
            });
            socket.once("error", (cause) => fail(explained(cause)));
            socket.once("close", () => fail("was closed before it was open"));
        });
    }

    #end(cause: Error | undefined): void {
        if (this.#state !== "open") return;
        this.#state = "closed";
        if (cause) this.#socket?.destroy();
        // Handlers never run inside of the owner's own call.
        queueMicrotask(() => this.#handlers?.onClose(cause));
    }
}

function explained(cause: Error): string {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ECONNREFUSED") return "refuses: does the program or node there listen?";
    if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "is a name that leads nowhere: check it";
    if (code === "EHOSTUNREACH" || code === "ENETUNREACH") return "cannot be reached: is it on this network?";
    return `cannot be reached: ${cause.message}`;
}
