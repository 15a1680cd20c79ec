import { createServer, type Server } from "node:net";
import { acceptedPort } from "../../port/tcp-port.ts";
import type { EmulatedNode } from "./emulator.ts";

export interface NodeServer {
    /** The port that was asked for, or the free one that was found. */
    readonly port: number;
    close(): Promise<void>;
}

/** Serves a node's clients over TCP, one at a time. Port 0 takes any free one; firmware has 4403. */
export async function serveNode(
    node: EmulatedNode,
    { host, port }: { host: string; port: number },
): Promise<NodeServer> {
    const server = createServer((socket) => {
        socket.on("error", () => undefined);
        void node.plug(acceptedPort(socket), "tcp").catch(() => socket.destroy());
    });
    await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, resolve);
    });
    return {
        port: portOf(server),
        async close() {
            await node.unplug();
            await new Promise((resolve) => server.close(resolve));
        },
    };
}

function portOf(server: Server): number {
    const address = server.address();
    return typeof address === "object" && address ? address.port : 0;
}
