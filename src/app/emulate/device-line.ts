import { rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:net";
import type { BytePort } from "../../../hw/port/byte-port.ts";
import { openPty } from "../../../hw/port/pty.ts";
import { acceptedPort } from "../../../hw/port/tcp-port.ts";

/** The device's end of a line, wherever its emulator runs. */
export type Plug = (port: BytePort) => Promise<void>;

/** What a host opens to reach an emulated device. */
export interface DeviceLine {
    /** For the setting `port`. */
    readonly name: string;
    close(): Promise<void>;
}

/** A pseudo-terminal; `link` is a symbolic link that leads to it. */
export async function openPtyLine(plug: Plug, link: string | undefined): Promise<DeviceLine> {
    const pty = await openPty();
    if (link !== undefined) {
        rmSync(link, { force: true });
        symlinkSync(pty.path, link);
    }
    await plug(pty.port);
    return {
        name: link ?? pty.path,
        async close() {
            await pty.port.close();
            if (link !== undefined) rmSync(link, { force: true });
        },
    };
}

/** A TCP port on this machine, one host at a time, as RNode firmware on a network has it. */
export async function openTcpLine(plug: Plug, tcpPort: number): Promise<DeviceLine> {
    let current: BytePort | undefined;
    const server = createServer((socket) => {
        void current?.close();
        current = acceptedPort(socket);
        void plug(current);
    });
    await listen(server, tcpPort);
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : tcpPort;
    return {
        name: `tcp://127.0.0.1:${port}`,
        async close() {
            await current?.close();
            await new Promise<void>((resolve) => server.close(() => resolve()));
        },
    };
}

export function listen(server: Server, at: number | string): Promise<void> {
    return new Promise((resolve, reject) => {
        server.once("error", reject);
        const done = (): void => {
            server.off("error", reject);
            resolve();
        };
        if (typeof at === "string") server.listen(at, done);
        else server.listen(at, "127.0.0.1", done);
    });
}
