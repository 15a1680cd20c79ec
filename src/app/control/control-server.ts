import { chmodSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { lineReader } from "./lines.ts";

/** Owner of the gateway only. */
const SOCKET_MODE = 0o600;
/** Programs that ask at the same time. */
const CLIENTS_MAX = 16;
/** A client that neither asks nor goes is cut off, in milliseconds. */
const IDLE_MS_MAX = 60_000;
/** Longest path of a Unix socket, in bytes. */
const PATH_BYTES_MAX = 107;

export const CONTROL_SOCKET = "control.sock";

/** Answers questions by name; each answer is one JSON value. */
export type ControlAnswers = Readonly<Record<string, () => unknown>>;

export interface ControlServer {
    close(): Promise<void>;
}

/** Listens in the data directory, whose lock says that no other gateway does. Rejects when the socket cannot be had. */
export async function serveControl(directory: string, answers: ControlAnswers): Promise<ControlServer> {
    const path = join(directory, CONTROL_SOCKET);
    if (Buffer.byteLength(path) > PATH_BYTES_MAX) throw new Error(`${path} is too long for a socket`);
    rmSync(path, { force: true });
    const clients = new Set<Socket>();
    const server = createServer((socket) => {
        clients.add(socket);
        socket.on("close", () => clients.delete(socket));
        socket.on("error", () => socket.destroy());
        socket.setTimeout(IDLE_MS_MAX, () => socket.destroy());
        socket.on(
            "data",
            lineReader(
                (line) => answer(socket, line, answers),
                () => socket.destroy(),
            ),
        );
    });
    server.maxConnections = CLIENTS_MAX;
    await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(path, resolve);
    });
    chmodSync(path, SOCKET_MODE);
    return {
        async close() {
            for (const client of clients) client.destroy();
            await new Promise<void>((resolve) => server.close(() => resolve()));
            rmSync(path, { force: true });
        },
    };
}

function answer(socket: Socket, line: string, answers: ControlAnswers): void {
    const name = nameIn(line);
    const known = name !== undefined && Object.hasOwn(answers, name) ? answers[name] : undefined;
    const said = known ? { ok: true, value: known() } : { ok: false, error: "no such question" };
    socket.write(`${JSON.stringify(said)}\n`);
}

function nameIn(line: string): string | undefined {
    try {
        const { ask } = JSON.parse(line) as { readonly ask?: unknown };
        return typeof ask === "string" ? ask : undefined;
    } catch {
        return undefined;
    }
}
