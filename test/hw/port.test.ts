import { chmod, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { BytePort } from "../../hw/port/byte-port.ts";
import { memoryPortPair } from "../../hw/port/memory-port.ts";
import { openPty, PTY_BACKLOG_BYTES_MAX } from "../../hw/port/pty.ts";
import { serialPort } from "../../hw/port/serial-port.ts";

const BAUD = 115_200;
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);

interface Ear {
    readonly bytes: number[];
    readonly closes: (Error | undefined)[];
}

const opened: BytePort[] = [];
afterEach(async () => {
    for (const port of opened.splice(0)) await port.close();
});

async function listen(port: BytePort): Promise<Ear> {
    const ear: Ear = { bytes: [], closes: [] };
    await port.open({ onBytes: (chunk) => ear.bytes.push(...chunk), onClose: (cause) => ear.closes.push(cause) });
    opened.push(port);
    return ear;
}

async function pty(): Promise<{ readonly path: string; readonly port: BytePort }> {
    const terminal = await openPty();
    opened.push(terminal.port);
    return terminal;
}

async function folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), "hearth-port-"));
    onTestFinished(() => rm(path, { recursive: true, force: true }));
    return path;
}

async function ptyAndSerial(): Promise<{ readonly a: BytePort; readonly b: BytePort }> {
    const { path, port } = await pty();
    return { a: port, b: serialPort({ path, baudRate: BAUD })() };
}

describe.each([
    ["memory", async () => memoryPortPair()],
    ["pseudo-terminal and serial port", ptyAndSerial],
])("%s", (_name, pair) => {
    it("carries every byte both ways, in order", async () => {
        const { a, b } = await pair();
        const [hearsA, hearsB] = [await listen(a), await listen(b)];
        await Promise.all([b.write(EVERY_BYTE), b.write(Uint8Array.of(1, 2)), a.write(EVERY_BYTE)]);
        await vi.waitFor(() => expect([hearsA.bytes.length, hearsB.bytes.length]).toEqual([258, 256]));
        expect(hearsA.bytes).toEqual([...EVERY_BYTE, 1, 2]);
        expect(hearsB.bytes).toEqual([...EVERY_BYTE]);
    });

    it("does not care what becomes of the bytes after write", async () => {
        const { a, b } = await pair();
        const hearsB = await listen(b);
        await listen(a);
        const bytes = Uint8Array.of(1, 2, 3);
        const written = a.write(bytes);
        bytes.fill(9);
        await written;
        await vi.waitFor(() => expect(hearsB.bytes).toEqual([1, 2, 3]));
    });

    it("is closed by the other end, which is told once and may not write any more", async () => {
        const { a, b } = await pair();
        await listen(a);
        const hearsB = await listen(b);
        await a.close();
        await vi.waitFor(() => expect(hearsB.closes).toHaveLength(1));
        expect(hearsB.closes[0]).toBeInstanceOf(Error);
        await expect(b.write(EVERY_BYTE)).rejects.toThrow(b.label);
        await b.close();
        expect(hearsB.closes).toHaveLength(1);
    });

    it("is closed by its owner without a cause, as often as he likes", async () => {
        const { a, b } = await pair();
        await listen(a);
        const hearsB = await listen(b);
        await b.close();
        await b.close();
        await vi.waitFor(() => expect(hearsB.closes).toEqual([undefined]));
    });

    it("is good for one use", async () => {
        const { a, b } = await pair();
        await listen(a);
        await listen(b);
        await b.close();
        await expect(listen(b)).rejects.toThrow(/used/);
        await expect(listen(a)).rejects.toThrow(/used/);
    });
});

describe("a pseudo-terminal", () => {
    it("keeps its master alive when the one who had it open leaves, and serves the next", async () => {
        const { path, port } = await pty();
        const master = await listen(port);
        const first = serialPort({ path, baudRate: BAUD })();
        await listen(first);
        await first.close();
        const second = serialPort({ path, baudRate: BAUD })();
        const hears = await listen(second);
        await second.write(Uint8Array.of(5));
        await port.write(Uint8Array.of(6));
        await vi.waitFor(() => expect([master.bytes, hears.bytes, master.closes]).toEqual([[5], [6], []]));
    });

    it("gets more than the kernel holds to a reader in the same thread", async () => {
        const { path, port } = await pty();
        await listen(port);
        const hears = await listen(serialPort({ path, baudRate: BAUD })());
        await port.write(new Uint8Array(PTY_BACKLOG_BYTES_MAX));
        await vi.waitFor(() => expect(hears.bytes).toHaveLength(PTY_BACKLOG_BYTES_MAX), 4_000);
    });

    it("holds no more than its backlog for a reader that never comes", async () => {
        const { path, port } = await pty();
        await listen(port);
        void port.write(new Uint8Array(PTY_BACKLOG_BYTES_MAX)).catch(() => undefined);
        await port.write(new Uint8Array(PTY_BACKLOG_BYTES_MAX));
        const hears = await listen(serialPort({ path, baudRate: BAUD })());
        await vi.waitFor(() => expect(hears.bytes.length).toBeGreaterThan(PTY_BACKLOG_BYTES_MAX / 2), 4_000);
        expect(hears.bytes.length).toBeLessThanOrEqual(PTY_BACKLOG_BYTES_MAX);
    });
});

describe("a serial port", () => {
    it("says when a device is missing", async () => {
        const path = join(await folder(), "ttyNone");
        await expect(listen(serialPort({ path, baudRate: BAUD })())).rejects.toThrow(/not there.*plugged in/);
    });

    it("says when a device is in use", async () => {
        const { path } = await pty();
        await listen(serialPort({ path, baudRate: BAUD })());
        await expect(listen(serialPort({ path, baudRate: BAUD })())).rejects.toThrow(/in use by another program/);
    });

    it("says when a path is no serial port", async () => {
        const path = join(await folder(), "plain");
        await writeFile(path, "");
        await expect(listen(serialPort({ path, baudRate: BAUD })())).rejects.toThrow(path);
    });

    it.skipIf(process.getuid?.() === 0)("names the group to join (root may open everything)", async () => {
        const path = join(await folder(), "locked");
        await writeFile(path, "");
        await chmod(path, 0);
        await expect(listen(serialPort({ path, baudRate: BAUD })())).rejects.toThrow(/"dialout"/);
    });

    it("sees an unplug that the kernel does not report", async () => {
        const { path } = await pty();
        const link = join(await folder(), "by-id");
        await symlink(path, link);
        const hears = await listen(serialPort({ path: link, baudRate: BAUD })());
        await rm(link);
        await vi.waitFor(() => expect(hears.closes).toHaveLength(1), 4_000);
        expect(hears.closes[0]?.message).toMatch(/unplugged/);
    });

    it("can be closed while it is being opened", async () => {
        const { path } = await pty();
        const port = serialPort({ path, baudRate: BAUD })();
        const opening = listen(port);
        await port.close();
        await expect(opening).rejects.toThrow(/closed before it was open/);
        await listen(serialPort({ path, baudRate: BAUD })());
    });
});
