import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { BytePort } from "../../hw/port/byte-port.ts";
import { acceptedPort, TCP_BACKLOG_BYTES_MAX, tcpPort } from "../../hw/port/tcp-port.ts";

const HOST = "127.0.0.1";
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);

const servers: Server[] = [];
const ports: BytePort[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
    for (const port of ports.splice(0)) await port.close();
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** A server and the sockets that it accepted. */
async function listening(onSocket: (socket: Socket) => void = () => undefined) {
    const server = createServer((socket) => {
        socket.on("error", () => undefined);
        sockets.push(socket);
        onSocket(socket);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
    const address = server.address();
    return { host: HOST, port: typeof address === "object" && address ? address.port : 0 };
}

async function listen(port: BytePort) {
    ports.push(port);
    const ear = { bytes: [] as number[], closes: [] as (Error | undefined)[] };
    await port.open({ onBytes: (chunk) => ear.bytes.push(...chunk), onClose: (cause) => ear.closes.push(cause) });
    return ear;
}

async function pair() {
    const accepted = Promise.withResolvers<BytePort>();
    const address = await listening((socket) => accepted.resolve(acceptedPort(socket)));
    const a = tcpPort(address)();
    const hearsA = await listen(a);
    const b = await accepted.promise;
    return { a, b, hearsA, hearsB: await listen(b) };
}

describe("a TCP port", () => {
    it("carries every byte both ways, in order", async () => {
        const { a, b, hearsA, hearsB } = await pair();
        await Promise.all([a.write(EVERY_BYTE), a.write(Uint8Array.of(1, 2)), b.write(EVERY_BYTE)]);
        await vi.waitFor(() => expect([hearsA.bytes.length, hearsB.bytes.length]).toEqual([256, 258]));
        expect(hearsB.bytes).toEqual([...EVERY_BYTE, 1, 2]);
    });

    it("is closed by the other end, which is told once and may not write any more", async () => {
        const { a, b, hearsB } = await pair();
        await a.close();
        await vi.waitFor(() => expect(hearsB.closes).toHaveLength(1));
        expect(hearsB.closes[0]?.message).toMatch(/hung up/);
        await expect(b.write(EVERY_BYTE)).rejects.toThrow(b.label);
    });

    it("is closed by its owner without a cause, as often as he likes", async () => {
        const { a, hearsA } = await pair();
        await a.close();
        await a.close();
        await vi.waitFor(() => expect(hearsA.closes).toEqual([undefined]));
        await expect(listen(a)).rejects.toThrow(/used/);
    });

    it("says when nobody listens there", async () => {
        const address = await listening();
        const [server] = servers.splice(0);
        await new Promise((resolve) => server?.close(resolve));
        await expect(listen(tcpPort(address)())).rejects.toThrow(/refuses: does the program or node there listen/);
    });

    it("says when a name leads nowhere", async () => {
        await expect(listen(tcpPort({ host: "nowhere.invalid", port: 1 })())).rejects.toThrow(/nowhere.invalid:1 /);
    });

    it("can be closed while it is being opened", async () => {
        const port = tcpPort(await listening())();
        const opening = listen(port);
        await port.close();
        await expect(opening).rejects.toThrow(/closed before it was open/);
    });

    it("gives a peer up that takes nothing", async () => {
        const address = await listening((socket) => socket.pause());
        const port = tcpPort(address)();
        const hears = await listen(port);
        const chunk = new Uint8Array(TCP_BACKLOG_BYTES_MAX / 2);
        for (let round = 0; round < 100 && hears.closes.length === 0; round++) {
            void port.write(chunk).catch(() => undefined);
            await new Promise((resolve) => setImmediate(resolve));
        }
        expect(hears.closes[0]?.message).toMatch(/takes nothing any more/);
    });
});
